/* SPDX-License-Identifier: BSD-3-Clause */
/* Text, character by character: the next one is to be found at each step. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "kernels/data/table.h"
#include "plugins/sources/sequence/sequence.h"
#include "plugins/sources/sequence/vocab.h"

static const char *const units[] = {"byte", "character", NULL};

struct text_params {
  const char *path;
  int32_t unit;
  int64_t length, streams, test_streams, test_length, test_most, warmup;
  double test;
};

static const thw_param params[] = {
    THW_PARAM_PATH(struct text_params, path, NULL, THW_P_REQUIRED,
                   "File with the text, plain or gzip."),
    THW_PARAM_ENUM(struct text_params, unit, VOCAB_BYTE, units,
                   "What a token is: a byte, or a character of UTF-8."),
    THW_PARAM_INT(struct text_params, length, 64, 1, SEQ_LENGTH_MOST, "steps",
                  "Tokens in a chunk, which is a row."),
    THW_PARAM_INT(struct text_params, streams, 32, 1, 1 << 20, NULL,
                  "Equal stretches that the training text is cut into; rows go through them in "
                  "step, so that a batch of that many holds one chunk of each."),
    THW_PARAM_REAL(struct text_params, test, 0.1, 0, 1, THW_P_MAX_OPEN, NULL,
                   "Part of the text, at its end, that is set \"test\"; 0: no such set."),
    THW_PARAM_INT(struct text_params, test_streams, 0, 0, 1 << 20, NULL,
                  "Stretches of the test text, fewer where it is short; 0: as many as of the "
                  "training text, which a model that carries its state needs."),
    THW_PARAM_INT(struct text_params, test_length, 100, 1, SEQ_LENGTH_MOST, "steps",
                  "Tokens in a chunk of the test text."),
    THW_PARAM_INT(struct text_params, test_most, 50000, 0, THW_NO_BOUND, "steps",
                  "Only so many tokens of the test text are used; 0: all."),
    THW_PARAM_INT(struct text_params, warmup, 1, 0, 1 << 20, NULL,
                  "Chunks at the beginning of each test stretch that only warm the state up and "
                  "do not count."),
};

typedef struct text {
  seq_store store; /* first */
  const struct text_params *p;
  uint32_t dtype;
  vocab v;
  int32_t *token, *label;
  void *y;
  int64_t n; /* tokens */
} text;

/* `tokens` tokens from `from` on as rows: `streams` stretches, each cut into chunks. The target of
 * a step is the next token, so the last token is none's input. */
static thw_status cut(text *t, seq_set *s, int64_t from, int64_t tokens, int64_t streams,
                      int64_t length) {
  int64_t stretch = (tokens - 1) / streams, chunks = stretch / length;
  int64_t *first = seq_array(&t->store, s, streams * chunks, sizeof *first, "rows");
  if (!first) return THW_E_NOMEM;
  for (int64_t i = 0; i < streams * chunks; i++)
    first[i] = i % streams * stretch + i / streams * length;
  s->rows = (thw_rows){.size = (uint32_t)sizeof(thw_rows),
                       .layout = THW_ROWS_SEQ,
                       .dtype = t->dtype,
                       .n = streams * chunks,
                       .width = t->v.n,
                       .y = (const char *)t->y + (size_t)from * td_dtype_size(t->dtype),
                       .label = t->label + from,
                       .first = first,
                       .steps = length,
                       .token = t->token + from,
                       .target = THW_TARGET_STEP,
                       .targets = 1,
                       .chain = streams};
  return THW_OK;
}

static thw_status cut_train(text *t, int64_t tokens) {
  const struct text_params *p = t->p;
  t->store.set[0].name = td_set_name[0];
  if (tokens - 1 < p->streams * p->length)
    return td_fail(t->store.env, THW_E_ARG,
                   "%s: %lld training tokens are not enough for %lld streams of %lld: make streams "
                   "or length smaller",
                   p->path, (long long)tokens, (long long)p->streams, (long long)p->length);
  return cut(t, &t->store.set[0], 0, tokens, p->streams, p->length);
}

static thw_status cut_test(text *t, int64_t from, int64_t tokens) {
  const struct text_params *p = t->p;
  seq_set *s = &t->store.set[1];
  int64_t streams = p->test_streams > 0 ? p->test_streams : p->streams, chunks = p->warmup + 1;
  s->name = td_set_name[1];
  if (p->test_most > 0 && tokens > p->test_most) tokens = p->test_most;
  while (streams > 1 && (tokens - 1) / streams / p->test_length < chunks) streams--;
  if ((tokens - 1) / p->test_length < chunks)
    return td_fail(t->store.env, THW_E_ARG,
                   "%s: %lld test tokens are not enough for %lld chunks of %lld: make test larger, "
                   "test_length or warmup smaller, or set test = 0",
                   p->path, (long long)tokens, (long long)chunks, (long long)p->test_length);
  THW_TRY(cut(t, s, from, tokens, streams, p->test_length));
  if (p->warmup == 0) return THW_OK;
  uint8_t *counts = seq_array(&t->store, s, tokens, 1, "rows");
  if (!counts) return THW_E_NOMEM;
  memset(counts, 1, (size_t)tokens);
  for (int64_t k = 0; k < streams; k++)
    memset(counts + s->rows.first[k], 0, (size_t)(p->warmup * p->test_length));
  s->rows.counts = counts;
  return THW_OK;
}

static thw_status next_tokens(text *t) {
  td_env e = t->store.env;
  if (!(t->label = td_array(e, t->n, sizeof *t->label, "the text"))) return THW_E_NOMEM;
  if (!(t->y = td_array(e, t->n, td_dtype_size(t->dtype), "the text"))) return THW_E_NOMEM;
  for (int64_t i = 0; i < t->n; i++) {
    t->label[i] = i + 1 < t->n ? t->token[i + 1] : 0;
    td_put(t->y, t->dtype, i, t->label[i]);
  }
  return THW_OK;
}

static thw_status load(text *t) {
  td_file f;
  td_env e = t->store.env;
  THW_TRY(td_file_read(e, t->p->path, &f));
  thw_status s = vocab_read(e, &f, t->p->unit, &t->v, &t->token, &t->n);
  td_file_free(&f);
  THW_TRY(s);
  if (t->v.n < 2)
    return td_fail(e, THW_E_FORMAT, "%s: a text needs at least two different characters",
                   t->p->path);
  THW_TRY(next_tokens(t));
  int64_t test = (int64_t)(t->p->test * (double)t->n);
  t->store.n_sets = t->p->test > 0 ? 2 : 1;
  t->store.info = (thw_source_info){.layout = THW_ROWS_SEQ,
                                    .label = THW_LABEL_CLASS,
                                    .width = t->v.n,
                                    .classes = t->v.n,
                                    .class_name = t->v.name,
                                    .targets = 1,
                                    .target = THW_TARGET_STEP,
                                    .tokens = 1,
                                    .token_name = t->v.name};
  THW_TRY(cut_train(t, t->n - test));
  return t->p->test > 0 ? cut_test(t, t->n - test, test) : THW_OK;
}

static void destroy(void *self) {
  text *t = self;
  seq_store_free(&t->store);
  vocab_free(&t->v);
  td_array_free(t->token);
  td_array_free(t->label);
  td_array_free(t->y);
  free(t);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  td_env e = {h, c};
  text *t = calloc(1, sizeof *t);
  if (!t) return td_nomem(e, "a source", sizeof *t);
  t->store.env = e;
  t->p = p;
  t->dtype = h->dtype(c);
  thw_status s = load(t);
  if (s == THW_OK)
    *self = t;
  else
    destroy(t);
  return s;
}

const thw_component text_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "text",
    .version = PACKAGE_VERSION,
    .summary = "a text as tokens, the next one to be found at each step",
    .doc = "Tokens are the bytes or characters that occur in the file, numbered in order of value; "
           "the target of a step is the next token, in bits or nats per token as the model counts. "
           "The last part of the text is set \"test\".\n\n"
           "The training text is cut into `streams` equal stretches and each of them into chunks "
           "of `length`; row i is chunk i / streams of stretch i % streams and goes on where row "
           "i - streams ended. A model that carries its state from chunk to chunk wants batches "
           "of exactly `streams` rows in this order: the oracle finite-sum with order = "
           "\"sequential\" (its default on such rows) and an optimizer with draw = \"epoch\" and "
           "batch = streams. Read in this way, a pass reads the whole text.",
    .reference = "A. Graves: Generating sequences with recurrent neural networks, arXiv:1308.0850",
    THW_PARAMS(params, struct text_params),
    .ops = &seq_store_ops,
    .create = create,
    .destroy = destroy,
};
