/* SPDX-License-Identifier: BSD-3-Clause */
/* The adding problem. */
#include <config.h>

#include "plugins/sources/sequence/sequence.h"

struct adding_params {
  SEQ_FIELDS
};

static const thw_param params[] = {
    SEQ_PARAM_N(struct adding_params, 0),
    SEQ_PARAM_TEST(struct adding_params, 2000),
    THW_PARAM_INT(struct adding_params, length, 50, 2, SEQ_LENGTH_MOST, "steps",
                  "Steps in a sequence."),
    SEQ_PARAM_SEED(struct adding_params),
};

static thw_status prepare(seq_gen *g) {
  g->width = 2;
  return THW_OK;
}

static void row(const seq_gen *g, uint32_t set, int64_t id, seq_row *o) {
  thw_rng value = seq_row_rng(g, set, SEQ_TOKENS, id), mark = seq_row_rng(g, set, SEQ_LABELS, id);
  int64_t half = g->steps / 2;
  int64_t a = thw_rng_index(&mark, half), b = half + thw_rng_index(&mark, g->steps - half);
  double sum = 0;
  for (int64_t l = 0; l < g->steps; l++) {
    double u = thw_rng_uniform(&value);
    int marked = l == a || l == b;
    td_put(o->x, o->dtype, 2 * l, u);
    td_put(o->x, o->dtype, 2 * l + 1, marked);
    if (marked) sum += u;
  }
  td_put(o->y, o->dtype, 0, sum);
}

static const seq_law law = {
    .target = THW_TARGET_ROW, .label = THW_LABEL_REAL, .prepare = prepare, .row = row};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  return seq_create(&law, (td_env){h, c}, p, self);
}

const thw_component adding_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "adding",
    .version = PACKAGE_VERSION,
    .summary = "sequences of numbers of which two are marked; their sum is to be found",
    .doc = "A step is (u, k): u uniform on [0, 1), k = 1 at one step of the first half of the "
           "sequence and at one of the second, 0 elsewhere. The target, one for the sequence, is "
           "the sum of the two marked numbers. Always answering 1 has a mean squared error of 1/6 "
           "= 0.1667.\n\n" SEQ_DOC SEQ_STREAM_DOC,
    .reference = "S. Hochreiter, J. Schmidhuber: Long short-term memory. Neural Computation 9, "
                 "1997; Q. Le, N. Jaitly, G. Hinton: A simple way to initialize recurrent networks "
                 "of rectified linear units, arXiv:1504.00941",
    THW_PARAMS(params, struct adding_params),
    .ops = &seq_ops,
    .create = create,
    .destroy = seq_destroy,
};
