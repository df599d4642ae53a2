/* SPDX-License-Identifier: BSD-3-Clause */
/* Sequences whose targets are sums of smooth functions of single earlier tokens. */
#include <config.h>

#include <math.h>
#include <stdlib.h>

#include "plugins/sources/sequence/concept.h"

/* Numbers of a row that are held at once: those of its tokens. */
#define ROW_MOST 32768

enum { LAST_EPS_X, LAST_ONE };
static const char *const last_choices[] = {"eps_x", "one", NULL};

static const thw_param params[] = {
    SEQ_PARAM_N(struct concept_params, 0),
    SEQ_PARAM_TEST(struct concept_params, 2000),
    THW_PARAM_INT(struct concept_params, length, 6, 3, CONCEPT_LENGTH_MOST, "steps",
                  "Steps L in a sequence."),
    THW_PARAM_INT(struct concept_params, dim, 8, 2, SEQ_DIM_MOST - 1, NULL,
                  "Numbers in a true token; the input has one more."),
    THW_PARAM_INT(struct concept_params, outputs, 1, 1, CONCEPT_OUTPUTS_MOST, NULL,
                  "Numbers in a target."),
    THW_PARAM_INT(struct concept_params, terms, 2, 1, CONCEPT_TERMS_MOST, NULL,
                  "Functions p of each earlier token in each output, taken from phi in turn."),
    THW_PARAM_STR(struct concept_params, phi, "sin(3z) cos(4z)", 0,
                  "The functions, with blanks between them: sin, cos, exp, tanh of a multiple of "
                  "z, powers z^k, each with a factor in front."),
    THW_PARAM_INT(struct concept_params, reach, 0, 0, THW_NO_BOUND, "steps",
                  "Only tokens at most that many steps back act on a target; 0: all."),
    THW_PARAM_INT(struct concept_params, only, 0, 0, CONCEPT_LENGTH_MOST, "step",
                  "Only the target of this step counts; 0: those of all steps from 3 on."),
    THW_PARAM_REAL(struct concept_params, eps_x, 1, 0, THW_NO_BOUND, THW_P_MIN_OPEN, NULL,
                   "Scale of the true tokens in the input."),
    THW_PARAM_ENUM(struct concept_params, last_token, LAST_EPS_X, last_choices,
                   "The last coordinate of the last token, whose others are zero."),
    THW_PARAM_INT(struct concept_params, concept_seed, -1, -1, THW_NO_BOUND, NULL,
                  "Number that the functions' directions depend on alone; -1: that of the other "
                  "parts of the data."),
    SEQ_PARAM_SEED(struct concept_params),
};

static thw_status check(const thw_host *h, thw_ctx *c, const void *params_) {
  const struct concept_params *p = params_;
  double pairs = 0;
  if (p->only != 0 && (p->only < 3 || p->only > p->length))
    return td_fail((td_env){h, c}, THW_E_ARG,
                   "only = %lld: no target stands there: choose a step from 3 to %lld, or 0",
                   (long long)p->only, (long long)p->length);
  for (int64_t j = 3; j <= p->length; j++) pairs += (double)(j - concept_first(p, j));
  if (pairs * (double)(p->outputs * p->terms) * (double)(p->dim + 20) > CONCEPT_WORK_MOST)
    return td_fail((td_env){h, c}, THW_E_ARG,
                   "%.0f pairs of steps with %lld functions each are more than can be normalised: "
                   "make length, outputs, terms or dim smaller, or set reach",
                   pairs, (long long)(p->outputs * p->terms));
  if ((p->length - 2) * (p->dim - 1) + p->outputs <= ROW_MOST) return THW_OK;
  return td_fail((td_env){h, c}, THW_E_ARG,
                 "length %lld, dim %lld, outputs %lld: a sequence holds more than %d numbers: make "
                 "it smaller",
                 (long long)p->length, (long long)p->dim, (long long)p->outputs, ROW_MOST);
}

static thw_status prepare(seq_gen *g) {
  const struct concept_params *p = (const void *)g->p;
  g->width = p->dim + 1;
  g->targets = p->outputs;
  if (!(g->counts = td_array(g->env, g->steps, 1, "steps"))) return THW_E_NOMEM;
  for (int64_t l = 0; l < g->steps; l++)
    g->counts[l] = l >= 2 && (p->only == 0 || l + 1 == p->only);
  if (!(g->own = calloc(1, sizeof(concept_data))))
    return td_nomem(g->env, "the concept", sizeof(concept_data));
  return concept_make(g, g->own);
}

static void end(seq_gen *g) {
  if (g->own) concept_free(g->own);
  free(g->own);
}

/* x_1 = (0, ..., 0, 1); x_i = (eps_x x*_i, 0) with x*_i = (sqrt(3/4) u_i, 1/2); x_L = (0, ..., 0,
 * eps_x). */
static void put_tokens(const seq_gen *g, const double *u, seq_row *o) {
  const struct concept_params *p = (const void *)g->p;
  int64_t d = p->dim - 1, width = g->width, last = (g->steps - 1) * width;
  for (int64_t j = 0; j < p->dim; j++) {
    td_put(o->x, o->dtype, j, 0);
    td_put(o->x, o->dtype, last + j, 0);
  }
  td_put(o->x, o->dtype, p->dim, 1);
  td_put(o->x, o->dtype, last + p->dim, p->last_token == LAST_ONE ? 1 : p->eps_x);
  for (int64_t l = 1; l < g->steps - 1; l++, u += d) {
    for (int64_t j = 0; j < d; j++)
      td_put(o->x, o->dtype, l * width + j, p->eps_x * sqrt(0.75) * u[j]);
    td_put(o->x, o->dtype, l * width + d, p->eps_x * 0.5);
    td_put(o->x, o->dtype, l * width + p->dim, 0);
  }
}

static void row(const seq_gen *g, uint32_t set, int64_t id, seq_row *o) {
  const struct concept_params *p = (const void *)g->p;
  const concept_data *c = g->own;
  double u[ROW_MOST], *f = u + (p->length - 2) * (p->dim - 1);
  thw_rng r = seq_row_rng(g, set, SEQ_TOKENS, id);
  for (int64_t l = 0; l < p->length - 2; l++) seq_unit(&r, p->dim - 1, u + l * (p->dim - 1));
  put_tokens(g, u, o);
  for (int64_t k = 0; k < 2 * p->outputs; k++) td_put(o->y, o->dtype, k, 0);
  for (int64_t j = 3; j <= p->length; j++) {
    concept_raw(p, c, j, u, f);
    for (int64_t s = 0; s < p->outputs; s++) {
      int64_t cell = (j - 3) * p->outputs + s;
      td_put(o->y, o->dtype, (j - 1) * p->outputs + s, (f[s] - c->mean[cell]) * c->scale[cell]);
    }
  }
}

static const seq_law law = {
    .target = THW_TARGET_STEP, .label = THW_LABEL_REAL, .prepare = prepare, .row = row, .end = end};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  return seq_create(&law, (td_env){h, c}, p, self);
}

const thw_component concept_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "concept",
    .version = PACKAGE_VERSION,
    .summary = "sequences whose targets add up smooth functions of single earlier tokens",
    .doc =
        "True tokens x*_2 .. x*_(L-1) are (sqrt(3/4) u, 1/2), u uniform on the unit sphere. The "
        "input is (0, 1) at step 1, (eps_x x*_i, 0) at step i, (0, eps_x) at step L. Coordinate s "
        "of target j = 3 .. L is the sum over i = 2 .. j-1 and r = 1 .. p of phi_r(<w, x*_i>) with "
        "a random unit vector w = (w', 0) for each (i, j, r, s), minus its mean and divided by its "
        "standard deviation, both measured on 20,000 sequences of a random stream of their own: "
        "always answering zero has an error of 1. Steps 1 and 2 carry no target.\n\n" SEQ_DOC
            SEQ_STREAM_DOC,
    .reference = "Z. Allen-Zhu, Y. Li: Can SGD learn recurrent neural networks with provable "
                 "generalization? NeurIPS 2019, arXiv:1902.01028",
    THW_PARAMS(params, struct concept_params),
    .ops = &seq_ops,
    .check = check,
    .create = create,
    .destroy = seq_destroy,
};
