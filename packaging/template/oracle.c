/* SPDX-License-Identifier: BSD-3-Clause */
/* @ID@ - a sum of squares that poses its own problem: a working example of an oracle to start from,
 * for functions that are no model on rows of a source. Replace the components and keep the frame;
 * thalweg-plugin(7) is the manual, the headers are the reference. */
#include <stddef.h>
#include <string.h>

#include <thalweg/thalweg.h>

/* The parameters as the host stores them. The table below says where each goes, and is all that
 * checking, defaults and `thalweg info` need. */
struct params {
  int64_t components, width;
};

static const thw_param params[] = {
    THW_PARAM_INT(struct params, components, 100, 1, 1000000, NULL,
                  "Number n of components in the sum."),
    THW_PARAM_INT(struct params, width, 5, 1, 1000, NULL, "Length of a point."),
};

/* A batch that was handed out and may be used again. */
struct batch {
  thw_batch pub; /* what the caller sees; its priv is this */
  struct batch *next;
  int64_t *index, room;
};

struct oracle {
  const thw_host *host;
  thw_ctx *ctx;
  int64_t n, width;
  thw_space *space;
  double *a, *y;           /* component i: (a_i . x - y_i)^2 / 2 */
  double *x, *sum;         /* a point and a gradient in double */
  int64_t *subset;         /* 0 .. n-1 between draws */
  int64_t *epoch, at;      /* the current epoch's order, and how much of it is used up */
  thw_rng order, shuffled; /* shuffles the next epoch; as it was before this one */
  struct batch *idle;
};

static thw_status no_memory(struct oracle *s) {
  return s->host->fail(s->ctx, THW_E_NOMEM, "out of memory");
}

/* ---- the function -----------------------------------------------------------------------------
 */

/* Value of component i at s->x; its gradient is added to s->sum. */
static double component_at(struct oracle *s, int64_t i, int with_gradient) {
  const double *a = s->a + i * s->width;
  double error = -s->y[i];
  int64_t k;
  for (k = 0; k < s->width; k++) error += a[k] * s->x[k];
  for (k = 0; with_gradient && k < s->width; k++) s->sum[k] += error * a[k];
  return 0.5 * error * error;
}

/* Made from the instance's own random stream: a function of run.seed and its place in the pipeline.
 */
static thw_status make_components(struct oracle *s) {
  thw_rng r;
  int64_t i, k;
  THW_TRY(s->host->rng(s->ctx, "components", &r));
  for (i = 0; i < s->n; i++) {
    s->y[i] = 0.1 * thw_rng_normal(&r);
    for (k = 0; k < s->width; k++) {
      s->a[i * s->width + k] = thw_rng_normal(&r);
      s->y[i] += s->a[i * s->width + k]; /* so that the minimum is near (1, ..., 1) */
    }
  }
  return THW_OK;
}

/* Optional hints: what stays as the host has preset it (NAN) is unknown. */
static thw_status facts(void *self, thw_facts *out) {
  out->components = ((struct oracle *)self)->n;
  out->flags = THW_MODEL_SMOOTH | THW_MODEL_CONVEX;
  out->lower_bound = 0;
  return THW_OK;
}

static thw_status space(void *self, thw_space **out) {
  *out = ((struct oracle *)self)->space;
  return THW_OK;
}

static thw_status start_point(void *self, thw_vec *x, thw_rng *r) {
  (void)self;
  (void)r;
  return thw_fill(x, 0.0);
}

/* ---- vectors are float32 or float64, and only seen while they are mapped ----------------------
 */

static thw_status read_point(struct oracle *s, const thw_vec *v) {
  thw_vec *open = (thw_vec *)v; /* mapping to read changes nothing */
  thw_view view;
  int64_t k;
  THW_TRY(v->ops->map(open, THW_READ, &view));
  for (k = 0; k < view.n; k++)
    s->x[k] = view.dtype == THW_F32 ? (double)((const float *)view.data)[k]
                                    : ((const double *)view.data)[k];
  return v->ops->unmap(open, THW_READ);
}

static thw_status write_gradient(struct oracle *s, double scale, thw_vec *g) {
  thw_view view;
  int64_t k;
  THW_TRY(g->ops->map(g, THW_WRITE, &view));
  for (k = 0; k < view.n; k++)
    if (view.dtype == THW_F32)
      ((float *)view.data)[k] = (float)(scale * s->sum[k]);
    else
      ((double *)view.data)[k] = scale * s->sum[k];
  return g->ops->unmap(g, THW_WRITE);
}

/* Mean over the batch, or over all components. A pure function: same batch, same bits. What is not
 * here (differences, several points, blocks) the host makes of this. */
static thw_status eval(void *self, const thw_vec *x, const thw_batch *b, double *f, thw_vec *g) {
  struct oracle *s = self;
  int64_t n = b ? b->n : s->n, k;
  double value = 0;
  THW_TRY(read_point(s, x));
  memset(s->sum, 0, (size_t)s->width * sizeof *s->sum);
  for (k = 0; k < n; k++) value += component_at(s, b ? thw_batch_row(b, k) : k, g != NULL);
  if (f) *f = value / (double)n;
  return g ? write_gradient(s, 1.0 / (double)n, g) : THW_OK;
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

static void swap(int64_t *a, int64_t *b) {
  int64_t t = *a;
  *a = *b;
  *b = t;
}

/* n different components: the first n steps of a shuffle, which are then undone. */
static void draw_subset(struct oracle *s, thw_rng *r, int64_t n, int64_t *out) {
  int64_t i;
  for (i = 0; i < n; i++) {
    swap(s->subset + i, s->subset + i + thw_rng_index(r, s->n - i));
    out[i] = s->subset[i];
  }
  for (i = 0; i < n; i++) {
    s->subset[i] = i;
    s->subset[out[i]] = out[i];
  }
}

static void shuffle(struct oracle *s) {
  int64_t i;
  s->shuffled = s->order;
  for (i = 0; i < s->n; i++) s->epoch[i] = i;
  for (i = s->n - 1; i > 0; i--) swap(s->epoch + i, s->epoch + thw_rng_index(&s->order, i + 1));
  s->at = 0;
}

/* An idle batch with room for n; memory is taken only while batches still grow. */
static struct batch *idle_batch(struct oracle *s, int64_t n) {
  struct batch *p = s->idle;
  if (p)
    s->idle = p->next;
  else if (!(p = s->host->alloc(s->ctx, sizeof *p)))
    return NULL;
  if (p->room >= n) return p;
  s->host->release(s->ctx, p->index);
  p->index = s->host->alloc(s->ctx, (size_t)n * sizeof *p->index);
  p->room = p->index ? n : 0;
  if (p->index) return p;
  p->next = s->idle;
  s->idle = p;
  return NULL;
}

static thw_status draw(void *self, thw_rng *r, uint32_t how, int64_t n, thw_batch **out) {
  struct oracle *s = self;
  struct batch *p;
  int64_t i;
  if (how == THW_DRAW_SUBSET && n > s->n) n = s->n;
  if (!(p = idle_batch(s, n))) return no_memory(s);
  if (how == THW_DRAW_SUBSET) draw_subset(s, r, n, p->index);
  for (i = 0; how == THW_DRAW_UNIFORM && i < n; i++) p->index[i] = thw_rng_index(r, s->n);
  for (i = 0; how == THW_DRAW_NEXT && i < n; i++) {
    if (s->at == s->n) shuffle(s);
    p->index[i] = s->epoch[s->at++];
  }
  p->pub.size = (uint32_t)sizeof p->pub;
  p->pub.n = n;
  p->pub.index = p->index;
  p->pub.priv = p;
  *out = &p->pub;
  return THW_OK;
}

static void release(void *self, thw_batch *b) {
  struct oracle *s = self;
  struct batch *p = b->priv;
  p->next = s->idle;
  s->idle = p;
}

static const thw_oracle_ops ops = {.size = (uint32_t)sizeof(thw_oracle_ops),
                                   .facts = facts,
                                   .space = space,
                                   .start_point = start_point,
                                   .draw = draw,
                                   .release = release,
                                   .eval = eval};

/* ---- extension: state, the place in the epoch -------------------------------------------------
 */

/* Another number whenever the records change. */
#define STATE_VERSION 1

static thw_status save(void *self, thw_writer *w) {
  struct oracle *s = self;
  THW_TRY(w->rng(w, "order", &s->order));
  THW_TRY(w->rng(w, "shuffled", &s->shuffled));
  return w->i64(w, "at", s->at);
}

static thw_status load(void *self, thw_reader *r) {
  struct oracle *s = self;
  thw_rng order, shuffled;
  int64_t at;
  THW_TRY(r->rng(r, "order", &order));
  THW_TRY(r->rng(r, "shuffled", &shuffled));
  THW_TRY(r->i64(r, "at", &at));
  if (at < 0 || at > s->n)
    return s->host->fail(s->ctx, THW_E_STATE, "the saved place in the epoch is outside of it");
  if (at < s->n) {
    s->order = shuffled;
    shuffle(s);
  }
  s->order = order;
  s->shuffled = shuffled;
  s->at = at;
  return THW_OK;
}

static const thw_ext_state state = {
    .size = (uint32_t)sizeof(thw_ext_state), .version = STATE_VERSION, .save = save, .load = load};

static const char *const offers[] = {THW_EXT_STATE, NULL};

static const void *ext(void *self, const char *id) {
  (void)self;
  return strcmp(id, THW_EXT_STATE) == 0 ? &state : NULL;
}

/* ---- life and description ---------------------------------------------------------------------
 */

/* What the host's alloc gives is zeroed, and freed with the instance. */
static thw_status make_tables(struct oracle *s) {
  size_t n = (size_t)s->n, width = (size_t)s->width;
  const thw_host_space *spaces = s->host->ext(s->ctx, THW_HOST_EXT_SPACE);
  int64_t i;
  s->a = s->host->alloc(s->ctx, n * width * sizeof *s->a);
  s->y = s->host->alloc(s->ctx, n * sizeof *s->y);
  s->x = s->host->alloc(s->ctx, width * sizeof *s->x);
  s->sum = s->host->alloc(s->ctx, width * sizeof *s->sum);
  s->subset = s->host->alloc(s->ctx, n * sizeof *s->subset);
  s->epoch = s->host->alloc(s->ctx, n * sizeof *s->epoch);
  if (!s->a || !s->y || !s->x || !s->sum || !s->subset || !s->epoch) return no_memory(s);
  for (i = 0; i < s->n; i++) s->subset[i] = i;
  s->at = s->n; /* the first NEXT begins an epoch */
  THW_TRY(s->host->rng(s->ctx, "order", &s->order));
  s->shuffled = s->order;
  if (!spaces)
    return s->host->fail(s->ctx, THW_E_UNSUPPORTED, "this host makes no spaces: use a newer one");
  return spaces->make(s->ctx, s->width, &s->space);
}

static thw_status create(const thw_component *me, const thw_host *host, thw_ctx *ctx,
                         const void *params_, const thw_wired *slots, void **self) {
  const struct params *p = params_;
  struct oracle *s = host->alloc(ctx, sizeof *s);
  (void)me;
  (void)slots;
  if (!s) return host->fail(ctx, THW_E_NOMEM, "out of memory");
  s->host = host;
  s->ctx = ctx;
  s->n = p->components;
  s->width = p->width;
  THW_TRY(make_tables(s));
  THW_TRY(make_components(s));
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  (void)self;
}

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_ORACLE),
    .id = "@ID@",
    .version = "0.1.0",
    .summary = "mean of squares with planted numbers",
    .doc = "f(x) = (1/n) sum_i (a_i . x - y_i)^2 / 2, a_i and y_i made from run.seed. It poses its "
           "own problem: a pipeline with it has neither source nor model.",
    THW_PARAMS(params, struct params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "@ID@",      .version = "0.1.0",
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
