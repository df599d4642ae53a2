/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/problems/model.h"

typedef struct quartic {
  int64_t n, d;
  double tauH, taub;
  double *a;          /* d x d */
  signed char *sign;  /* n/2 x d */
  double *lin;        /* n/2 x d */
  double *x, *v, *av; /* scratch */
  double *smean, *cmean;
} quartic;

/* Means of the signs and linear terms over the batch; of the whole sum they are zero. */
static void batch_means(quartic *q, const thw_batch *b) {
  memset(q->smean, 0, (size_t)q->d * sizeof *q->smean);
  memset(q->cmean, 0, (size_t)q->d * sizeof *q->cmean);
  if (!b || q->n == 1) return;
  for (int64_t k = 0; k < b->n; k++) {
    int64_t row = thw_batch_row(b, k), half = q->n / 2;
    double flip = row >= half ? -1 : 1;
    const signed char *s = q->sign + row % half * q->d;
    const double *c = q->lin + row % half * q->d;
    for (int64_t j = 0; j < q->d; j++) {
      q->smean[j] += flip * s[j];
      q->cmean[j] += flip * c[j];
    }
  }
  for (int64_t j = 0; j < q->d; j++) {
    q->smean[j] *= q->tauH / (double)b->n;
    q->cmean[j] *= q->taub / (double)b->n;
  }
}

static thw_status eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  quartic *q = self;
  tp_read(x, q->x);
  batch_means(q, b);
  tp_symv(q->d, q->a, q->x, q->av);
  double value = 0;
  for (int64_t j = 0; j < q->d; j++) {
    double t = q->x[j];
    value += t * (q->av[j] / 2 + q->smean[j] * t / 2 + q->cmean[j] + t * t * t / 4);
    q->av[j] += q->smean[j] * t + q->cmean[j] + t * t * t;
  }
  if (f) *f = value;
  if (g) tp_write(q->av, g);
  return THW_OK;
}

static thw_status hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                      thw_view *hv) {
  quartic *q = self;
  tp_read(x, q->x);
  tp_read(v, q->v);
  batch_means(q, b);
  tp_symv(q->d, q->a, q->v, q->av);
  for (int64_t j = 0; j < q->d; j++) q->av[j] += (q->smean[j] + 3 * q->x[j] * q->x[j]) * q->v[j];
  tp_write(q->av, hv);
  return THW_OK;
}

static thw_status init(void *self, thw_view *x, thw_rng *r) {
  quartic *q = self;
  (void)r;
  memset(q->x, 0, (size_t)q->d * sizeof *q->x);
  tp_write(q->x, x);
  return THW_OK;
}

static void release(void *self) {
  quartic *q = self;
  free(q->a);
  free(q->sign);
  free(q->lin);
  free(q->x);
  free(q);
}

static const thw_model_ops ops = {.size = sizeof ops, .init = init, .eval = eval, .hvp = hvp};

tp_model tp_quartic(int64_t n, int64_t d, const double *a, double tauH, double taub, thw_rng *r) {
  quartic *q = calloc(1, sizeof *q);
  if (!q) abort();
  int64_t stored = n > 1 ? n / 2 * d : 0;
  *q = (quartic){.n = n, .d = d, .tauH = tauH, .taub = taub};
  q->a = tp_copy(d * d, a);
  q->x = tp_doubles(5 * d);
  q->v = q->x + d;
  q->av = q->x + 2 * d;
  q->smean = q->x + 3 * d;
  q->cmean = q->x + 4 * d;
  q->sign = malloc((size_t)stored + 1);
  q->lin = tp_doubles(stored);
  if (!q->sign) abort();
  for (int64_t i = 0; i < stored; i++) q->sign[i] = thw_rng_u32(r) & 1 ? 1 : -1;
  if (taub != 0)
    for (int64_t i = 0; i < stored; i++) q->lin[i] = thw_rng_normal(r) / sqrt((double)d);
  return (tp_model){&ops, q, n, d, release};
}

void tp_quartic_matrix(tp_model *m, const double *a) {
  quartic *q = m->self;
  memcpy(q->a, a, (size_t)(q->d * q->d) * sizeof *a);
}
