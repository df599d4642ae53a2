/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/problems/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/host.h"
#include "core/oracle.h"
#include "core/registry.h"
#include "core/schema.h"

typedef struct method {
  const thw_component *component;
  thw_ctx *ctx;
  void *params, *self;
  tw_arena arena;
  thw_object raw, *proxy;
} method;

struct tp_chain {
  tw_session session;
  tw_oracle *oracle;
  thw_ctx *oracle_ctx;
  method outer, inner;
  thw_wired wired;
  thw_vec *x;
  char *text;
};

static double goal[2] = {1e-4, 1e-2};

void tp_chain_goal(double epsilon, double delta) {
  goal[0] = epsilon, goal[1] = delta;
}

static void die(const char *what, const char *which) {
  fprintf(stderr, "%s: %s\n", which, what);
  abort();
}

static const thw_component *find(const char *id, tw_diags *d) {
  char file[4096];
  const char *top = getenv("top_builddir");
  snprintf(file, sizeof file, "%s/.libs/%s.so", top ? top : ".", id);
  const thw_plugin *p = tw_plugin_load(file, d);
  if (!p) die(d->v[0].text, file);
  for (uint32_t i = 0; i < p->n_components; i++)
    if (strcmp(p->components[i]->id, id) == 0) return p->components[i];
  die("no such component", id);
  return NULL;
}

/* Words after the first are NAME=VALUE. */
static void fill(method *l, char *words, tw_diags *d) {
  const thw_component *c = l->component;
  tw_value *group = tw_config_new(), *resolved = tw_config_new();
  for (char *w; (w = strtok(NULL, " "));) tw_config_set(group, w, d);
  (void)words;
  tw_schema s = {.params = c->params, .n = c->n_params, .stride = c->param_stride};
  tw_section in = {.path = c->id, .group = group};
  l->params = calloc(1, c->params_size);
  if (tw_schema_fill(&s, &in, l->params, &l->arena, resolved, d) != THW_OK)
    die(d->n ? d->v[0].text : "parameters", c->id);
  tw_config_free(group);
  tw_config_free(resolved);
}

/* As the component's own, without THW_EXT_STEER. */
static const thw_component *unsteered;
static const void *ext_without_steer(void *self, const char *id) {
  return strcmp(id, THW_EXT_STEER) == 0 ? NULL : unsteered->ext(self, id);
}

static void make(tp_chain *t, method *l, const char *path, const char *words, thw_wired *wired) {
  tw_diags d = {0};
  char *copy = strdup(words), *id = strtok(copy, " ");
  int steered = id[0] != '!';
  if (!steered) id++;
  const thw_component *c = l->component = find(id, &d);
  fill(l, copy, &d);
  l->ctx = tw_ctx_new(&t->session, path);
  thw_status st = c->check ? c->check(&tw_host, l->ctx, l->params) : THW_OK;
  if (st == THW_OK) st = c->create(c, &tw_host, l->ctx, l->params, wired, &l->self);
  if (st != THW_OK) die(tw_ctx_take_text(l->ctx, st), words);
  l->raw = (thw_object){sizeof l->raw, THW_OPTIMIZER, c->ops, l->self, c->ext};
  if (!steered) {
    unsteered = c;
    l->raw.ext = ext_without_steer;
  }
  l->proxy = tw_optimizer_proxy_new(&t->session, l->ctx, &l->raw);
  tw_diags_free(&d);
  free(copy);
}

tp_chain *tp_chain_new(const tp_oracle *o, uint64_t seed, int64_t budget, const char *outer,
                       const char *inner) {
  tp_chain *t = calloc(1, sizeof *t);
  if (!t) abort();
  tw_session_init(&t->session, seed, tp_oracle_space(o)->dtype, 1);
  t->session.epsilon = goal[0], t->session.delta = goal[1];
  t->session.ledger = tw_ledger_new();
  t->session.ledger->budget = budget;
  t->oracle_ctx = tw_ctx_new(&t->session, "oracle");
  if (tw_oracle_new(&t->session, t->oracle_ctx, tp_oracle_object(o), 1, &t->oracle) != THW_OK)
    die("no wrapper", "oracle");
  if (inner) {
    make(t, &t->inner, "optimizer.inner", inner, &(thw_wired){0});
    t->wired = (thw_wired){.n = 1, .object = t->inner.proxy};
  }
  make(t, &t->outer, "optimizer", outer, &t->wired);
  if (thw_vec_new(tp_oracle_space(o), &t->x) != THW_OK) abort();
  return t;
}

static void unmake(method *l) {
  if (!l->self) return;
  l->component->destroy(l->self);
  tw_optimizer_proxy_free(l->proxy);
  tw_ctx_free(l->ctx);
  tw_arena_free(&l->arena);
  free(l->params);
}

void tp_chain_free(tp_chain *t) {
  unmake(&t->outer);
  unmake(&t->inner);
  thw_vec_free(t->x);
  tw_oracle_free(t->oracle);
  tw_ctx_free(t->oracle_ctx);
  tw_ledger_free(t->session.ledger);
  free(t->text);
  free(t);
}

thw_status tp_chain_start(tp_chain *t) {
  thw_rng r;
  const thw_object *o = tw_oracle_object(t->oracle);
  tw_stream(t->session.seed, "oracle", "init", &r);
  THW_TRY(thw_oracle_(o)->start_point(o->self, t->x, &r));
  return thw_optimizer_start(t->outer.proxy, o, t->x);
}

thw_status tp_chain_run(tp_chain *t, int64_t units, int64_t max_steps) {
  for (int64_t k = 0; k < max_steps; k++) {
    thw_step io = {.size = sizeof io, .max_units = units};
    t->session.step++;
    THW_TRY(thw_optimizer_step(t->outer.proxy, &io));
  }
  return THW_OK;
}

thw_vec *tp_chain_point(tp_chain *t) {
  if (thw_optimizer_point(t->outer.proxy, t->x) != THW_OK) abort();
  return t->x;
}

const tw_ledger *tp_chain_ledger(const tp_chain *t) {
  return t->session.ledger;
}

int64_t tp_chain_cost(const tp_chain *t, const char *account) {
  const tw_ledger *l = t->session.ledger;
  if (!account) return l->spent;
  for (size_t i = 0; i < l->n; i++)
    if (strcmp(l->v[i].name, account) == 0) return l->v[i].counts.gradients;
  return 0;
}

typedef struct sink {
  thw_sink head;
  const char *name;
  double v;
} sink;

static void sink_real(thw_sink *head, const char *name, double v) {
  sink *s = (sink *)(void *)head;
  if (strcmp(name, s->name) == 0) s->v = v;
}
static void sink_text(thw_sink *head, const char *name, const char *v) {
  (void)head, (void)name, (void)v;
}

static void sink_reals(thw_sink *head, const char *name, size_t n, const double *v) {
  (void)head, (void)name, (void)n, (void)v;
}

double tp_chain_reported(tp_chain *t, const char *name) {
  sink s = {
      .head = {.size = sizeof s.head, .real = sink_real, .text = sink_text, .reals = sink_reals},
      .name = name,
      .v = NAN};
  const thw_ext_report *r = thw_ext(&t->outer.raw, THW_EXT_REPORT);
  if (!r || r->report(t->outer.self, &s.head) != THW_OK) abort();
  return s.v;
}

const char *tp_chain_text(tp_chain *t, thw_status st) {
  method *l[2] = {&t->outer, &t->inner};
  free(t->text);
  t->text = tw_ctx_take_text(t->oracle_ctx, st);
  for (int i = 0; i < 2; i++) {
    if (!l[i]->ctx || strcmp(t->text, tw_status_text(st)) != 0) continue;
    free(t->text);
    t->text = tw_ctx_take_text(l[i]->ctx, st);
  }
  return t->text;
}

static void save(method *l, const char *path, tw_state *s) {
  if (!l->self) return;
  const thw_ext_state *e = thw_ext(&l->raw, THW_EXT_STATE);
  if (!e || e->save(l->self, tw_state_writer(s, path, e->version)) != THW_OK) abort();
}

tw_state *tp_chain_save(tp_chain *t) {
  tw_state *s = tw_state_new();
  save(&t->outer, "optimizer", s);
  save(&t->inner, "optimizer.inner", s);
  return s;
}

static thw_status load(method *l, const char *path, tw_state *s) {
  if (!l->self) return THW_OK;
  const thw_ext_state *e = thw_ext(&l->raw, THW_EXT_STATE);
  return e->load(l->self, tw_state_reader(s, path));
}

thw_status tp_chain_load(tp_chain *t, tw_state *s) {
  THW_TRY(load(&t->outer, "optimizer", s));
  return load(&t->inner, "optimizer.inner", s);
}
