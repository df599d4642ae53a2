/* SPDX-License-Identifier: BSD-3-Clause */
/* Maximum cuts by the semidefinite relaxation and random hyperplanes. */
#include <config.h>
#include <math.h>
#include <string.h>

#include <thalweg/thalweg.h>

#include "kernels/cut/cut.h"
#include "kernels/cut/cuts.h"
#include "kernels/online/graph.h"

/* Graphs up to this size are also solved exactly, for reports and checks. */
#define EXACT_NODES 24
#define GOEMANS_WILLIAMSON 0.87856

struct cut_params {
  const char *path;
  int32_t signed_costs, local, warm;
  int64_t draws, kicks, rank, products;
  double tolerance, megabytes;
};

static const thw_param params[] = {
    THW_PARAM_PATH(
        struct cut_params, path, NULL, THW_P_REQUIRED,
        "Graph: rudy as in the Gset (\"NODES EDGES\", then \"I J WEIGHT\" lines), an edge "
        "list (\"A B WEIGHT\" a line) or DIMACS."),
    THW_PARAM_BOOL(struct cut_params, signed_costs, 0,
                   "Weights may have any sign; then no factor is promised, but each answer still "
                   "comes with its bound."),
    THW_PARAM_INT(
        struct cut_params, draws, 30, 1, 1000000, NULL,
        "Random hyperplanes of which the best cut is taken; effort k: 2^k times as many."),
    THW_PARAM_BOOL(struct cut_params, local, 1,
                   "Move single nodes over while that gains, after each hyperplane; the factor "
                   "stays."),
    THW_PARAM_INT(struct cut_params, kicks, 100, 0, 1000000, NULL,
                  "Times that a few random nodes are moved over after the local search, which "
                  "begins again there; undone where it did not gain."),
    THW_PARAM_REAL(struct cut_params, tolerance, 1e-6, 1e-12, 0.1, THW_P_LOG, NULL,
                   "Of the relaxation: what its bound is above its value, as a part of it."),
    THW_PARAM_INT(struct cut_params, rank, 0, 0, 100000, NULL,
                  "Columns that the factor begins with; 0: sqrt(2n) + 1, at most 24. Where it is "
                  "caught in a saddle it gets more."),
    THW_PARAM_INT(struct cut_params, products, 100000, 1, 1000000000, NULL,
                  "Sweeps and products with the matrix of weights at most, for one answer."),
    THW_PARAM_REAL(struct cut_params, megabytes, 2000.0, 0.0, THW_NO_BOUND, 0, "MB",
                   "Memory for the factorization that proves the bound; a graph that needs more "
                   "gets the sum of its weights as bound."),
    THW_PARAM_BOOL(struct cut_params, warm, 0,
                   "Begin from the factor of the question before: faster where costs change "
                   "little; then an answer depends on the questions before it, which are saved "
                   "with the run."),
};

typedef struct maxcut {
  on_env e;
  const struct cut_params *p;
  on_graph file;
  cut_graph g;
  cut_sdp *sdp;
  cut_pool *pool;
  uint8_t *signs, *side;
  double *kept; /* warm: the factor of the last answer, kept_rank columns */
  int64_t room_kept, kept_rank;
  uint64_t kept_seed; /* of the questions that it goes with */
} maxcut;

static void destroy(void *self) {
  maxcut *s = self;
  on_env e = s->e;
  on_free(e, s->signs);
  on_free(e, s->side);
  on_free(e, s->kept);
  cut_pool_free(s->pool);
  cut_sdp_free(s->sdp);
  cut_graph_free(&s->g);
  on_graph_free(&s->file);
  on_free(e, s);
}

static thw_status make(maxcut *s) {
  THW_TRY(on_graph_read(&s->file, s->e, s->p->path, 0));
  THW_TRY(cut_graph_new(&s->g, s->e, s->file.nodes, s->file.edges, s->file.tail, s->file.head));
  THW_TRY(cut_sdp_new(&s->g, s->p->rank, s->p->megabytes, &s->sdp));
  THW_TRY(cut_pool_new(&s->g, s->file.node, &s->pool));
  THW_TRY(ON_NEW(s->e, s->side, s->g.n));
  if (!s->p->signed_costs) return THW_OK;
  THW_TRY(ON_NEW(s->e, s->signs, s->g.m));
  memset(s->signs, 1, (size_t)s->g.m);
  return THW_OK;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  maxcut *s = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  s->p = params_;
  thw_status st = make(s);
  if (st != THW_OK) {
    destroy(s);
    return st;
  }
  *self = s;
  return THW_OK;
}

static thw_status facts(void *self, thw_linear_facts *out) {
  const maxcut *s = self;
  double m = (double)s->g.m;
  out->flags = THW_LINEAR_ORTHANT | (s->p->warm ? THW_LINEAR_HISTORY : 0);
  out->sense = THW_REWARD;
  out->n = s->g.m;
  if (!s->p->signed_costs) out->factor = GOEMANS_WILLIAMSON;
  out->norm = sqrt(m);
  out->norm1 = m;
  out->norminf = 1;
  out->free_sign = s->signs;
  out->name = s->file.edge;
  out->own = s->file.weight;
  return THW_OK;
}

/* ---- answers --------------------------------------------------------------------------------- */

static thw_rng stream_of(const thw_linear_query *q, uint64_t purpose) {
  return (thw_rng){.key = {(uint32_t)q->seed, (uint32_t)(q->seed >> 32)},
                   .stream = 2 * q->call + purpose};
}

/* The factor for the next question with the same seed. The host's own questions, about the best
 * decision in hindsight, have another one and leave it alone. */
static thw_status keep(maxcut *s) {
  int64_t rank, ld;
  const double *v = cut_sdp_factor(s->sdp, &rank, &ld);
  THW_TRY(ON_GROW(s->e, s->kept, s->room_kept, s->g.n * rank));
  for (int64_t i = 0; i < s->g.n; i++)
    memcpy(s->kept + i * rank, v + i * ld, (size_t)rank * sizeof *v);
  s->kept_rank = rank;
  return THW_OK;
}

static thw_status relax(maxcut *s, const thw_linear_query *q, cut_solution *x) {
  cut_options o = {s->p->tolerance, s->p->products, 0};
  thw_rng start = stream_of(q, 0);
  int mine = s->p->warm && (s->kept_rank == 0 || q->seed == s->kept_seed);
  if (mine && s->kept_rank > 0) THW_TRY(cut_sdp_put(s->sdp, s->kept, s->kept_rank));
  THW_TRY(cut_sdp_solve(s->sdp, q->c, &o, &start, mine && s->kept_rank > 0, x));
  if (!mine) return THW_OK;
  s->kept_seed = q->seed;
  return keep(s);
}

static thw_status solve(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  maxcut *s = self;
  cut_solution x;
  double value, mean;
  THW_TRY(relax(s, q, &x));
  if (s->e.host->cancelled(s->e.ctx)) return THW_CANCELLED;
  thw_rng planes = stream_of(q, 1);
  int64_t draws = s->p->draws << (q->effort < 20 ? q->effort : 20);
  cut_sdp_round(s->sdp, &planes, draws, s->p->local, s->p->kicks, s->side, &value, &mean);
  out->bound = -x.bound;
  return cut_decision(s->pool, s->side, &out->x);
}

/* All cuts, each from the one before by moving one node (Gray's code); the first node stays. */
static thw_status exact(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  maxcut *s = self;
  const cut_graph *g = &s->g;
  if (g->n > EXACT_NODES) return THW_E_UNSUPPORTED;
  double now = 0, best = 0;
  uint64_t most = UINT64_C(1) << (g->n - 1), code = 0;
  memset(s->side, 0, (size_t)g->n);
  for (uint64_t k = 1; k < most; k++) {
    int64_t v = 1 + __builtin_ctzll(k);
    for (int64_t e = g->start[v]; e < g->start[v + 1]; e++)
      now += s->side[g->to[e]] == s->side[v] ? q->c[g->edge[e]] : -q->c[g->edge[e]];
    s->side[v] = !s->side[v];
    if (now > best) best = now, code = k ^ k >> 1;
  }
  for (int64_t v = 1; v < g->n; v++) s->side[v] = code >> (v - 1) & 1;
  THW_TRY(cut_decision(s->pool, s->side, &out->x));
  out->bound = out->x->ops->dot(out->x, q->c);
  return THW_OK;
}

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  (void)self;
  return cut_pack(x, p, n);
}
static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  return cut_unpack(((maxcut *)self)->pool, p, n, out);
}

/* ---- extensions ------------------------------------------------------------------------------ */

static thw_status save(void *self, thw_writer *w) {
  const maxcut *s = self;
  THW_TRY(w->i64(w, "rank", s->kept_rank));
  THW_TRY(w->i64(w, "seed", (int64_t)s->kept_seed));
  size_t n = (size_t)(s->g.n * s->kept_rank) * sizeof *s->kept;
  return n ? w->blob(w, "factor", s->kept, n) : THW_OK;
}

static thw_status load(void *self, thw_reader *r) {
  maxcut *s = self;
  int64_t seed;
  THW_TRY(r->i64(r, "rank", &s->kept_rank));
  THW_TRY(r->i64(r, "seed", &seed));
  s->kept_seed = (uint64_t)seed;
  if (s->kept_rank == 0) return THW_OK;
  if (s->kept_rank < 0 || s->kept_rank > s->g.n + 64) return THW_E_STATE;
  THW_TRY(ON_GROW(s->e, s->kept, s->room_kept, s->g.n * s->kept_rank));
  size_t need = (size_t)(s->g.n * s->kept_rank) * sizeof *s->kept, n = need;
  THW_TRY(r->blob(r, "factor", s->kept, &n));
  return n == need ? THW_OK : THW_E_STATE;
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static const void *ext(void *self, const char *id) {
  (void)self;
  return strcmp(id, THW_EXT_STATE) == 0 ? &state : NULL;
}

static const char *const offers[] = {THW_EXT_STATE, NULL};

static const thw_linear_ops ops = {.size = sizeof(thw_linear_ops),
                                   .facts = facts,
                                   .solve = solve,
                                   .pack = pack,
                                   .unpack = unpack,
                                   .exact = exact};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_LINEAR),
    .id = "max-cut",
    .version = PACKAGE_VERSION,
    .summary = "cuts of a graph by the semidefinite relaxation (rewards, alpha = 0.878)",
    .doc =
        "A decision splits the nodes in two and earns the edges between, one coordinate per edge; "
        "it is written down as the nodes that are not on the side of the first. The relaxation is "
        "solved on a factor of low rank: coordinate descent, then truncated Newton steps, with an "
        "escape along negative curvature. Its dual bound is proved by a factorization, rounding "
        "included, so that what an answer is at least worth is known; the best of many random "
        "hyperplanes is in expectation within 0.878 of it, in practice within 0.95. Graphs of up "
        "to 24 nodes are solved exactly too, for reports.",
    .reference = "M. X. Goemans, D. P. Williamson, J. ACM 42 (1995); S. Burer, R. D. C. Monteiro, "
                 "Math. Program. 95 (2003); P.-W. Wang, W.-C. Chang, J. Z. Kolter, "
                 "arXiv:1706.00476",
    THW_PARAMS(params, struct cut_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "max-cut",   .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
