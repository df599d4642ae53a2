/* SPDX-License-Identifier: BSD-3-Clause */
/* A small finite sum and a small method, for tests of the host: everything that a run has to save
 * and restore (two random streams, a place in an epoch, a cut epoch, vectors) and every way in
 * which a step can misbehave, on request.
 *
 *   f_i(x) = mean over j of h_ij/2 (x_j - c_ij)^2 + bend cos(x_j),  h, c from a random stream */
#include <math.h>
#include <string.h>

#include <thalweg/thalweg.h>

/* ---- oracle: toy-sum ------------------------------------------------------------------------- */

struct sum_params {
  int64_t rows, width, work;
  double bend;
  int32_t stream;
};

static const thw_param sum_table[] = {
    THW_PARAM_INT(struct sum_params, rows, 200, 1, 1e6, "rows", "Terms of the sum."),
    THW_PARAM_INT(struct sum_params, width, 7, 1, 1e6, NULL, "Parameters."),
    THW_PARAM_INT(struct sum_params, work, 1, 1, 1e6, NULL,
                  "Evaluate that many times, to be slow."),
    THW_PARAM_REAL(struct sum_params, bend, 0.0, 0.0, THW_NO_BOUND, 0, NULL, "Weight of cos(x)."),
    THW_PARAM_BOOL(struct sum_params, stream, 0, "Pretend to be a stream."),
};

typedef struct sum {
  const thw_host *h;
  thw_ctx *c;
  const struct sum_params *p;
  thw_space *space;
  double *coef; /* rows x width pairs (h, c) */
  int64_t next; /* place in the epoch */
  thw_batch *batch;
  int64_t *index;
  int used;
  double *partial; /* blocks x (width + 1) */
} sum;

/* Enough for the few batches that are alive at once in the tests. */
enum { BATCHES = 8, MAX_BATCH = 1000000, BLOCK = 16 };

static thw_status sum_create(const thw_component *me, const thw_host *h, thw_ctx *c,
                             const void *params, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  const struct sum_params *p = params;
  sum *s = h->alloc(c, sizeof *s);
  const thw_host_space *spaces = h->ext(c, THW_HOST_EXT_SPACE);
  size_t blocks = (size_t)(4 * (p->rows + 1024) / BLOCK + 1);
  if (!s || !spaces) return h->fail(c, THW_E_NOMEM, "out of memory");
  *s = (sum){.h = h, .c = c, .p = p};
  s->coef = h->alloc(c, (size_t)(2 * p->rows * p->width) * sizeof(double));
  s->batch = h->alloc(c, BATCHES * sizeof *s->batch);
  s->index = h->alloc(c, (size_t)(BATCHES * 4 * (p->rows + 1024)) * sizeof *s->index);
  s->partial = h->alloc(c, blocks * (size_t)(p->width + 1) * sizeof(double));
  if (!s->coef || !s->batch || !s->index || !s->partial)
    return h->fail(c, THW_E_NOMEM, "out of memory");
  THW_TRY(spaces->make(c, p->width, &s->space));
  thw_rng r;
  THW_TRY(h->rng(c, "coefficients", &r));
  for (int64_t i = 0; i < p->rows * p->width; i++) {
    s->coef[2 * i] = 0.5 + thw_rng_uniform(&r);
    s->coef[2 * i + 1] = thw_rng_normal(&r);
  }
  *self = s;
  return THW_OK;
}

static void sum_destroy(void *self) {
  sum *s = self;
  s->h->release(s->c, s);
}

static thw_status sum_facts(void *self, thw_facts *f) {
  sum *s = self;
  f->components = s->p->stream ? -1 : s->p->rows;
  f->flags = THW_MODEL_SMOOTH;
  return THW_OK;
}

static thw_status sum_space(void *self, thw_space **out) {
  *out = ((sum *)self)->space;
  return THW_OK;
}

static void store(const thw_view *v, int64_t j, double x) {
  if (v->dtype == THW_F32)
    ((float *)v->data)[j] = (float)x;
  else
    ((double *)v->data)[j] = x;
}

static double load(const thw_view *v, int64_t j) {
  return v->dtype == THW_F32 ? (double)((const float *)v->data)[j] : ((const double *)v->data)[j];
}

static thw_status sum_start_point(void *self, thw_vec *x, thw_rng *r) {
  (void)self;
  return x->ops->normal(x, r, 0.0, 3.0);
}

static thw_status sum_draw(void *self, thw_rng *r, uint32_t how, int64_t n, thw_batch **out) {
  sum *s = self;
  int64_t rows = s->p->rows, room = 4 * (rows + 1024);
  if (how == THW_DRAW_SUBSET && n > rows) n = rows;
  int slot = 0;
  while (slot < BATCHES && s->used >> slot & 1) slot++;
  if (slot == BATCHES || n > room) return s->h->fail(s->c, THW_E_ARG, "too many rows or batches");
  int64_t *index = s->index + slot * room;
  for (int64_t i = 0; i < n; i++)
    index[i] = how == THW_DRAW_UNIFORM ? thw_rng_index(r, rows)
               : how == THW_DRAW_NEXT  ? (s->next + i) % rows
                                       : i * rows / n;
  if (how == THW_DRAW_NEXT) s->next = (s->next + n) % rows;
  s->used |= 1 << slot;
  s->batch[slot] = (thw_batch){.size = sizeof(thw_batch), .n = n, .index = index};
  *out = &s->batch[slot];
  return THW_OK;
}

static void sum_release(void *self, thw_batch *b) {
  sum *s = self;
  s->used &= ~(1 << (b - s->batch));
}

typedef struct job {
  const sum *s;
  const thw_view *x;
  const thw_batch *b;
  int64_t n;
} job;

/* Rows BLOCK*k and on: value and gradient into their own place. */
static void block(void *arg, int64_t k) {
  const job *j = arg;
  const sum *s = j->s;
  int64_t d = s->p->width, hi = (k + 1) * BLOCK < j->n ? (k + 1) * BLOCK : j->n;
  double *out = s->partial + k * (d + 1);
  for (int64_t again = 0; again < s->p->work; again++) {
    memset(out, 0, (size_t)(d + 1) * sizeof *out);
    for (int64_t i = k * BLOCK; i < hi; i++) {
      const double *coef = s->coef + 2 * d * (j->b ? thw_batch_row(j->b, i) : i);
      for (int64_t m = 0; m < d; m++) {
        double x = load(j->x, m), t = x - coef[2 * m + 1];
        out[0] += (0.5 * coef[2 * m] * t * t + s->p->bend * cos(x)) / (double)d;
        out[1 + m] += (coef[2 * m] * t - s->p->bend * sin(x)) / (double)d;
      }
    }
  }
}

static thw_status sum_eval(void *self, const thw_vec *x, const thw_batch *b, double *f,
                           thw_vec *g) {
  sum *s = self;
  int64_t d = s->p->width, n = b ? b->n : s->p->rows, blocks = (n + BLOCK - 1) / BLOCK;
  if (!b && s->p->stream) return s->h->fail(s->c, THW_E_UNSUPPORTED, "a stream has no sum");
  thw_view xv, gv;
  thw_vec *open = (thw_vec *)(uintptr_t)x;
  THW_TRY(x->ops->map(open, THW_READ, &xv));
  job j = {s, &xv, b, n};
  s->h->parallel(s->c, blocks, 10.0 * (double)(n * d * s->p->work), block, &j);
  double sum_f = 0;
  for (int64_t k = 0; k < blocks; k++) sum_f += s->partial[k * (d + 1)];
  if (f) *f = sum_f / (double)n;
  if (g) {
    THW_TRY(g->ops->map(g, THW_WRITE, &gv));
    for (int64_t m = 0; m < d; m++) {
      double t = 0;
      for (int64_t k = 0; k < blocks; k++) t += s->partial[k * (d + 1) + 1 + m];
      store(&gv, m, t / (double)n);
    }
    THW_TRY(g->ops->unmap(g, THW_WRITE));
  }
  return x->ops->unmap(open, THW_READ);
}

static thw_status sum_save(void *self, thw_writer *w) {
  return w->i64(w, "next", ((sum *)self)->next);
}
static thw_status sum_load(void *self, thw_reader *r) {
  return r->i64(r, "next", &((sum *)self)->next);
}
static const thw_ext_state sum_state = {sizeof(thw_ext_state), 1, sum_save, sum_load};
static const void *sum_ext(void *self, const char *id) {
  (void)self;
  return strcmp(id, THW_EXT_STATE) == 0 ? &sum_state : NULL;
}

static const thw_oracle_ops sum_ops = {.size = sizeof(thw_oracle_ops),
                                       .facts = sum_facts,
                                       .space = sum_space,
                                       .start_point = sum_start_point,
                                       .draw = sum_draw,
                                       .release = sum_release,
                                       .eval = sum_eval};
static const char *const sum_offers[] = {THW_EXT_STATE, NULL};
static const thw_component toy_sum = {THW_COMPONENT_HEAD(THW_ORACLE),
                                      .id = "toy-sum",
                                      .version = "1",
                                      .summary = "a sum of quadratics, for tests",
                                      THW_PARAMS(sum_table, struct sum_params),
                                      .offers = sum_offers,
                                      .ops = &sum_ops,
                                      .create = sum_create,
                                      .destroy = sum_destroy,
                                      .ext = sum_ext};

/* ---- optimizer: toy-sgd ---------------------------------------------------------------------- */

struct sgd_params {
  double step, momentum;
  int64_t batch, greed, done_at, nan_at, idle_at;
};

static const thw_param sgd_table[] = {
    THW_PARAM_REAL(struct sgd_params, step, 0.5, 0.0, THW_NO_BOUND, 0, NULL, "Step length."),
    THW_PARAM_REAL(struct sgd_params, momentum, 0.5, 0.0, 1.0, 0, NULL, "Heavy ball."),
    THW_PARAM_INT(struct sgd_params, batch, 4, 0, 1e6, "rows", "Rows in a batch; 0: the sum."),
    THW_PARAM_INT(struct sgd_params, greed, 1, 1, 1e6, NULL,
                  "Batches that are one unit of work, whatever the host wants."),
    THW_PARAM_INT(struct sgd_params, done_at, 0, 0, 1e9, NULL, "Say done after that many batches."),
    THW_PARAM_INT(struct sgd_params, nan_at, 0, 0, 1e9, NULL, "A NaN after that many batches."),
    THW_PARAM_INT(struct sgd_params, idle_at, 0, 0, 1e9, NULL, "Do nothing after that many."),
};

typedef struct sgd {
  const thw_host *h;
  thw_ctx *c;
  const struct sgd_params *p;
  thw_object oracle;
  thw_vec *x, *v, *g;
  thw_rng r;
  int64_t t, unit; /* unit: rows in a batch */
  double scale;
} sgd;

static thw_status sgd_create(const thw_component *me, const thw_host *h, thw_ctx *c,
                             const void *params, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  sgd *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory");
  *s = (sgd){.h = h, .c = c, .p = params};
  *self = s;
  return THW_OK;
}

static void sgd_destroy(void *self) {
  sgd *s = self;
  thw_vec_free(s->x);
  thw_vec_free(s->v);
  thw_vec_free(s->g);
  s->h->release(s->c, s);
}

static thw_status sgd_start(void *self, const thw_object *oracle, const thw_vec *x0) {
  sgd *s = self;
  s->oracle = *oracle;
  if (!s->x) {
    THW_TRY(thw_vec_new(x0->space, &s->x));
    THW_TRY(thw_vec_new(x0->space, &s->v));
    THW_TRY(thw_vec_new(x0->space, &s->g));
  }
  thw_facts f = {.size = sizeof f};
  THW_TRY(thw_oracle_facts(&s->oracle, &f));
  s->unit = s->p->batch ? s->p->batch : f.components;
  s->t = 0;
  s->scale = 1;
  THW_TRY(s->h->rng(s->c, "draw", &s->r));
  THW_TRY(thw_fill(s->v, 0.0));
  /* As methods do that measure something first: a gradient that is paid for. */
  THW_TRY(thw_copy(s->x, x0));
  return s->p->batch ? THW_OK : thw_oracle_eval(&s->oracle, s->x, NULL, NULL, s->g);
}

static thw_status sgd_batch(sgd *s) {
  thw_batch *b = NULL;
  if (s->p->batch) {
    uint32_t how = s->t % 3 == 2 ? THW_DRAW_NEXT : THW_DRAW_UNIFORM;
    THW_TRY(thw_oracle_draw(&s->oracle, &s->r, how, s->p->batch, &b));
  }
  thw_status st = thw_oracle_eval(&s->oracle, s->x, b, NULL, s->g);
  thw_oracle_release(&s->oracle, b);
  if (st != THW_OK) return st;
  s->t++;
  double step = s->scale * s->p->step / (1 + 0.01 * (double)s->t);
  if (s->p->nan_at && s->t >= s->p->nan_at) step = (double)NAN;
  THW_TRY(thw_axpby(s->v, -step, s->g, s->p->momentum));
  return thw_axpy(s->x, 1.0, s->v);
}

static thw_status sgd_step(void *self, thw_step *io) {
  sgd *s = self;
  int64_t used = 0;
  do {
    if (s->p->idle_at && s->t >= s->p->idle_at) return THW_OK;
    for (int64_t k = 0; k < s->p->greed; k++) THW_TRY(sgd_batch(s));
    used += s->p->greed * s->unit;
    if (s->p->done_at && s->t >= s->p->done_at) return THW_DONE;
  } while (used + s->unit <= io->max_units);
  return THW_OK;
}

static thw_status sgd_point(void *self, thw_vec *x) {
  return thw_copy(x, ((sgd *)self)->x);
}

static thw_status sgd_save(void *self, thw_writer *w) {
  sgd *s = self;
  THW_TRY(w->i64(w, "t", s->t));
  THW_TRY(w->f64(w, "scale", s->scale));
  THW_TRY(w->rng(w, "draw", &s->r));
  THW_TRY(w->vec(w, "x", s->x));
  return w->vec(w, "v", s->v);
}

static thw_status sgd_load(void *self, thw_reader *r) {
  sgd *s = self;
  THW_TRY(r->i64(r, "t", &s->t));
  THW_TRY(r->f64(r, "scale", &s->scale));
  THW_TRY(r->rng(r, "draw", &s->r));
  THW_TRY(r->vec(r, "x", s->x));
  return r->vec(r, "v", s->v);
}

static thw_status sgd_report(void *self, thw_sink *k) {
  sgd *s = self;
  k->real(k, "step", s->scale * s->p->step / (1 + 0.01 * (double)s->t));
  k->text(k, "phase", s->t < 10 ? "early" : "late");
  return THW_OK;
}

static const thw_ext_state sgd_state = {sizeof(thw_ext_state), 1, sgd_save, sgd_load};
static const thw_ext_report sgd_reports = {sizeof(thw_ext_report), 0, sgd_report};

static const void *sgd_ext(void *self, const char *id) {
  (void)self;
  if (strcmp(id, THW_EXT_STATE) == 0) return &sgd_state;
  return strcmp(id, THW_EXT_REPORT) == 0 ? &sgd_reports : NULL;
}

static const thw_optimizer_ops sgd_ops = {sizeof(thw_optimizer_ops), 0, sgd_start, sgd_step,
                                          sgd_point};
static const char *const sgd_offers[] = {THW_EXT_STATE, THW_EXT_REPORT, NULL};

#define SGD                                                                                        \
  THW_COMPONENT_HEAD(THW_OPTIMIZER), .version = "1", .summary = "momentum SGD, for tests",         \
                                     THW_PARAMS(sgd_table, struct sgd_params), .ops = &sgd_ops,    \
                                     .create = sgd_create, .destroy = sgd_destroy

static const thw_component toy_sgd = {SGD, .id = "toy-sgd", .offers = sgd_offers, .ext = sgd_ext};
/* The same without thw.state/1. */
static const thw_component toy_forgetful = {SGD, .id = "toy-forgetful"};

static const thw_component *const components[] = {&toy_sum, &toy_sgd, &toy_forgetful};
static const thw_plugin plugin = {THW_PLUGIN_HEAD,   .id = "toy",
                                  .version = "1",    .license = "BSD-3-Clause",
                                  .n_components = 3, .components = components};

THW_EXPORT const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
