/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/problems/problems.h - objectives whose saddles, minima and curvature are known.
 *
 * Two families. An objective is one function of d numbers (quartic, cubic, factor, tensor,
 * staircase); planted noise turns it into a finite sum or a stream with a known variance of
 * gradients and Hessians. A ridge sum is a mean of functions of a few projections of random rows
 * (matrix sensing, phase retrieval, two-layer networks).
 *
 * All arithmetic is in double; a point or result in float is converted at the border. Nothing here
 * allocates: the caller gives room for so many doubles, aligned to 64 bytes. Working space is part
 * of the struct, so one instance serves one call at a time. */
#ifndef KERNELS_PROBLEMS_H
#define KERNELS_PROBLEMS_H

#include <thalweg/component.h>
#include <thalweg/source.h>

#include "kernels/linear/linear.h"

/* ---- numbers ----------------------------------------------------------------------------------
 */

static inline void thwp_read(const thw_view *v, double *to) {
  if (v->dtype == THW_F32)
    for (int64_t i = 0; i < v->n; i++) to[i] = (double)((const float *)v->data)[i];
  else
    for (int64_t i = 0; i < v->n; i++) to[i] = ((const double *)v->data)[i];
}

static inline void thwp_write(const double *from, thw_view *v) {
  if (v->dtype == THW_F32)
    for (int64_t i = 0; i < v->n; i++) ((float *)v->data)[i] = (float)from[i];
  else
    for (int64_t i = 0; i < v->n; i++) ((double *)v->data)[i] = from[i];
}

/* Room of n doubles that ends where the next may start. */
static inline int64_t thwp_padded(int64_t n) {
  return (n + 7) / 8 * 8;
}

/* Takes n doubles from *room. */
static inline double *thwp_take(double **room, int64_t n) {
  double *p = *room;
  *room += thwp_padded(n);
  return p;
}

double thwp_dot(int64_t n, const double *x, const double *y);

/* Where loops run: through the host, or, without one, in the caller. */
typedef struct thwp_pool {
  const thw_host *host;
  thw_ctx *ctx;
} thwp_pool;
void thwp_parallel(const thwp_pool *p, int64_t n, double work, void (*body)(void *, int64_t),
                   void *arg);

/* A matrix of doubles, row-major, the caller's. */
typedef struct thwp_matrix {
  const thwk_linear *kern;
  thw_rows rows;
} thwp_matrix;
thwp_matrix thwp_matrix_of(const double *a, int64_t rows, int64_t columns);
/* y = A x for rows lo .. hi-1; y = A'x. */
void thwp_multiply(const thwp_matrix *a, int64_t lo, int64_t hi, const double *x, double *y);
void thwp_multiply_transposed(const thwp_matrix *a, const double *x, double *y);

/* ---- spectra ----------------------------------------------------------------------------------
 */

/* Haar-distributed orthogonal matrix: the first `rows` rows of length d, row-major, by
 * Gram-Schmidt, twice, on Gaussian ones. */
void thwp_haar(int64_t rows, int64_t d, thw_rng *r, double *q);
/* a = R diag(lam) R', R Haar; only the first `rank` of lam differ from zero. `room`: rank x d. `r`
 * may be NULL: a = diag(lam). */
void thwp_symmetric(int64_t d, int64_t rank, const double *lam, thw_rng *r, double *a,
                    double *room);

/* ---- objectives -------------------------------------------------------------------------------
 */

typedef struct thwp_objective thwp_objective;
struct thwp_objective {
  int64_t d;
  double work; /* floating-point operations of one gradient, roughly */
  /* Value into *f, gradient into g; either may be NULL. */
  void (*eval)(const thwp_objective *o, const double *x, double *f, double *g);
  /* Hessian times v. */
  void (*hvp)(const thwp_objective *o, const double *x, const double *v, double *hv);
  /* gradient(x) - gradient(y), with as little cancellation as can be; or NULL. */
  void (*diff)(const thwp_objective *o, const double *x, const double *y, double *out);
};

/* f = x'Ax/2 + sum x_j^4/4. `a`: d x d, symmetric, the caller's; or, with `diagonal`, d numbers. */
typedef struct thwp_quartic {
  thwp_objective o;
  thwp_pool pool;
  thwp_matrix a;
  const double *diagonal; /* or NULL */
  double *t;              /* room */
} thwp_quartic;
int64_t thwp_quartic_room(int64_t d);
void thwp_quartic_init(thwp_quartic *q, thwp_pool pool, int64_t d, const double *a, int diagonal,
                       double *room);

/* `other`, which is the caller's and has a diff, and slope (sqrt(1 + t^2) - 1) in one more
 * coordinate, the last: see valley.c. */
typedef struct thwp_valley {
  thwp_objective o;
  const thwp_objective *other;
  double slope;
} thwp_valley;
void thwp_valley_init(thwp_valley *v, const thwp_objective *other, double slope);

/* f = z'Az/2 + L2 sum z_j^3/6 + g'z, z = x - s. a, g, s are the caller's. */
typedef struct thwp_cubic {
  thwp_objective o;
  double L2;
  thwp_matrix a;
  const double *g, *s;
  double *z, *az; /* room */
} thwp_cubic;
int64_t thwp_cubic_room(int64_t d);
void thwp_cubic_init(thwp_cubic *c, int64_t d, const double *a, double L2, const double *g,
                     const double *s, double *room);

/* f(U) = |UU' - M|_F^2/4, U in R^{m x k} row-major. `target`: m x m, the caller's. */
typedef struct thwp_factor {
  thwp_objective o;
  int64_t m, k;
  const double *target;
  double *rr, *dd, *ut; /* room */
} thwp_factor;
int64_t thwp_factor_room(int64_t m, int64_t k);
void thwp_factor_init(thwp_factor *p, int64_t m, int64_t k, const double *target, double *room);

/* f(u) = -sum_i (a_i.u)^4/4 + |u|^4/2 - |u|^2/2, the a_i an orthonormal basis. */
typedef struct thwp_tensor {
  thwp_objective o;
  thwp_matrix basis; /* row i is a_i */
  double *v, *w;     /* room */
} thwp_tensor;
int64_t thwp_tensor_room(int64_t d);
void thwp_tensor_init(thwp_tensor *t, int64_t d, const double *basis, double *room);

/* f(x) = hold |x|^2/2 - sum_{i <= stairs} D(x_i) prod_{j < i} s(x_j): see staircase.c. */
typedef struct thwp_staircase {
  thwp_objective o;
  int64_t stairs;
  double hold, gamma, c2; /* c2: square of where D becomes flat */
  double *t;              /* room */
} thwp_staircase;
int64_t thwp_staircase_room(int64_t stairs);
void thwp_staircase_init(thwp_staircase *s, int64_t d, int64_t stairs, double hold, double gamma,
                         double *room);
/* f falls by this much with each stair. */
double thwp_staircase_drop(const thwp_staircase *s);
/* Bounds that hold everywhere. */
void thwp_staircase_bounds(const thwp_staircase *s, double *L, double *L2);

/* ---- planted noise ----------------------------------------------------------------------------
 */

/* f_i = F + tauH x'diag(s_i)x/2 + taub c_i.x, s_i signs, c_i ~ N(0, I/d). In a finite sum of n
 * rows, row i + n/2 has -s_i, -c_i and a last row without partner has neither, so that the mean is
 * F. Rows of a stream are independent. A row is a function of its number; up to `stored` pairs are
 * kept. */
typedef struct thwp_planted {
  const thwp_objective *objective;
  thwp_pool pool;
  int64_t n, d;  /* n = -1: a stream */
  int64_t quiet; /* the last coordinates, which have no noise; 0 after init */
  double tauH, taub;
  thw_rng rows;
  signed char *sign; /* n/2 x d, or NULL: made when needed */
  float *lin;
  double *x, *y, *out;           /* room: a point, another, a result */
  double *smean, *cmean, *parts; /* means over a batch, and of each of its blocks */
} thwp_planted;

/* Most blocks of rows that are summed apart, for sums of so many numbers. */
static inline int64_t thwp_blocks(int64_t numbers) {
  int64_t most = (INT64_C(1) << 20) / numbers;
  return most > 64 ? 64 : most < 1 ? 1 : most;
}

/* Rows that are worth storing; 0: none. */
int64_t thwp_planted_stored(int64_t n, int64_t d, double tauH, double taub);
int64_t thwp_planted_room(int64_t n, int64_t d, double tauH, double taub);
/* `rows` is the random stream of the rows. */
void thwp_planted_init(thwp_planted *p, thwp_pool pool, const thwp_objective *o, int64_t n,
                       double tauH, double taub, const thw_rng *rows, double *room);
/* b == NULL: the whole sum. f or g may be NULL. */
void thwp_planted_eval(thwp_planted *p, const thw_view *x, const thw_batch *b, double *f,
                       thw_view *g);
void thwp_planted_diff(thwp_planted *p, const thw_view *x, const thw_view *y, const thw_batch *b,
                       thw_view *out);
void thwp_planted_hvp(thwp_planted *p, const thw_view *x, const thw_view *v, const thw_batch *b,
                      thw_view *hv);

/* ---- ridge sums -------------------------------------------------------------------------------
 */

/* f_i(w_1 .. w_k) = psi(w_1.a_i, ..., w_k.a_i; y_i), a_i ~ N(0, I). A point is w_1, then w_2, ...
 */
typedef enum thwp_link {
  THWP_SENSING, /* (sum_c z_c^2 - y)^2 / 4           */
  THWP_TANH,    /* (sum_c tanh z_c - y)^2 / 2        */
  THWP_SOFTPLUS /* (sum_c log(1 + e^{z_c}) - y)^2 / 2 */
} thwp_link;

typedef struct thwp_ridge {
  thwp_pool pool;
  const thwk_linear *kern;
  thwp_link link;
  int64_t n, d, k;       /* n = -1: a stream */
  int64_t teachers;      /* y_i = sum over these of the link's function of t_c.a_i */
  const double *teacher; /* teachers x d, the caller's */
  thw_rng rows;
  thw_rows stored; /* n x d doubles and targets; or no rows: made when needed */
  double *x, *y, *out, *tiles, *parts;
  int64_t tile_room;
} thwp_ridge;

int64_t thwp_ridge_room(int64_t n, int64_t d, int64_t k);
void thwp_ridge_init(thwp_ridge *p, thwp_pool pool, thwp_link link, int64_t n, int64_t d, int64_t k,
                     int64_t teachers, const double *teacher, const thw_rng *rows, double *room);
void thwp_ridge_eval(thwp_ridge *p, const thw_view *x, const thw_batch *b, double *f, thw_view *g);
void thwp_ridge_diff(thwp_ridge *p, const thw_view *x, const thw_view *y, const thw_batch *b,
                     thw_view *out);
void thwp_ridge_hvp(thwp_ridge *p, const thw_view *x, const thw_view *v, const thw_batch *b,
                    thw_view *hv);
/* Means over all rows of |a|^2, |a|^3, |a|^4 and y|a|^2, y^2; zeros for a stream. */
void thwp_ridge_moments(const thwp_ridge *p, double m[5]);

#endif
