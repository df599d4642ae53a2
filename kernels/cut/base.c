/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/cut/base.c - the loops for whatever the compiler was told to assume. */
#define TABLE cut_loops_base
#define NAME "base"
#include "kernels/cut/loops.inc"
