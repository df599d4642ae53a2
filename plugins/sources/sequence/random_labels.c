/* SPDX-License-Identifier: BSD-3-Clause */
/* Random sequences with random labels, the first tokens kept apart by delta. */
#include <config.h>

#include <math.h>

#include "plugins/sources/sequence/sequence.h"

#define REDRAWS 10000
/* Coordinates compared, in all, before an instance is called too large to be kept apart: seconds.
 */
#define MOST_COMPARED 5e9
/* Blocks of the stream of first tokens that one draw may use. */
#define DRAW_BLOCKS_LOG2 12

enum { ALL, SHARED, FIRST };
static const char *const tokens_choices[] = {"all", "shared", "first", NULL};

struct random_labels_params {
  SEQ_FIELDS
  int64_t dim, outputs;
  double delta;
  int32_t tokens, pairs;
};

static const thw_param params[] = {
    THW_PARAM_INT(struct random_labels_params, n, 20, 1, THW_NO_BOUND, "rows", "Sequences."),
    THW_PARAM_INT(struct random_labels_params, length, 6, 1, SEQ_LENGTH_MOST, "steps",
                  "Steps in a sequence."),
    THW_PARAM_INT(struct random_labels_params, dim, 32, 2, SEQ_DIM_MOST, NULL,
                  "Numbers in a token."),
    THW_PARAM_INT(struct random_labels_params, outputs, 1, 1, SEQ_DIM_MOST, NULL,
                  "Numbers in a target."),
    THW_PARAM_REAL(struct random_labels_params, delta, 0, 0, 1.4142135623730951, 0, NULL,
                   "First tokens of two sequences are at least that far apart; with pairs, those "
                   "of a pair exactly."),
    THW_PARAM_ENUM(struct random_labels_params, tokens, ALL, tokens_choices,
                   "Tokens 2, 3, ...: random unit vectors in each sequence (all), the same ones "
                   "in every sequence (shared), or zero (first)."),
    THW_PARAM_BOOL(struct random_labels_params, pairs, 0,
                   "Sequences 2k-1 and 2k have first tokens at distance delta and opposite "
                   "labels; n is even."),
    SEQ_PARAM_SEED(struct random_labels_params),
};

static thw_status check(const thw_host *h, thw_ctx *c, const void *params_) {
  const struct random_labels_params *p = params_;
  if (p->pairs && p->n % 2) return h->fail(c, THW_E_ARG, "pairs: n must be even");
  if (p->pairs && !(p->delta > 0))
    return h->fail(c, THW_E_ARG, "pairs: delta, the distance in a pair, must be greater than 0");
  if (p->pairs && p->dim < 3) return h->fail(c, THW_E_ARG, "pairs: dim must be at least 3");
  return THW_OK;
}

/* (u / sqrt 2, 1 / sqrt 2), u from draw `turn` of sequence i. */
static void draw_first(const thw_rng *stream, int64_t i, int64_t turn, int64_t dim, double *x) {
  thw_rng r = *stream;
  r.block = ((uint64_t)i * (REDRAWS + 1) + (uint64_t)turn) << DRAW_BLOCKS_LOG2;
  r.left = 0;
  seq_unit(&r, dim - 1, x);
  for (int64_t j = 0; j < dim - 1; j++) x[j] *= sqrt(0.5);
  x[dim - 1] = sqrt(0.5);
}

/* `work` grows by the coordinates looked at: most pairs are apart after a few. */
static int is_apart(const double *x, const double *all, int64_t i, int64_t dim, double delta,
                    double *work) {
  for (int64_t k = 0; k < i; k++) {
    double square = 0;
    int64_t j = 0;
    for (int64_t end; j < dim && square < delta * delta; j = end) {
      end = j + 16 < dim ? j + 16 : dim;
      for (int64_t q = j; q < end; q++) {
        double gap = x[q] - all[k * dim + q];
        square += gap * gap;
      }
    }
    *work += (double)j;
    if (square < delta * delta) return 0;
  }
  return 1;
}

static thw_status too_large(seq_gen *g, const struct random_labels_params *p) {
  return td_fail(g->env, THW_E_ARG,
                 "n = %lld, dim = %lld, delta = %g: too many comparisons to keep the first tokens "
                 "apart: choose a smaller n, dim or delta",
                 (long long)p->n, (long long)p->dim, p->delta);
}

static thw_status separate(seq_gen *g, const thw_rng *r, double *first) {
  const struct random_labels_params *p = (const void *)g->p;
  double work = 0;
  for (int64_t i = 0; i < p->n; i++) {
    int64_t turn = 0;
    double *x = first + i * p->dim;
    draw_first(r, i, 0, p->dim, x);
    while (p->delta > 0 && !is_apart(x, first, i, p->dim, p->delta, &work)) {
      if (work > MOST_COMPARED) return too_large(g, p);
      if (turn++ == REDRAWS)
        return td_fail(g->env, THW_E_ARG,
                       "delta = %g: no place for sequence %lld of %lld that far from the others "
                       "after %d draws: choose a smaller delta or n, or a larger dim",
                       p->delta, (long long)i + 1, (long long)p->n, REDRAWS);
      draw_first(r, i, turn, p->dim, x);
    }
    if (work > MOST_COMPARED) return too_large(g, p);
  }
  return THW_OK;
}

/* v = cos(a) u + sin(a) w for a w orthogonal to u, with a the angle under which two points of the
 * sphere of radius 1/sqrt 2 are delta apart. */
static void pair_up(const struct random_labels_params *p, const thw_rng *r, double *first) {
  double angle = 2 * asin(p->delta / sqrt(2));
  int64_t d = p->dim - 1;
  for (int64_t i = 0; i < p->n; i += 2) {
    double *u = first + i * p->dim, *v = u + p->dim, along = 0, square = 0;
    draw_first(r, i, 0, p->dim, u);
    draw_first(r, i + 1, 0, p->dim, v);
    for (int64_t j = 0; j < d; j++) along += 2 * u[j] * v[j];
    for (int64_t j = 0; j < d; j++) {
      v[j] -= along * u[j];
      square += v[j] * v[j];
    }
    double scale = sin(angle) * sqrt(0.5) / sqrt(square);
    for (int64_t j = 0; j < d; j++) v[j] = cos(angle) * u[j] + scale * v[j];
  }
}

static thw_status prepare(seq_gen *g) {
  const struct random_labels_params *p = (const void *)g->p;
  thw_rng r;
  g->width = p->dim;
  g->targets = p->outputs;
  if (!(g->counts = td_array(g->env, g->steps, 1, "steps"))) return THW_E_NOMEM;
  for (int64_t l = 0; l < g->steps; l++) g->counts[l] = l > 0 || g->steps == 1;
  if (p->n > INT64_MAX / 64 / p->dim)
    return td_nomem(g->env, "first tokens", (double)p->n * (double)p->dim * 8);
  if (!(g->own = td_array(g->env, p->n * p->dim, sizeof(double), "first tokens")))
    return THW_E_NOMEM;
  THW_TRY(seq_stream(g, "first tokens", &r));
  if (!p->pairs) return separate(g, &r, g->own);
  pair_up(p, &r, g->own);
  return THW_OK;
}

static void end(seq_gen *g) {
  td_array_free(g->own);
}

static void put_tokens(const seq_gen *g, uint32_t set, int64_t id, seq_row *o) {
  const struct random_labels_params *p = (const void *)g->p;
  const double *first = (const double *)g->own + id * p->dim;
  double v[SEQ_DIM_MOST];
  thw_rng r = seq_row_rng(g, set, SEQ_TOKENS, p->tokens == SHARED ? 0 : id + 1);
  for (int64_t j = 0; j < p->dim; j++) td_put(o->x, o->dtype, j, first[j]);
  for (int64_t l = 1; l < g->steps; l++) {
    if (p->tokens != FIRST) seq_unit(&r, p->dim, v);
    for (int64_t j = 0; j < p->dim; j++)
      td_put(o->x, o->dtype, l * p->dim + j, p->tokens == FIRST ? 0 : v[j]);
  }
}

static void row(const seq_gen *g, uint32_t set, int64_t id, seq_row *o) {
  const struct random_labels_params *p = (const void *)g->p;
  thw_rng r = seq_row_rng(g, set, SEQ_LABELS, p->pairs ? id / 2 * 2 : id);
  double size = (p->pairs && id % 2 ? -1 : 1) / sqrt((double)p->outputs);
  put_tokens(g, set, id, o);
  for (int64_t l = 0; l < g->steps; l++)
    for (int64_t k = 0; k < p->outputs; k++)
      td_put(o->y, o->dtype, l * p->outputs + k, thw_rng_u32(&r) & 1 ? size : -size);
}

static const seq_law law = {
    .target = THW_TARGET_STEP, .label = THW_LABEL_REAL, .prepare = prepare, .row = row, .end = end};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  return seq_create(&law, (td_env){h, c}, p, self);
}

const thw_component random_labels_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "random-labels",
    .version = PACKAGE_VERSION,
    .summary = "random sequences with random labels, first tokens apart: to be memorised",
    .doc = "The first token is (u, 1) / sqrt 2 with u uniform on the unit sphere, drawn again "
           "until it is at least delta away from those of all earlier sequences. Every target has "
           "coordinates of +-1 / sqrt outputs with equal chance, at each step from the second "
           "on; the first carries none.\n\n"
           "delta is limited by how many points fit on a sphere of radius 1 / sqrt 2, and is never "
           "above sqrt 2: where no place is found in 10,000 draws the source says so.\n\n" SEQ_DOC,
    .reference = "Z. Allen-Zhu, Y. Li, Z. Song: On the convergence rate of training recurrent "
                 "neural networks. NeurIPS 2019, arXiv:1810.12065",
    THW_PARAMS(params, struct random_labels_params),
    .ops = &seq_ops,
    .check = check,
    .create = create,
    .destroy = seq_destroy,
};
