/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/linear/variant.h - one table of loops per instruction set. */
#ifndef THWK_VARIANT_H
#define THWK_VARIANT_H

#include "kernels/linear/linear.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define THWK_HAVE_AVX2 1
extern const thwk_linear thwk_linear_avx2;
#endif
extern const thwk_linear thwk_linear_base;

#endif
