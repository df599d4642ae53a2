/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/sources/images/augment.c - crops of the padded image, and its mirror image. */
#include <config.h>

#include "plugins/sources/images/images.h"

enum { ZERO, REFLECT };
static const char *const paddings[] = {"zero", "reflect", NULL};

typedef struct augment_params {
  int64_t pad;
  int32_t padding, flip;
} augment_params;

typedef struct augment {
  im_wrap base; /* first */
  const augment_params *p;
  thw_rng rng;
} augment;

/* The position that i stands for, reflected at the border; -1: outside. */
static int64_t inside(int64_t i, int64_t n, int32_t padding) {
  if (i >= 0 && i < n) return i;
  if (padding == ZERO) return -1;
  return i < 0 ? -i : 2 * n - 2 - i;
}

static void change(const im_wrap *s, uint32_t set, int64_t pass, int64_t row, int32_t label,
                   const void *from, void *to) {
  const augment *a = (const augment *)s;
  thw_rng r = im_row_rng(&a->rng, set, pass, row);
  int64_t pad = a->p->pad;
  int64_t up = thw_rng_index(&r, 2 * pad + 1) - pad, left = thw_rng_index(&r, 2 * pad + 1) - pad;
  int mirror = a->p->flip && thw_rng_index(&r, 2);
  (void)label;
  for (int64_t c = 0; c < s->planes; c++)
    for (int64_t i = 0; i < s->h; i++)
      for (int64_t j = 0; j < s->w; j++) {
        int64_t y = inside(i + up, s->h, a->p->padding);
        int64_t x = inside((mirror ? s->w - 1 - j : j) + left, s->w, a->p->padding);
        double v = x < 0 || y < 0 ? 0.0 : td_get(from, s->dtype, (c * s->h + y) * s->w + x);
        td_put(to, s->dtype, (c * s->h + i) * s->w + j, v);
      }
}

static const thw_param params[] = {
    THW_PARAM_INT(augment_params, pad, 4, 0, 64, "pixels",
                  "The image is padded by so much on each side and cropped to its size again, at a "
                  "place drawn anew in each pass."),
    THW_PARAM_ENUM(augment_params, padding, ZERO, paddings, "What the padding shows."),
    THW_PARAM_BOOL(augment_params, flip, 1, "Mirrors left and right with probability 1/2."),
};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  augment *a = h->alloc(c, sizeof *a);
  if (!a) return h->fail(c, THW_E_NOMEM, "out of memory for a source");
  a->p = p;
  a->base.change = change;
  THW_TRY(im_wrap_open(&a->base, (td_env){h, c}, slots, "augment"));
  if (a->p->padding == REFLECT && (a->p->pad >= a->base.h || a->p->pad >= a->base.w))
    return h->fail(c, THW_E_ARG, "pad is as large as the image: there is nothing to reflect");
  THW_TRY(h->rng(c, "augment", &a->rng));
  *self = a;
  return THW_OK;
}

static const char *const offers[] = {THW_EXT_PASS_SOURCE, NULL};

const thw_component im_augment = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "augment",
    .version = PACKAGE_VERSION,
    .summary = "random crops and mirror images of another source's images",
    .doc = "source: { type = \"augment\"; source: { type = \"cifar\"; ... }; }. Changes the rows "
           "that an oracle draws for training; tests, whole sums and monitors see the images as "
           "they are. Row i of pass e is a function of run.seed, e and i: neither the order of "
           "the batches nor the number of threads matters, and a resumed run sees the same.",
    .reference = "K. He, X. Zhang, S. Ren, J. Sun, CVPR 2016, section 4.2",
    THW_PARAMS(params, augment_params),
    THW_SLOTS(im_wrap_slots),
    .offers = offers,
    .ops = &im_wrap_ops,
    .create = create,
    .destroy = im_wrap_close,
    .ext = im_wrap_ext,
};
