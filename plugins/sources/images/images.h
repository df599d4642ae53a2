/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/sources/images/images.h - what the files of this plugin share. */
#ifndef THW_IMAGES_H
#define THW_IMAGES_H

#include <thalweg/rng.h>

#include "kernels/data/table.h"

typedef struct im_wrap im_wrap;

/* A source of images around another: every row that it changes is made anew from the other's. */
struct im_wrap {
  td_env env;
  thw_object inner;
  thw_source_info info; /* of set 0 */
  uint32_t dtype;
  int64_t planes, h, w;
  int always; /* rows are changed without a pass too (as pass 0) */
  td_pool pool;
  /* Row `row` of the set in pass `pass`, from `from` into `to`. */
  void (*change)(const im_wrap *s, uint32_t set, int64_t pass, int64_t row, int32_t label,
                 const void *from, void *to);
};

/* From the slot `source`; w is the beginning of the wrapper's own struct. */
thw_status im_wrap_open(im_wrap *w, td_env env, const thw_wired *slots, const char *who);
extern const thw_source_ops im_wrap_ops;
extern const thw_pass_source im_wrap_passes;
extern const thw_slot im_wrap_slots[1];
void im_wrap_close(void *self);
const void *im_wrap_ext(void *self, const char *id);

/* A stream of random numbers for row `row` of pass `pass`. */
static inline thw_rng im_row_rng(const thw_rng *base, uint32_t set, int64_t pass, int64_t row) {
  thw_rng r = *base;
  r.stream ^= ((uint64_t)pass << 2 | set) * UINT64_C(0x9E3779B97F4A7C15);
  r.block = (uint64_t)row << 24;
  r.left = 0;
  return r;
}

extern const thw_component im_cifar, im_augment, im_patch;

#endif
