/* SPDX-License-Identifier: BSD-3-Clause */
/* Weighted set cover as a linear oracle: the better of the greedy rule and the primal-dual one. */
#include <config.h>
#include <math.h>
#include <string.h>
#include <thalweg/thalweg.h>

#include "kernels/online/sparse.h"
#include "plugins/linear/set-cover/cover.h"

/* With so few sets reports and checks know the true minimum. */
#define EXACT_SETS 40

struct cover_params {
  const char *path;
  int32_t format, improve;
};

static const char *const formats[] = {"orlib", "rail", "list", NULL};

static const thw_param params[] = {
    THW_PARAM_PATH(struct cover_params, path, NULL, THW_P_REQUIRED, "The sets."),
    THW_PARAM_ENUM(struct cover_params, format, ON_SETS_ROWS, formats,
                   "orlib (OR-Library, by rows: scp*.txt), rail (by columns), or list (\"NAME "
                   "[COST]: ELEMENT ELEMENT ...\" a line)."),
    THW_PARAM_BOOL(struct cover_params, improve, 1,
                   "Take sets out again and cover what is bare more cheaply, as long as that "
                   "helps."),
};

typedef struct oracle {
  covering s;
  on_pool *pool;
  int32_t improve;
  int32_t *list;
  double factor;
} oracle;

static void destroy(void *self) {
  oracle *o = self;
  on_env e = o->s.e;
  on_pool_free(o->pool);
  on_free(e, o->list);
  cover_free(&o->s);
  on_free(e, o);
}

static thw_status make(oracle *o, const struct cover_params *p) {
  double harmonic = 0;
  THW_TRY(on_sets_read(&o->s.f, o->s.e, p->path, p->format));
  THW_TRY(cover_room(&o->s));
  THW_TRY(ON_NEW(o->s.e, o->list, o->s.f.sets));
  for (int64_t k = 1; k <= o->s.f.largest; k++) harmonic += 1.0 / (double)k;
  o->factor = fmin(harmonic, (double)o->s.f.frequency);
  o->improve = p->improve;
  return on_pool_new(o->s.e, o->s.f.sets, o->s.f.sets, o->s.f.name, 1, &o->pool);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  oracle *o = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, o, 1));
  o->s.e = e;
  thw_status st = make(o, params_);
  if (st != THW_OK) {
    destroy(o);
    return st;
  }
  *self = o;
  return THW_OK;
}

static thw_status facts(void *self, thw_linear_facts *out) {
  const oracle *o = self;
  double n = (double)o->s.f.sets;
  out->flags = THW_LINEAR_PROVEN | THW_LINEAR_ORTHANT;
  out->sense = THW_COST;
  out->n = o->s.f.sets;
  out->factor = o->factor;
  out->norm = sqrt(n);
  out->norm1 = n;
  out->norminf = 1;
  out->name = o->s.f.name;
  out->own = o->s.f.cost;
  return THW_OK;
}

static thw_status answer(oracle *o, const cover *c, thw_decision **out) {
  int64_t k = 0;
  for (int64_t j = 0; j < o->s.f.sets; j++)
    if (c->taken[j]) o->list[k++] = (int32_t)j;
  return on_sparse_new(o->pool, k, o->list, NULL, out);
}

static thw_status solve(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  oracle *o = self;
  covering *s = &o->s;
  s->c = q->c;
  cover_sort(s);
  double one = cover_greedy(s);
  cover_copy(s, &s->best, &s->now);
  double other = cover_primal_dual(s);
  if (!(s->now.cost < s->best.cost)) cover_copy(s, &s->now, &s->best);
  if (o->improve) cover_improve(s);
  out->bound = fmax(one, other);
  return answer(o, &s->now, &out->x);
}

static thw_status exact(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  oracle *o = self;
  if (o->s.f.sets > EXACT_SETS) return THW_E_UNSUPPORTED;
  o->s.c = q->c;
  cover_sort(&o->s);
  if (!cover_exact(&o->s)) return THW_E_UNSUPPORTED;
  return answer(o, &o->s.best, &out->x);
}

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  (void)self;
  return on_sparse_pack(x, p, n);
}
static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  return on_sparse_unpack(((oracle *)self)->pool, p, n, out);
}

static thw_status is_feasible(void *self, const thw_decision *x) {
  oracle *o = self;
  const on_sets *f = &o->s.f;
  const int32_t *index;
  const double *value;
  int64_t k = on_sparse_entries(x, &index, &value);
  uint8_t *taken = o->s.mark;
  thw_status st = THW_OK;
  for (int64_t i = 0; i < k; i++) taken[index[i]] = value[i] == 1;
  for (int64_t i = 0; i < f->elements && st == THW_OK; i++) {
    int covered = 0;
    for (int64_t h = f->in[i]; h < f->in[i + 1]; h++) covered |= taken[f->holder[h]];
    if (!covered) st = on_fail(o->s.e, THW_RETRY, "element %s is not covered", f->thing[i]);
  }
  memset(taken, 0, (size_t)f->sets);
  return st;
}

static thw_status feasible(void *self, const thw_decision *x) {
  return on_sparse_try(((oracle *)self)->pool, x, is_feasible, self);
}

static const thw_linear_ops ops = {.size = sizeof(thw_linear_ops),
                                   .facts = facts,
                                   .solve = solve,
                                   .pack = pack,
                                   .unpack = unpack,
                                   .exact = exact,
                                   .feasible = feasible};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_LINEAR),
    .id = "set-cover",
    .version = PACKAGE_VERSION,
    .summary =
        "families of sets that cover all elements: greedy and primal-dual (alpha = H_k or f)",
    .doc =
        "A decision is a family of sets that covers every element, one coordinate per set, and is "
        "written as the names of its sets. Two covers are found: by the greedy rule, least cost "
        "for "
        "each new element, which costs at most H_k = 1 + 1/2 + ... + 1/k times the least, k the "
        "most elements of a set; and by the primal-dual rule, at most f times the least, f the "
        "most "
        "sets that hold one element. From both goes what is needless, dearest first; the cheaper "
        "one is the answer, so alpha is the smaller of H_k and f. Both rules give a lower "
        "bound.\n\n"
        "Files are those of the OR-Library, or lists with names. With up to 40 sets reports "
        "compare "
        "with the true minimum, where it can be found.",
    .reference =
        "V. Chvatal, A Greedy Heuristic for the Set-Covering Problem, 1979; R. Bar-Yehuda, "
        "S. Even, A Linear-Time Approximation Algorithm for the Weighted Vertex Cover "
        "Problem, 1981",
    THW_PARAMS(params, struct cover_params),
    .ops = &ops,
    .create = create,
    .destroy = destroy,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "set-cover", .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
