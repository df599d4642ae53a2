/* SPDX-License-Identifier: BSD-3-Clause */
/* f(U) = |UU' - M|_F^2/4. The residual is formed, so that f and the gradient keep their digits near
 * a minimum, where they are small. */
#include <string.h>

#include "kernels/problems/problems.h"

/* Columns of U as rows of ut, which makes the inner loops long. */
static void transpose(int64_t m, int64_t k, const double *u, double *ut) {
  for (int64_t c = 0; c < k; c++)
    for (int64_t i = 0; i < m; i++) ut[c * m + i] = u[i * k + c];
}

/* rr = UU' - M */
static void residual(const thwp_factor *p, const double *u) {
  int64_t m = p->m, k = p->k;
  transpose(m, k, u, p->ut);
  for (int64_t i = 0; i < m; i++) {
    double *row = p->rr + i * m;
    const double *target = p->target + i * m;
    for (int64_t j = 0; j < m; j++) row[j] = -target[j];
    for (int64_t c = 0; c < k; c++) {
      double w = u[i * k + c];
      const double *col = p->ut + c * m;
      for (int64_t j = 0; j < m; j++) row[j] += w * col[j];
    }
  }
}

/* out = S U or out += S U, S = rr or dd symmetric of order m, U given as ut. */
static void times(const thwp_factor *p, const double *s, const double *ut, int add, double *out) {
  for (int64_t i = 0; i < p->m; i++)
    for (int64_t c = 0; c < p->k; c++) {
      double v = thwp_dot(p->m, s + i * p->m, ut + c * p->m);
      out[i * p->k + c] = add ? out[i * p->k + c] + v : v;
    }
}

static void eval(const thwp_objective *o, const double *x, double *f, double *g) {
  const thwp_factor *p = (const thwp_factor *)(const void *)o;
  residual(p, x);
  if (f) *f = thwp_dot(p->m * p->m, p->rr, p->rr) / 4;
  if (g) times(p, p->rr, p->ut, 0, g);
}

/* (DU' + UD')U + (UU' - M)D */
static void hvp(const thwp_objective *o, const double *x, const double *v, double *hv) {
  const thwp_factor *p = (const thwp_factor *)(const void *)o;
  int64_t m = p->m, k = p->k;
  residual(p, x);
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j <= i; j++) {
      double s = 0;
      for (int64_t c = 0; c < k; c++)
        s += v[i * k + c] * x[j * k + c] + x[i * k + c] * v[j * k + c];
      p->dd[i * m + j] = p->dd[j * m + i] = s;
    }
  times(p, p->dd, p->ut, 0, hv);
  transpose(m, k, v, p->ut);
  times(p, p->rr, p->ut, 1, hv);
}

int64_t thwp_factor_room(int64_t m, int64_t k) {
  return 2 * thwp_padded(m * m) + thwp_padded(m * k);
}

void thwp_factor_init(thwp_factor *p, int64_t m, int64_t k, const double *target, double *room) {
  double work = 4.0 * (double)(m * m) * (double)k;
  *p = (thwp_factor){.o = {m * k, work, eval, hvp, NULL}, .m = m, .k = k, .target = target};
  p->rr = thwp_take(&room, m * m);
  p->dd = thwp_take(&room, m * m);
  p->ut = thwp_take(&room, m * k);
}
