/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/problems/problems.h - objectives whose curvature is known, for searches and verdicts.
 *
 * Each is a model (thw_model_ops and a self) that makes its rows from their numbers, and a small
 * finite-sum oracle around any of them. Both element types; arithmetic in double, gradients rounded
 * to the element type. */
#ifndef TP_PROBLEMS_H
#define TP_PROBLEMS_H

#include <thalweg/oracle.h>

/* ---- spectra --------------------------------------------------------------------------------- */

/* a = R diag(lam) R', R Haar. `r` may be NULL: a = diag(lam). */
void tp_symmetric(int64_t d, const double *lam, thw_rng *r, double *a);
/* The spectra of the acceptance tests: (-delta, 1, then uniform in [-0.4 delta, 1]); with
 * `negative` 0 the first is -0.5 delta. d >= 2. */
void tp_planted(int64_t d, double delta, int negative, thw_rng *r, double *lam);

/* ---- models ---------------------------------------------------------------------------------- */

typedef struct tp_model {
  const thw_model_ops *ops;
  void *self;
  int64_t n, d; /* rows (1: no sum), parameters */
  void (*release)(void *self);
} tp_model;
static inline void tp_model_free(tp_model *m) {
  m->release(m->self);
}

/* f_i = x'Ax/2 + tauH x'diag(s_i)x/2 + taub c_i'x + sum x_j^4/4, row i + n/2 with -s_i, -c_i, so
 * that f = x'Ax/2 + sum x_j^4/4 exactly. s_i signs, c_i ~ N(0, I/d). V_H = tauH^2, V(0) = taub^2.
 * Starts at 0. `a` (d x d) is copied. */
tp_model tp_quartic(int64_t n, int64_t d, const double *a, double tauH, double taub, thw_rng *r);
/* Another A under the same rows, whose making takes longest. */
void tp_quartic_matrix(tp_model *m, const double *a);

/* f = z'Az/2 + L2 sum z_j^3/6 + g'z, z = x - s. Starts at s, which is rounded to float. */
tp_model tp_cubic(int64_t d, const double *a, double L2, const double *g, const double *s);

/* f(U) = |UU' - M|_F^2/4, U in R^{m x k} row-major, M = R diag(lam) R' of order m (R Haar, or the
 * identity without `r`). Starts with a first column of 0.05 N(0, I) and zeros. */
tp_model tp_factor(int64_t m, int64_t k, const double *lam, thw_rng *r);

/* f_i(U) = (|U'a_i|^2 - y_i)^2/4, U of k columns of length d stored one after another, a_i ~ N(0,
 * I), y_i = sum_c weight[c] (u_c.a_i)^2 for orthonormal u_c, c < rank. Starts with a first column
 * of start N(0, I) and zeros. */
tp_model tp_sensing(int64_t n, int64_t d, int64_t k, int64_t rank, const double *weight,
                    double start, thw_rng *r);

/* ---- oracle ---------------------------------------------------------------------------------- */

typedef struct tp_oracle tp_oracle;
/* Finite sum over the model's rows; with `stream` it says that there is no end of rows (they come
 * around again) and refuses the whole sum. */
tp_oracle *tp_oracle_new(const tp_model *m, uint32_t dtype, int stream);
void tp_oracle_free(tp_oracle *o);
const thw_object *tp_oracle_object(const tp_oracle *o);
thw_space *tp_oracle_space(const tp_oracle *o);
/* Facts it tells, presets NAN; the caller may write them. */
thw_facts *tp_oracle_facts(tp_oracle *o);
/* Component gradients asked for so far. */
int64_t tp_oracle_cost(const tp_oracle *o);

#endif
