/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/oracles/finite-sum.c - f(x) = mean of f_i(x) over the rows of a finite source. */
#include "common.h"

#include <string.h>

/* Row numbers drawn for one call of the fused loop. */
#define LOOP_ROWS (INT64_C(1) << 18)

enum { ORDER_AUTO, ORDER_SHUFFLED, ORDER_SEQUENTIAL };
static const char *const orders[] = {"auto", "shuffled", "sequential", NULL};

typedef struct finite_sum_params {
  int32_t order;
} finite_sum_params;

typedef struct finite_sum {
  summing base; /* first: its functions take this */
  int64_t n;
  int64_t *subset;  /* 0 .. n-1 between draws */
  int64_t *epoch;   /* the current epoch's order; valid when at < n */
  int64_t at;       /* rows of it used up */
  int64_t drawn;    /* rows in mini-batches since the beginning */
  int in_order;     /* epochs are not shuffled */
  thw_rng order;    /* shuffles the next epoch */
  thw_rng shuffled; /* `order` as it was when the current epoch was shuffled */
  const thw_vr_model *vr;
  const thw_hessian_model *dense;
  const thw_floor_model *floor;
  const thw_solve_model *solve;
  int64_t *loop_index;
  int64_t loop_room;
} finite_sum;

/* ---- drawing ---------------------------------------------------------------------------------
 */

static void swap(int64_t *a, int64_t *b) {
  int64_t t = *a;
  *a = *b;
  *b = t;
}

static void draw_uniform(const finite_sum *o, thw_rng *r, int64_t n, int64_t *out) {
  for (int64_t i = 0; i < n; i++) out[i] = thw_rng_index(r, o->n);
}

/* n different rows in random order: the first n steps of a shuffle, which are then undone. The
 * order matters: parts of the batch are samples themselves (thw_oracle_ops.blocks). Every place
 * that was disturbed is either one of the first n or was drawn itself, which is how it is found
 * again. */
static void draw_subset(finite_sum *o, thw_rng *r, int64_t n, int64_t *out) {
  int64_t *p = o->subset;
  for (int64_t i = 0; i < n; i++) {
    swap(p + i, p + i + thw_rng_index(r, o->n - i));
    out[i] = p[i];
  }
  for (int64_t i = 0; i < n; i++) {
    p[i] = i;
    p[out[i]] = out[i];
  }
}

/* An epoch's order is a function of the stream's state alone, so that a checkpoint needs to hold
 * that state and the place only. */
static void shuffle(finite_sum *o) {
  o->shuffled = o->order;
  for (int64_t i = 0; i < o->n; i++) o->epoch[i] = i;
  for (int64_t i = o->n - 1; i > 0 && !o->in_order; i--)
    swap(o->epoch + i, o->epoch + thw_rng_index(&o->order, i + 1));
  o->at = 0;
}

static void draw_next(finite_sum *o, int64_t n, int64_t *out) {
  for (int64_t i = 0; i < n; i++) {
    if (o->at == o->n) shuffle(o);
    out[i] = o->epoch[o->at++];
  }
}

static thw_status draw(void *self, thw_rng *r, uint32_t how, int64_t n, thw_batch **out) {
  finite_sum *o = self;
  pooled *p;
  if (n < 1) return o->base.host->fail(o->base.ctx, THW_E_ARG, "a batch needs at least one row");
  if (how == THW_DRAW_SUBSET && n > o->n) n = o->n;
  THW_TRY(summing_idle(&o->base, n, &p));
  o->base.pass = how == THW_DRAW_SUBSET ? 0 : 1 + o->drawn / o->n;
  if (how == THW_DRAW_UNIFORM)
    draw_uniform(o, r, n, p->index);
  else if (how == THW_DRAW_SUBSET)
    draw_subset(o, r, n, p->index);
  else
    draw_next(o, n, p->index);
  if (how != THW_DRAW_SUBSET) o->drawn += n;
  return summing_take(&o->base, p, n, 1, 0, out);
}

static thw_status facts(void *self, thw_facts *out) {
  finite_sum *o = self;
  const thw_model_ops *model = o->base.model.ops;
  if (model->facts) THW_TRY(model->facts(o->base.model.self, out));
  out->components = o->n;
  return THW_OK;
}

static const thw_oracle_ops ops = {
    .size = sizeof(thw_oracle_ops),
    .facts = facts,
    .space = summing_space,
    .start_point = summing_start,
    .draw = draw,
    .release = summing_release,
    .eval = summing_eval,
    .diff = summing_diff,
    .hvp = summing_hvp,
};

/* ---- fused loop ------------------------------------------------------------------------------
 */

static thw_status vr_prepare(void *self, const thw_vec *s, thw_vec *mu, void **snapshot) {
  finite_sum *o = self;
  thw_view sv, mv;
  THW_TRY(view_of(s, THW_READ, &sv));
  THW_TRY(view_of(mu, THW_WRITE, &mv));
  thw_status status = o->vr->prepare(o->base.model.self, &sv, o->base.all, &mv, snapshot);
  view_end(mu, THW_WRITE);
  view_end(s, THW_READ);
  return status;
}

static void vr_drop(void *self, void *snapshot) {
  finite_sum *o = self;
  o->vr->drop(o->base.model.self, snapshot);
}

static thw_status loop_room(finite_sum *o, int64_t rows) {
  if (rows <= o->loop_room) return THW_OK;
  o->base.host->release(o->base.ctx, o->loop_index);
  o->loop_room = 0;
  o->loop_index = o->base.host->alloc(o->base.ctx, (size_t)rows * sizeof(int64_t));
  if (!o->loop_index)
    return o->base.host->fail(o->base.ctx, THW_E_NOMEM, "out of memory for row numbers");
  o->loop_room = rows;
  return THW_OK;
}

/* Mapped vectors of a job. */
typedef struct loop_views {
  thw_view x, s, mu, centre, sum;
} loop_views;

static thw_status loop_steps(finite_sum *o, thw_vr_job *job, loop_views *v) {
  int64_t most = LOOP_ROWS / job->b > 0 ? LOOP_ROWS / job->b : 1;
  if (most > job->m) most = job->m;
  THW_TRY(loop_room(o, most * job->b));
  for (int64_t done = 0, m; done < job->m; done += m) {
    /* nothing is drawn in vain: the plain path would find the stream where it was */
    thw_rng before = *job->draw;
    m = job->m - done < most ? job->m - done : most;
    draw_uniform(o, job->draw, m * job->b, o->loop_index);
    thw_status s = o->vr->loop(o->base.model.self, job->snapshot, &v->x, &v->s, &v->mu, job->step,
                               job->shift, job->centre ? &v->centre : NULL, m, job->b,
                               o->loop_index, job->sum ? &v->sum : NULL);
    if (s != THW_OK) {
      *job->draw = before;
      return s;
    }
  }
  return THW_OK;
}

static thw_status vr_loop(void *self, thw_vr_job *job) {
  finite_sum *o = self;
  loop_views v;
  const uint32_t rw = THW_READ | THW_WRITE;
  if (job->m < 1) return THW_OK;
  if (job->b < 1)
    return o->base.host->fail(o->base.ctx, THW_E_ARG, "a mini-batch needs at least one row");
  THW_TRY(view_of(job->x, rw, &v.x));
  THW_TRY(view_of(job->s, THW_READ, &v.s));
  THW_TRY(view_of(job->mu, THW_READ, &v.mu));
  if (job->centre) THW_TRY(view_of(job->centre, THW_READ, &v.centre));
  if (job->sum) THW_TRY(view_of(job->sum, rw, &v.sum));
  thw_status s = loop_steps(o, job, &v);
  if (job->sum) view_end(job->sum, rw);
  if (job->centre) view_end(job->centre, THW_READ);
  view_end(job->mu, THW_READ);
  view_end(job->s, THW_READ);
  view_end(job->x, rw);
  return s;
}

static const thw_vr vr = {
    .size = sizeof(thw_vr), .prepare = vr_prepare, .loop = vr_loop, .drop = vr_drop};

/* ---- dense Hessian -------------------------------------------------------------------------- */

static thw_status hessian(void *self, const thw_vec *x, const thw_batch *b, double *h) {
  finite_sum *o = self;
  thw_view v;
  THW_TRY(view_of(x, THW_READ, &v));
  thw_status s = o->dense->hessian(o->base.model.self, &v, b ? b : o->base.all, h);
  view_end(x, THW_READ);
  return s;
}

static double products(void *self, const thw_batch *b) {
  const finite_sum *o = self;
  if (!THW_HAS(thw_hessian_model, o->dense, products) || !o->dense->products) return (double)NAN;
  return o->dense->products(o->base.model.self, b ? b : o->base.all);
}

static const thw_hessian dense = {
    .size = sizeof(thw_hessian), .hessian = hessian, .products = products};

static thw_status curvature_floor(void *self, const thw_vec *x, double *out) {
  finite_sum *o = self;
  thw_view v;
  THW_TRY(view_of(x, THW_READ, &v));
  thw_status s = o->floor->floor(o->base.model.self, &v, out);
  view_end(x, THW_READ);
  return s;
}

static const thw_floor lowest = {.size = sizeof(thw_floor), .floor = curvature_floor};

static thw_status solve(void *self, thw_vec *x) {
  finite_sum *o = self;
  thw_view v;
  THW_TRY(view_of(x, THW_WRITE, &v));
  thw_status s = o->solve->solve(o->base.model.self, &v);
  view_end(x, THW_WRITE);
  return s;
}

static const thw_solve closed_form = {.size = sizeof(thw_solve), .solve = solve};

/* ---- state -----------------------------------------------------------------------------------
 */

static thw_status save(void *self, thw_writer *w) {
  finite_sum *o = self;
  THW_TRY(w->rng(w, "order", &o->order));
  THW_TRY(w->rng(w, "shuffled", &o->shuffled));
  THW_TRY(w->i64(w, "drawn", o->drawn));
  return w->i64(w, "at", o->at);
}

static thw_status load(void *self, thw_reader *r) {
  finite_sum *o = self;
  thw_rng order, shuffled;
  int64_t at, drawn = 0;
  THW_TRY(r->rng(r, "order", &order));
  THW_TRY(r->rng(r, "shuffled", &shuffled));
  if (r->version > 1) THW_TRY(r->i64(r, "drawn", &drawn));
  THW_TRY(r->i64(r, "at", &at));
  if (at < 0 || at > o->n || drawn < 0)
    return o->base.host->fail(o->base.ctx, THW_E_STATE,
                              "the saved place in the epoch is outside the data: the source has "
                              "changed since, start the run afresh");
  if (at < o->n) {
    o->order = shuffled;
    shuffle(o);
  }
  o->order = order;
  o->shuffled = shuffled;
  o->at = at;
  o->drawn = drawn;
  return THW_OK;
}

static const thw_ext_state state = {
    .size = sizeof(thw_ext_state), .version = 2, .save = save, .load = load};

static const void *ext(void *self, const char *id) {
  finite_sum *o = self;
  if (strcmp(id, THW_EXT_STATE) == 0) return &state;
  if (strcmp(id, THW_EXT_VR) == 0 && o->vr) return &vr;
  if (strcmp(id, THW_EXT_HESSIAN) == 0 && o->dense) return &dense;
  if (strcmp(id, THW_EXT_FLOOR) == 0 && o->floor) return &lowest;
  if (strcmp(id, THW_EXT_SOLVE) == 0 && o->solve) return &closed_form;
  return NULL;
}

/* ---- component -------------------------------------------------------------------------------
 */

static thw_status open_all(finite_sum *o, int32_t order) {
  const thw_source_ops *source = o->base.source.ops;
  const thw_host *h = o->base.host;
  if (o->base.info.n < 0)
    return h->fail(o->base.ctx, THW_E_ARG,
                   "the source is a stream without end: use the oracle \"stream\"");
  if (o->base.info.n == 0) return h->fail(o->base.ctx, THW_E_ARG, "the source has no rows");
  o->n = o->base.info.n;
  o->at = o->n;
  o->in_order = order == ORDER_SEQUENTIAL || (order == ORDER_AUTO && o->base.info.chain > 0);
  THW_TRY(h->rng(o->base.ctx, "epoch", &o->order));
  o->shuffled = o->order;
  o->subset = h->alloc(o->base.ctx, (size_t)o->n * sizeof(int64_t));
  o->epoch = h->alloc(o->base.ctx, (size_t)o->n * sizeof(int64_t));
  if (!o->subset || !o->epoch)
    return h->fail(o->base.ctx, THW_E_NOMEM, "out of memory for the order of the rows");
  for (int64_t i = 0; i < o->n; i++) o->subset[i] = i;
  o->vr = thw_ext(&o->base.model, THW_EXT_VR_MODEL);
  o->dense = thw_ext(&o->base.model, THW_EXT_HESSIAN_MODEL);
  o->floor = thw_ext(&o->base.model, THW_EXT_FLOOR_MODEL);
  o->solve = thw_ext(&o->base.model, THW_EXT_SOLVE_MODEL);
  return source->take(o->base.source.self, 0, o->n, NULL, 0, &o->base.all);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                         const thw_wired *slots, void **self) {
  (void)me;
  const finite_sum_params *p = params;
  finite_sum *o = h->alloc(c, sizeof *o);
  if (!o) return h->fail(c, THW_E_NOMEM, "out of memory for an oracle");
  thw_status s = summing_open(&o->base, h, c, slots);
  if (s == THW_OK) s = open_all(o, p->order);
  if (s != THW_OK) {
    summing_close(&o->base);
    return s;
  }
  *self = o;
  return THW_OK;
}

static void destroy(void *self) {
  finite_sum *o = self;
  summing_close(&o->base);
}

/* Not THW_EXT_VR, THW_EXT_HESSIAN, THW_EXT_FLOOR and THW_EXT_SOLVE: whether there are such depends
 * on the model. */
static const char *const offers[] = {THW_EXT_STATE, NULL};

static const thw_param params_[] = {
    THW_PARAM_ENUM(finite_sum_params, order, ORDER_AUTO, orders,
                   "How \"next\" batches go through the rows: shuffled anew in each epoch, or "
                   "sequential, in the source's own order; auto: sequential where rows continue "
                   "one another (text cut into chunks)."),
};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_ORACLE),
    .id = "finite-sum",
    .version = "0.1.0",
    .summary = "mean of a model's loss over all rows of a finite source",
    .doc = "f(x) = (1/n) sum_i f_i(x) over the rows of the source's first set.\n\n"
           "Mini-batches (uniform) are drawn with replacement, subsets without, in random order; "
           "both are functions of the random stream they are given. \"Next\" batches go through "
           "the rows epoch by epoch, each in a new random order or in the source's own (order), "
           "and come "
           "back to their place when "
           "a run is resumed.\n\n"
           "Where the model has a fused variance-reduced loop, so has this oracle.",
    .reference = "R. Johnson, T. Zhang: Accelerating stochastic gradient descent using predictive "
                 "variance reduction. NIPS 2013 (the fused loop)",
    THW_PARAMS(params_, finite_sum_params),
    THW_SLOTS(summing_slots),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {THW_PLUGIN_HEAD,    .id = "finite-sum",
                                  .version = "0.1.0", .license = "BSD-3-Clause",
                                  .n_components = 1,  .components = components};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
