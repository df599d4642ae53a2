/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/linear/base.c - the loops for whatever the compiler was told to assume. */
#define TABLE thwk_linear_base
#define NAME "base"
#include "kernels/linear/table.inc"
