/* SPDX-License-Identifier: BSD-3-Clause */
/* Components that each break one promise, named by their id; "sound-..." keep all of them. What
 * `thalweg verify` must say of each is in expected.txt. */
#ifndef BROKEN_H
#define BROKEN_H

#include <string.h>

#include <thalweg/thalweg.h>

extern const thw_component *const broken_sources[],
    *const broken_models[], *const broken_oracles[], *const broken_optimizers[],
                                                         *const broken_online[];

/* Whether the component is the one that breaks `what`. */
static inline int breaks(const thw_component *me, const char *what) {
  return strcmp(me->id, what) == 0;
}

#endif
