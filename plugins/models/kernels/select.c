/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/kernels/select.c - ridge regression for each lambda and bandwidth of the grids, by
 * Cholesky's factorisation, and the choice among them. A lambda at which a matrix cannot be
 * factorised is left out and reported. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

extern void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
extern void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a,
                    const int *lda, double *b, const int *ldb, int *info);

typedef struct search {
  kr *m;
  double *work;         /* N x N */
  double *rhs;          /* N x k, by columns */
  double *alpha;        /* for each lambda N x k, as parameters */
  double *error;        /* of each lambda */
  int64_t *index;       /* rows of a fold's complement */
  const thw_batch *set; /* judged on these, or NULL */
} search;

/* alpha = (K_II + lambda t 1)^-1 Y_I for the rows I; 0 elsewhere. Not 0: not positive definite. */
static int solve(const search *s, int64_t n, const int64_t *index, double ridge, double *alpha) {
  const kr *m = s->m;
  int size = (int)n, k = (int)m->k, info = 0;
  for (int64_t i = 0; i < n; i++) {
    const double *row = m->gram + (index ? index[i] : i) * m->n;
    double *to = s->work + i * n;
    if (!index) memcpy(to, row, (size_t)n * sizeof *to);
    for (int64_t j = 0; index && j <= i; j++) to[j] = row[index[j]];
    to[i] += ridge;
    for (int64_t c = 0; c < m->k; c++) s->rhs[c * n + i] = m->y[(index ? index[i] : i) * m->k + c];
  }
  /* the rows of the lower triangle are the columns of the upper one */
  dpotrf_("U", &size, s->work, &size, &info);
  if (info != 0) return info;
  dpotrs_("U", &size, &k, s->work, &size, s->rhs, &size, &info);
  memset(alpha, 0, (size_t)(m->n * m->k) * sizeof *alpha);
  for (int64_t i = 0; i < n; i++)
    for (int64_t c = 0; c < m->k; c++) alpha[(index ? index[i] : i) * m->k + c] = s->rhs[c * n + i];
  return info;
}

/* Square of the error of row `row` of a kernel matrix, by alpha. */
static double miss(const kr *m, const double *row, const double *alpha, const double *y) {
  double sum = 0;
  for (int64_t c = 0; c < m->k; c++) {
    double p = 0;
    for (int64_t j = 0; j < m->n; j++) p += row[j] * alpha[j * m->k + c];
    sum += (p - y[c]) * (p - y[c]);
  }
  return sum;
}

/* Rows i = fold, fold + folds, ... are predicted from the others. */
static void cross(const search *s, double t) {
  const kr *m = s->m;
  int64_t folds = m->params->folds < m->n ? m->params->folds : m->n;
  for (size_t l = 0; l < m->params->lambda.n; l++) s->error[l] = 0;
  for (int64_t fold = 0; fold < folds && folds > 1; fold++) {
    int64_t n = 0;
    for (int64_t i = 0; i < m->n; i++)
      if (i % folds != fold) s->index[n++] = i;
    for (size_t l = 0; l < m->params->lambda.n; l++) {
      if (isnan(s->error[l])) continue;
      if (solve(s, n, s->index, m->params->lambda.v[l] * t, s->alpha) != 0) {
        s->error[l] = (double)NAN;
        continue;
      }
      for (int64_t i = fold; i < m->n; i += folds)
        s->error[l] += miss(m, m->gram + i * m->n, s->alpha, m->y + i * m->k) / (double)m->n;
    }
  }
}

/* All rows of another set are predicted from the training rows. */
static void judge(const search *s, double t, double h) {
  kr *m = s->m;
  int64_t per = m->n * m->k;
  for (size_t l = 0; l < m->params->lambda.n; l++)
    s->error[l] = solve(s, m->n, NULL, m->params->lambda.v[l] * t, s->alpha + (int64_t)l * per) == 0
                      ? 0.0
                      : (double)NAN;
  for (int64_t lo = 0, n; lo < s->set->n; lo += n) {
    n = s->set->n - lo < KR_CHUNK ? s->set->n - lo : KR_CHUNK;
    for (int64_t i = 0; i < n; i++)
      kr_row(m, s->set->rows, thw_batch_row(s->set, lo + i), m->rows + i * m->d);
    kr_against(m, n, m->rows, h, m->chunk);
    for (int64_t i = 0; i < n; i++) {
      for (int64_t c = 0; c < m->k; c++)
        m->residual[c] = kr_target(m, s->set->rows, thw_batch_row(s->set, lo + i), c);
      for (size_t l = 0; l < m->params->lambda.n; l++)
        if (!isnan(s->error[l]))
          s->error[l] += miss(m, m->chunk + i * m->n, s->alpha + (int64_t)l * per, m->residual) /
                         (double)s->set->n;
    }
  }
}

static double mean_diagonal(const kr *m) {
  double t = 0;
  for (int64_t i = 0; i < m->n; i++) t += m->gram[i * m->n + i] / (double)m->n;
  return t;
}

static int one_choice(const kr *m) {
  return m->params->lambda.n == 1 &&
         (m->params->bandwidth.n == 1 ||
          (m->params->kernel != K_GAUSSIAN && m->params->kernel != K_LAPLACE));
}

static void try_bandwidth(search *s, double h) {
  kr *m = s->m;
  kr_gram(m, h, m->gram);
  double t = mean_diagonal(m);
  if (s->set)
    judge(s, t, h);
  else if (one_choice(m))
    s->error[0] = 0;
  else
    cross(s, t);
  for (size_t l = 0; l < m->params->lambda.n; l++) {
    if (isnan(s->error[l])) m->skipped++;
    if (!(s->error[l] < m->score)) continue;
    m->score = s->error[l];
    m->lambda = m->params->lambda.v[l];
    m->bandwidth = h;
  }
}

static int at_edge(const thw_reals *grid, double v) {
  double lo = grid->v[0], hi = grid->v[0];
  for (size_t i = 1; i < grid->n; i++) lo = fmin(lo, grid->v[i]), hi = fmax(hi, grid->v[i]);
  return grid->n > 1 && (v <= lo || v >= hi);
}

static void tell(const kr *m) {
  const kr_params *p = m->params;
  char text[300];
  int wide = p->kernel == K_GAUSSIAN || p->kernel == K_LAPLACE;
  int used = snprintf(text, sizeof text, "lambda = %.3g", m->lambda);
  if (wide)
    used += snprintf(text + used, sizeof text - (size_t)used, ", bandwidth = %.3g", m->bandwidth);
  used += snprintf(text + used, sizeof text - (size_t)used, "%s",
                   at_edge(&p->lambda, m->lambda) || (wide && at_edge(&p->bandwidth, m->bandwidth))
                       ? ", at the edge of its grid"
                       : "");
  if (m->skipped)
    snprintf(text + used, sizeof text - (size_t)used,
             "; %lld values of lambda left out: not positive definite", (long long)m->skipped);
  m->host->log(m->ctx, m->skipped ? THW_LOG_WARN : THW_LOG_INFO, text);
}

static thw_status choose(search *s) {
  kr *m = s->m;
  static const double none = 1;
  thw_reals h = m->params->bandwidth;
  if (m->params->kernel != K_GAUSSIAN && m->params->kernel != K_LAPLACE) h = (thw_reals){&none, 1};
  m->score = (double)INFINITY;
  for (size_t i = 0; i < h.n; i++) try_bandwidth(s, h.v[i]);
  if (!isfinite(m->score))
    return kr_fail(m, THW_E_ARG,
                   "the kernel matrix could not be factorised at any lambda of the grid: give "
                   "larger ones");
  if (h.n > 1) kr_gram(m, m->bandwidth, m->gram);
  m->trace = mean_diagonal(m);
  if (solve(s, m->n, NULL, m->lambda * m->trace, m->alpha) != 0)
    return kr_fail(m, THW_E_ARG,
                   "the kernel matrix of all rows could not be factorised at lambda = %g: give "
                   "larger ones",
                   m->lambda);
  tell(m);
  return THW_OK;
}

/* The set to judge on. */
static thw_status open_set(const kr *m, search *s) {
  const thw_source_ops *ops = m->source.ops;
  const char *want = m->params->select == SELECT_TEST ? "test" : "valid";
  uint32_t sets = 0;
  if (m->params->select == SELECT_CROSS || one_choice(m)) return THW_OK;
  THW_TRY(ops->sets(m->source.self, &sets));
  for (uint32_t i = 1; i < sets; i++) {
    thw_source_info info = {.size = sizeof info};
    thw_batch *b;
    THW_TRY(ops->info(m->source.self, i, &info));
    if (!info.set || strcmp(info.set, want) != 0 || info.n < 1) continue;
    THW_TRY(ops->take(m->source.self, i, info.n, NULL, 0, &b));
    s->set = b;
    return kr_check(m, b, 1);
  }
  return kr_fail(m, THW_E_ARG,
                 "select = \"%s\", but the source has no set \"%s\": give it one, or use \"cross\"",
                 m->params->select == SELECT_TEST ? "test" : "validation", want);
}

static thw_status room(search *s) {
  const kr *m = s->m;
  int64_t alphas = m->n * m->k * (s->set ? (int64_t)m->params->lambda.n : 1);
  s->work = malloc((size_t)(m->n * m->n) * sizeof *s->work);
  s->rhs = malloc((size_t)(m->n * m->k) * sizeof *s->rhs);
  s->alpha = malloc((size_t)alphas * sizeof *s->alpha);
  s->error = malloc(m->params->lambda.n * sizeof *s->error);
  s->index = malloc((size_t)m->n * sizeof *s->index);
  if (!s->work || !s->rhs || !s->alpha || !s->error || !s->index)
    return kr_fail(m, THW_E_NOMEM, "out of memory for ridge regression on %lld rows",
                   (long long)m->n);
  return THW_OK;
}

thw_status kr_prepare(kr *m) {
  search s = {.m = m};
  if (m->ready) return THW_OK;
  thw_status status = open_set(m, &s);
  if (status == THW_OK) status = room(&s);
  if (status == THW_OK) status = choose(&s);
  if (s.set)
    ((const thw_source_ops *)m->source.ops)->release(m->source.self, (thw_batch *)(uintptr_t)s.set);
  free(s.work), free(s.rhs), free(s.alpha), free(s.error), free(s.index);
  m->ready = status == THW_OK;
  return status;
}
