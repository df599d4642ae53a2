/* SPDX-License-Identifier: BSD-3-Clause */
/* The copy task: symbols to be repeated after a delay. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "plugins/sources/sequence/sequence.h"

#define SYMBOLS_MOST 1024

enum { SCORE_RECALL, SCORE_ALL };
static const char *const score_choices[] = {"recall", "all", NULL};

/* `length` is the number of symbols; a sequence has delay + 2 length steps. */
struct copy_params {
  SEQ_FIELDS
  int64_t delay, symbols;
  int32_t score;
};

static const thw_param params[] = {
    SEQ_PARAM_N(struct copy_params, 0),
    SEQ_PARAM_TEST(struct copy_params, 1000),
    THW_PARAM_INT(struct copy_params, length, 10, 1, SEQ_LENGTH_MOST / 4, "steps",
                  "Symbols to be remembered."),
    THW_PARAM_INT(struct copy_params, delay, 20, 1, SEQ_LENGTH_MOST / 4, "steps",
                  "Steps between the last symbol and the first answer."),
    THW_PARAM_INT(struct copy_params, symbols, 8, 2, SYMBOLS_MOST, NULL,
                  "Different symbols; a blank and the signal to answer come on top."),
    THW_PARAM_ENUM(struct copy_params, score, SCORE_RECALL, score_choices,
                   "Which steps carry a target: those of the answer (recall), or all, with a blank "
                   "expected before."),
    SEQ_PARAM_SEED(struct copy_params),
};

/* Token 0 is the blank, 1 .. symbols are the symbols, symbols + 1 is the signal. */
struct names {
  const char *name[SYMBOLS_MOST + 2];
  char text[SYMBOLS_MOST][8];
};

static thw_status prepare(seq_gen *g) {
  const struct copy_params *p = (const void *)g->p;
  struct names *t = calloc(1, sizeof *t);
  if (!(g->own = t)) return td_nomem(g->env, "names", sizeof *t);
  t->name[0] = "_";
  for (int64_t k = 0; k < p->symbols; k++) {
    snprintf(t->text[k], sizeof t->text[k], p->symbols <= 26 ? "%c" : "%d",
             p->symbols <= 26 ? 'a' + (int)k : (int)k);
    t->name[k + 1] = t->text[k];
  }
  t->name[p->symbols + 1] = "?";
  g->steps = p->delay + 2 * p->length;
  g->width = p->symbols + 2;
  g->token_name = t->name;
  g->classes = p->symbols + 1;
  g->class_name = t->name;
  if (p->score == SCORE_ALL) return THW_OK;
  if (!(g->counts = td_array(g->env, g->steps, 1, "steps"))) return THW_E_NOMEM;
  for (int64_t l = 0; l < g->steps; l++) g->counts[l] = l >= p->delay + p->length;
  return THW_OK;
}

static void end(seq_gen *g) {
  free(g->own);
}

/* Symbols; delay - 1 blanks; the signal; length blanks, at which the answer is due. */
static void row(const seq_gen *g, uint32_t set, int64_t id, seq_row *o) {
  const struct copy_params *p = (const void *)g->p;
  thw_rng r = seq_row_rng(g, set, SEQ_TOKENS, id);
  int64_t answer = p->delay + p->length;
  for (int64_t l = 0; l < g->steps; l++) o->token[l] = o->label[l] = 0;
  for (int64_t l = 0; l < p->length; l++)
    o->token[l] = o->label[answer + l] = 1 + (int32_t)thw_rng_index(&r, p->symbols);
  o->token[answer - 1] = (int32_t)p->symbols + 1;
  for (int64_t l = 0; l < g->steps; l++) td_put(o->y, o->dtype, l, o->label[l]);
}

static const seq_law law = {.target = THW_TARGET_STEP,
                            .tokens = 1,
                            .label = THW_LABEL_CLASS,
                            .prepare = prepare,
                            .row = row,
                            .end = end};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  return seq_create(&law, (td_env){h, c}, p, self);
}

const thw_component copy_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "copy",
    .version = PACKAGE_VERSION,
    .summary = "tokens to be repeated after a delay",
    .doc =
        "A sequence is `length` random symbols, delay - 1 blanks, a signal, and `length` blanks "
        "at which the symbols are to be repeated in their order. A step is a token (a blank, a "
        "symbol, or the signal), its target a class (a blank or a symbol). Without memory the "
        "answer's cross-entropy is log(symbols) at each of its steps.\n\n" SEQ_DOC SEQ_STREAM_DOC,
    .reference = "S. Hochreiter, J. Schmidhuber: Long short-term memory. Neural Computation 9, "
                 "1997; M. Arjovsky, A. Shah, Y. Bengio: Unitary evolution recurrent neural "
                 "networks. ICML 2016",
    THW_PARAMS(params, struct copy_params),
    .ops = &seq_ops,
    .create = create,
    .destroy = seq_destroy,
};
