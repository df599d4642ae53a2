/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/oracles/stream.c - f(x) = E f_i(x) over rows that keep coming. */
#include "common.h"

#include <string.h>

typedef struct stream_params {
  int64_t passes;
} stream_params;

typedef struct stream {
  summing base; /* first: its functions take this */
  const stream_params *params;
  int64_t next; /* rows read by NEXT so far */
} stream;

/* Numbers for rows drawn at random. Those of a stream without end are so many that none is ever
 * met twice. */
static int64_t random_row(const stream *o, thw_rng *r) {
  return o->base.info.n > 0 ? thw_rng_index(r, o->base.info.n) : (int64_t)(thw_rng_u64(r) >> 2);
}

/* A finite source: the next rows modulo n, at most to the end of the last pass. */
static thw_status next_finite(stream *o, int64_t n, thw_batch **out) {
  int64_t rows = o->base.info.n, passes = o->params->passes;
  pooled *p;
  if (passes > 0) {
    int64_t left = passes > INT64_MAX / rows ? INT64_MAX : passes * rows - o->next;
    if (left <= 0) return THW_DONE;
    if (n > left) n = left;
  }
  o->base.pass = 1 + o->next / rows;
  int64_t first = o->next % rows;
  int wraps = n > rows - first;
  THW_TRY(summing_idle(&o->base, wraps ? n : 0, &p));
  for (int64_t i = 0; wraps && i < n; i++) p->index[i] = (first + i) % rows;
  THW_TRY(summing_take(&o->base, p, n, wraps, wraps ? 0 : first, out));
  o->next += n;
  return THW_OK;
}

static thw_status next_rows(stream *o, int64_t n, thw_batch **out) {
  pooled *p;
  if (o->base.info.n > 0) return next_finite(o, n, out);
  THW_TRY(summing_idle(&o->base, 0, &p));
  THW_TRY(summing_take(&o->base, p, n, 0, o->next, out));
  /* a stream that ends gives what is left */
  o->next += (*out)->n;
  return THW_OK;
}

static thw_status draw(void *self, thw_rng *r, uint32_t how, int64_t n, thw_batch **out) {
  stream *o = self;
  pooled *p;
  if (n < 1) return o->base.host->fail(o->base.ctx, THW_E_ARG, "a batch needs at least one row");
  if (how == THW_DRAW_NEXT || (o->base.info.flags & THW_SOURCE_ONCE)) return next_rows(o, n, out);
  THW_TRY(summing_idle(&o->base, n, &p));
  o->base.pass = 0;
  for (int64_t i = 0; i < n; i++) p->index[i] = random_row(o, r);
  return summing_take(&o->base, p, n, 1, 0, out);
}

static thw_status facts(void *self, thw_facts *out) {
  stream *o = self;
  const thw_model_ops *model = o->base.model.ops;
  if (model->facts) THW_TRY(model->facts(o->base.model.self, out));
  out->components = -1;
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

static thw_status save(void *self, thw_writer *w) {
  stream *o = self;
  return w->i64(w, "next", o->next);
}

static thw_status load(void *self, thw_reader *r) {
  stream *o = self;
  int64_t next;
  THW_TRY(r->i64(r, "next", &next));
  if (next < 0 || next > INT64_MAX / 2)
    return o->base.host->fail(o->base.ctx, THW_E_STATE,
                              "the saved place in the stream is none that a run can reach");
  o->next = next;
  return THW_OK;
}

static const thw_ext_state state = {
    .size = sizeof(thw_ext_state), .version = 1, .save = save, .load = load};

static const void *ext(void *self, const char *id) {
  (void)self;
  return strcmp(id, THW_EXT_STATE) == 0 ? &state : NULL;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                         const thw_wired *slots, void **self) {
  (void)me;
  stream *o = h->alloc(c, sizeof *o);
  if (!o) return h->fail(c, THW_E_NOMEM, "out of memory for an oracle");
  o->params = params;
  thw_status s = summing_open(&o->base, h, c, slots);
  if (s == THW_OK && o->base.info.n == 0) s = h->fail(c, THW_E_ARG, "the source has no rows");
  if (s != THW_OK) {
    summing_close(&o->base);
    return s;
  }
  *self = o;
  return THW_OK;
}

static void destroy(void *self) {
  stream *o = self;
  summing_close(&o->base);
}

static const thw_param params[] = {
    THW_PARAM_INT(stream_params, passes, 0, 0, THW_NO_BOUND, "passes",
                  "How often a finite source is read through before the stream ends; 0: for "
                  "ever.")};

static const char *const offers[] = {THW_EXT_STATE, NULL};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_ORACLE),
    .id = "stream",
    .version = "0.1.0",
    .summary = "expected loss over rows that keep coming",
    .doc = "f(x) = E f_i(x). There is no whole sum: methods that ask for one are told so, and a "
           "pass has no length.\n\n"
           "\"Next\" batches are the next rows of the stream, in order; a resumed run goes on "
           "where it was. Uniform and subset batches are rows at random numbers, a function of "
           "the random stream they are given, so they can be made again; from a source that "
           "can be read only once they are the next rows.\n\n"
           "A finite source may be used as a stream: its rows come in their order, over and over. "
           "With passes = 1 each is seen once, then the run ends; the last batch may be shorter. "
           "Random batches from it are drawn with replacement.",
    THW_PARAMS(params, stream_params),
    THW_SLOTS(summing_slots),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {THW_PLUGIN_HEAD,    .id = "stream",
                                  .version = "0.1.0", .license = "BSD-3-Clause",
                                  .n_components = 1,  .components = components};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
