/* SPDX-License-Identifier: BSD-3-Clause */
/* core/space.h - float32 and float64 vectors in this process's memory (thalweg/vec.h). */
#ifndef TW_SPACE_H
#define TW_SPACE_H

#include <thalweg/vec.h>

/* Elements in a block of a reduction. Part of what decides the bits: never change it. */
#define TW_BLOCK 4096

/* NULL when memory is out. */
thw_space *tw_space_new(uint32_t dtype, int64_t n);
/* All vectors must be gone. */
void tw_space_free(thw_space *s);

#endif
