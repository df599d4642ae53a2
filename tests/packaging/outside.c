/* SPDX-License-Identifier: BSD-3-Clause */
/* The smallest useful optimizer, as somebody outside the tree would write it: x = x - step g. */
#include <stddef.h>

#include <thalweg/thalweg.h>

struct params {
  double step;
};

struct descent {
  const thw_host *host;
  thw_ctx *ctx;
  const struct params *p;
  const thw_object *oracle;
  thw_vec *x, *g;
  int64_t rows;
};

static const thw_param params[] = {
    THW_PARAM_REAL(struct params, step, 0.1, 0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG, NULL,
                   "length of a step, in units of the gradient"),
};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  struct descent *d = (struct descent *)h->alloc(c, sizeof *d);
  (void)me;
  (void)slots;
  if (!d) return THW_E_NOMEM;
  d->host = h;
  d->ctx = c;
  d->p = (const struct params *)p;
  *self = d;
  return THW_OK;
}

static void drop(struct descent *d) {
  thw_vec_free(d->x);
  thw_vec_free(d->g);
  d->x = d->g = NULL;
}

static void destroy(void *self) {
  struct descent *d = (struct descent *)self;
  drop(d);
  d->host->release(d->ctx, d);
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  struct descent *d = (struct descent *)self;
  thw_facts facts = {0};
  thw_space *space;
  drop(d);
  d->oracle = oracle;
  facts.size = (uint32_t)sizeof facts;
  THW_TRY(thw_oracle_facts(oracle, &facts));
  if (facts.components < 0)
    return d->host->fail(d->ctx, THW_E_UNSUPPORTED, "outside-descent needs a finite sum");
  THW_TRY(thw_oracle_space(oracle, &space));
  THW_TRY(thw_vec_new(space, &d->x));
  THW_TRY(thw_vec_new(space, &d->g));
  return thw_copy(d->x, x0);
}

static thw_status step(void *self, thw_step *io) {
  struct descent *d = (struct descent *)self;
  THW_TRY(thw_oracle_eval(d->oracle, d->x, NULL, &io->f, d->g));
  THW_TRY(thw_norm2(d->g, &io->grad_norm));
  io->epoch_end = 1;
  return thw_axpy(d->x, -d->p->step, d->g);
}

static thw_status point(void *self, thw_vec *x) {
  return thw_copy(x, ((struct descent *)self)->x);
}

static thw_status save(void *self, thw_writer *w) {
  return w->vec(w, "x", ((struct descent *)self)->x);
}

static thw_status load(void *self, thw_reader *r) {
  struct descent *d = (struct descent *)self;
  if (r->version != 1)
    return d->host->fail(d->ctx, THW_E_STATE, "outside-descent: state of another version");
  return r->vec(r, "x", ((struct descent *)self)->x);
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static const void *ext(void *self, const char *id) {
  const char *mine = THW_EXT_STATE;
  (void)self;
  while (*id && *id == *mine) id++, mine++;
  return *id == *mine ? (const void *)&state : NULL;
}

static const thw_optimizer_ops ops = {sizeof ops, 0, start, step, point};
static const char *const offers[] = {THW_EXT_STATE, NULL};

static const thw_component descent = {
    THW_COMPONENT_HEAD(THW_OPTIMIZER),
    .id = "outside-descent",
    .version = "1.0",
    .summary = "gradient descent with a fixed step, built outside the tree",
    THW_PARAMS(params, struct params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&descent};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "outside",   .version = "1.0",
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
