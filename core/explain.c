/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/explain.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/verdict.h"
#include "kernels/curvature/curvature.h"

#define SAMPLE 4096   /* rows of a stream that stand for it */
#define VARIANCE 1024 /* rows for V */

/* Everything at the starting point. */
typedef struct asker {
  tw_setup *s;
  tw_explanation *e;
  thw_facts facts;
  thw_vec *x, *g, *scratch;
  curv_work work;
  thw_rng rng;
} asker;

static const struct {
  const char *name, *what;
  const char *param[3]; /* of optimizers, that say the same */
} known[TW_CONSTANTS] = {
    [TW_L] = {"L", "Lipschitz constant of the gradient", {"lipschitz"}},
    [TW_LMAX] = {"Lmax", "the largest of those of the components", {NULL}},
    [TW_L2] = {"L2", "Lipschitz constant of the Hessian", {"lipschitz_hess", "rho"}},
    [TW_V] = {"V", "variance of the components' gradients", {NULL}},
    [TW_VH] = {"V_H", "variance of the components' Hessians", {"variance_hess"}},
    [TW_MU] = {"mu", "f - mu/2 |x|^2 is convex", {NULL}},
    [TW_DF] = {"D_f", "f at the start above its lower bound", {"gap"}},
};

const char *tw_origin_text(tw_origin o) {
  static const char *const text[] = {"unknown", "given by the model", "given by you", "estimated"};
  return text[o];
}

int tw_constant_find(const char *name) {
  for (int i = 0; i < TW_CONSTANTS; i++)
    if (strcmp(known[i].name, name) == 0) return i;
  return -1;
}

/* ---- constants --------------------------------------------------------------------------------
 */

static void take(asker *a, int i, double value, tw_origin origin) {
  tw_constant *c = &a->e->constant[i];
  if (c->origin != TW_BY_NOBODY || !isfinite(value)) return;
  c->value = value;
  c->origin = origin;
}

/* A parameter of that name that is not 0, in any optimizer, outer ones first. */
static double of_parameters(const tw_setup *s, int i) {
  size_t n;
  tw_node *const *node = tw_plan_nodes(s->plan, &n);
  for (size_t j = n; j-- > 0;) {
    const thw_component *c = node[j]->found->component;
    if (c->kind != THW_OPTIMIZER) continue;
    for (uint32_t k = 0; k < c->n_params; k++) {
      const thw_param *p = (const thw_param *)((const char *)c->params + k * c->param_stride);
      for (int m = 0; m < 3 && known[i].param[m]; m++) {
        if (p->type != THW_P_REAL || strcmp(p->name, known[i].param[m]) != 0) continue;
        double v = *(const double *)((const char *)node[j]->params + p->offset);
        if (v > 0) return v;
      }
    }
  }
  return (double)NAN;
}

static void given_and_facts(asker *a, const double *given) {
  const thw_facts *f = &a->facts;
  const double fact[TW_CONSTANTS] = {[TW_L] = f->lipschitz,
                                     [TW_LMAX] = f->lipschitz_max,
                                     [TW_L2] = f->lipschitz_hess,
                                     [TW_V] = f->variance,
                                     [TW_VH] = f->variance_hess,
                                     [TW_MU] = f->convexity,
                                     [TW_DF] = a->e->f - f->lower_bound};
  for (int i = 0; i < TW_CONSTANTS; i++) {
    a->e->constant[i] = (tw_constant){known[i].name, known[i].what, (double)NAN, TW_BY_NOBODY};
    take(a, i, given[i], TW_BY_USER);
    take(a, i, of_parameters(a->s, i), TW_BY_USER);
    take(a, i, fact[i], TW_BY_MODEL);
  }
  /* A single component does not vary. */
  if (a->s->rows == 1) take(a, TW_V, 0.0, TW_BY_MODEL), take(a, TW_VH, 0.0, TW_BY_MODEL);
}

static int unknown(const asker *a, int i) {
  return a->e->constant[i].origin == TW_BY_NOBODY;
}

static thw_status estimates(asker *a) {
  const tw_setup *s = a->s;
  const curv_problem p = {.oracle = s->object,
                          .x0 = a->x,
                          .n = s->rows,
                          .g0 = s->rows > 0 ? a->g : NULL,
                          .rng = &a->rng};
  int64_t *cost = &a->e->cost;
  double v;
  if (unknown(a, TW_L) && s->smooth) {
    THW_TRY(curv_lipschitz(&p, 0.0, &a->work, &v, cost));
    take(a, TW_L, v, TW_BY_ESTIMATE);
  }
  if (unknown(a, TW_VH) && s->smooth) {
    THW_TRY(curv_hessian_variance(&p, 0.0, &a->work, &v, cost));
    take(a, TW_VH, v, TW_BY_ESTIMATE);
  }
  if (unknown(a, TW_L2) && s->smooth) {
    const tw_explain_at at = {s->object, a->x, s->rows, &a->work, &a->rng, cost};
    THW_TRY(tw_explain_hess(&at, &v));
    take(a, TW_L2, v, TW_BY_ESTIMATE);
  }
  if (unknown(a, TW_V)) {
    THW_TRY(curv_gradient_variance(&p, VARIANCE, 8, a->scratch, a->work.point, &v, cost));
    take(a, TW_V, v, TW_BY_ESTIMATE);
  }
  return THW_OK;
}

static thw_status at_start(asker *a) {
  tw_setup *s = a->s;
  thw_rng init;
  tw_stream(s->session.seed, s->oracle_node->path, "init", &init);
  THW_TRY(thw_oracle_(s->object)->start_point(s->object->self, a->x, &init));
  thw_batch *b = NULL;
  if (s->rows < 0) THW_TRY(thw_oracle_draw(s->object, &a->rng, THW_DRAW_SUBSET, SAMPLE, &b));
  a->e->cost += b ? b->n : s->rows;
  thw_status st = thw_oracle_eval(s->object, a->x, b, &a->e->f, a->g);
  thw_oracle_release(s->object, b);
  THW_TRY(st);
  return thw_norm2(a->g, &a->e->grad_norm);
}

/* ---- theorems ---------------------------------------------------------------------------------
 */

typedef struct collector {
  thw_claims head; /* first */
  tw_explanation *e;
  const tw_node *node;
  const thw_problem *problem;
} collector;

static int is_unknown(const collector *k, const char *name, size_t n) {
  for (int i = 0; i < TW_CONSTANTS; i++)
    if (strlen(known[i].name) == n && strncmp(known[i].name, name, n) == 0)
      return k->e->constant[i].origin == TW_BY_NOBODY;
  const thw_goal *g = k->problem->goal;
  if (n == 7 && strncmp(name, "epsilon", n) == 0) return !(g->epsilon > 0);
  return n == 5 && strncmp(name, "delta", n) == 0 && !(g->delta > 0);
}

/* The names in a formula that stand for nothing known. */
static char *missing(const collector *k, const char *formula) {
  char *list = NULL;
  for (const char *p = formula; *p;) {
    const char *q = p;
    while (isalnum((unsigned char)*q) || *q == '_') q++;
    size_t n = (size_t)(q - p);
    int word = n > 0 && isalpha((unsigned char)*p);
    if (word && is_unknown(k, p, n)) {
      char *name = tw_sprintf("%.*s", (int)n, p), *all;
      if (!list || !strstr(list, name)) {
        all = list ? tw_sprintf("%s, %s", list, name) : tw_strdup(name);
        free(list);
        list = all;
      }
      free(name);
    }
    p = n > 0 ? q : p + 1;
  }
  return list;
}

static void claim(thw_claims *head, const thw_claim *c) {
  collector *k = (collector *)(void *)head;
  tw_explanation *e = k->e;
  e->promise = tw_realloc(e->promise, (e->n_promises + 1) * sizeof *e->promise);
  e->promise[e->n_promises++] = (tw_promise){
      .node = k->node,
      .aim = c->aim,
      .formula = tw_strdup(c->formula ? c->formula : ""),
      .source = tw_strdup(c->source ? c->source : ""),
      .note = c->note ? tw_strdup(c->note) : NULL,
      .gradients = c->gradients,
      .missing = isfinite(c->gradients) || !c->formula ? NULL : missing(k, c->formula)};
}

/* Outer methods first. */
static thw_status theorems(asker *a, const thw_problem *problem) {
  size_t n;
  tw_node *const *node = tw_plan_nodes(a->s->plan, &n);
  for (size_t i = n; i-- > 0;) {
    if (node[i]->raw.kind != THW_OPTIMIZER) continue;
    const thw_theory *t = thw_ext(&node[i]->raw, THW_EXT_THEORY);
    collector k = {{.size = sizeof k.head, .claim = claim}, a->e, node[i], problem};
    if (t) THW_TRY(t->claims(node[i]->raw.self, problem, &k.head));
  }
  return THW_OK;
}

/* As core/verdict.c asks for it. */
static void verdict(asker *a) {
  const tw_explanation *e = a->e;
  curv_options o;
  curv_plan plan;
  a->e->search = NULL;
  a->e->search_cost = (double)NAN;
  if (!a->s->opt->stop.verdict || !a->s->smooth || !(e->goal.delta > 0)) return;
  curv_options_default(&o);
  o.delta = e->goal.delta;
  o.p = fmin(1 - e->goal.confidence, 0.49);
  o.candidates = a->s->rows < 0 ? 1u << CURV_ONLINE : 1u << CURV_DET | 1u << CURV_VR;
  if (a->s->rows >= 0 && tw_verdict_room(a->s->space) > 0) o.candidates |= 1u << CURV_KRYLOV;
  o.L = e->constant[TW_L].value;
  o.V_H = e->constant[TW_VH].value;
  curv_variant v = a->s->rows < 0 ? CURV_ONLINE : CURV_KRYLOV;
  if (o.L > 0) {
    v = curv_choose(&o, a->s->rows, a->s->space->n);
    curv_plan_make(v, &o, a->s->rows, a->s->space->n, &plan);
    a->e->search_cost = plan.cost;
  }
  a->e->search = curv_variant_name(v);
}

/* ---- all ----------------------------------------------------------------------------------------
 */

static thw_status ask(asker *a, const double *given) {
  tw_explanation *e = a->e;
  const tw_options *o = a->s->opt;
  e->goal = (thw_goal){sizeof e->goal, 0, o->stop.epsilon, o->stop.delta, o->stop.confidence,
                       o->stop.passes};
  THW_TRY(at_start(a));
  given_and_facts(a, given);
  THW_TRY(estimates(a));
  thw_facts f = a->facts;
  f.lipschitz = e->constant[TW_L].value;
  f.lipschitz_max = e->constant[TW_LMAX].value;
  f.lipschitz_hess = e->constant[TW_L2].value;
  f.variance = e->constant[TW_V].value;
  f.variance_hess = e->constant[TW_VH].value;
  f.convexity = e->constant[TW_MU].value;
  const thw_problem p = {.size = sizeof p,
                         .facts = &f,
                         .goal = &e->goal,
                         .dimension = a->s->space->n,
                         .gap = e->constant[TW_DF].value};
  THW_TRY(theorems(a, &p));
  verdict(a);
  return THW_OK;
}

static thw_status room(asker *a) {
  THW_TRY(thw_vec_new(a->s->space, &a->x));
  THW_TRY(thw_vec_new(a->s->space, &a->g));
  THW_TRY(thw_vec_new(a->s->space, &a->scratch));
  return curv_work_new(a->s->space, &a->work);
}

thw_status tw_explain(tw_setup *s, const double *given, tw_explanation *out, tw_diags *d) {
  asker a = {.s = s, .e = out, .facts = {.size = sizeof a.facts}};
  *out = (tw_explanation){0};
  tw_stream(s->session.seed, "explain", "estimate", &a.rng);
  size_t before = tw_ledger_enter(s->ledger, "explain", 0);
  thw_status st = room(&a);
  if (st == THW_OK) st = thw_oracle_facts(s->object, &a.facts);
  if (st == THW_OK) st = ask(&a, given);
  tw_ledger_leave(s->ledger, before);
  thw_vec_free(a.x);
  thw_vec_free(a.g);
  thw_vec_free(a.scratch);
  curv_work_free(&a.work);
  if (st == THW_OK) return st;
  tw_explanation_clear(out);
  return tw_setup_error(s, st, "explaining the pipeline", d);
}

void tw_explanation_clear(tw_explanation *e) {
  for (size_t i = 0; i < e->n_promises; i++) {
    free(e->promise[i].formula);
    free(e->promise[i].source);
    free(e->promise[i].note);
    free(e->promise[i].missing);
  }
  free(e->promise);
  *e = (tw_explanation){0};
}
