/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/online/ellipsoid.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

thw_status on_ellipsoid_ball(on_ellipsoid *s, on_env e, int64_t n, const double *centre,
                             double radius) {
  if (!s->centre) {
    *s = (on_ellipsoid){.n = n, .e = e};
    THW_TRY(ON_NEW(e, s->centre, n));
    THW_TRY(ON_NEW(e, s->shape, n * n));
    THW_TRY(ON_NEW(e, s->half, n));
  }
  if (centre) memcpy(s->centre, centre, (size_t)n * sizeof *s->centre);
  memset(s->shape, 0, (size_t)(n * n) * sizeof *s->shape);
  for (int64_t i = 0; i < n; i++) s->shape[i * n + i] = radius * radius;
  double d = (double)n;
  s->log_volume = d * log(radius) + 0.5 * d * log(3.14159265358979323846) - lgamma(0.5 * d + 1);
  return THW_OK;
}

void on_ellipsoid_free(on_ellipsoid *s) {
  if (!s->e.host) return;
  on_free(s->e, s->centre);
  on_free(s->e, s->shape);
  on_free(s->e, s->half);
  *s = (on_ellipsoid){0};
}

int on_ellipsoid_cut(on_ellipsoid *s, const double *g, double sign, double level) {
  int64_t n = s->n;
  double d = (double)n, *b = s->half;
  cblas_dsymv(CblasRowMajor, CblasLower, (int)n, -sign, s->shape, (int)n, g, 1, 0, b, 1);
  double width = sqrt(fmax(-sign * cblas_ddot((int)n, g, 1, b, 1), 0));
  double depth = sign * (level - cblas_ddot((int)n, g, 1, s->centre, 1));
  if (!(width > 0) || !isfinite(width) || depth >= width) return 0;
  double a = depth / width;
  if (a <= -1 / d) return 1; /* nothing is cut off */
  double to = (1 + d * a) / (d + 1), sigma = 2 * to / (1 + a);
  double grow = n > 1 ? d * d * (1 - a * a) / (d * d - 1) : (1 - a) * (1 - a) / 4;
  cblas_daxpy((int)n, -to / width, b, 1, s->centre, 1);
  if (n > 1)
    cblas_dsyr(CblasRowMajor, CblasLower, (int)n, -sigma / (width * width), b, 1, s->shape, (int)n);
  cblas_dscal((int)(n * n), grow, s->shape, 1);
  s->log_volume += 0.5 * (d * log(grow) + (n > 1 ? log(1 - sigma) : 0));
  return 1;
}
