/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/tsplib.h - symmetric travelling-salesman instances in the format of TSPLIB
 * (G. Reinelt, 1991): EUC_2D, CEIL_2D, MAN_2D, MAX_2D, GEO, ATT, and EXPLICIT in all its matrix
 * formats. Distances are the whole numbers that TSPLIB says, not their unrounded originals. */
#ifndef THALWEG_KERNELS_ONLINE_TSPLIB_H
#define THALWEG_KERNELS_ONLINE_TSPLIB_H

#include "kernels/online/env.h"

typedef struct on_tsplib {
  on_env e;
  int64_t n;
  double *distance;  /* n x n */
  const char **city; /* n names */
  char *text;
} on_tsplib;

thw_status on_tsplib_read(on_tsplib *t, on_env e, const char *path);
/* n cities named 1, 2, ... at no distance. */
thw_status on_tsplib_plain(on_tsplib *t, on_env e, int64_t n);
void on_tsplib_free(on_tsplib *t);

#endif
