/* SPDX-License-Identifier: BSD-3-Clause */
/* Random sequences as a source, in either precision: vectors with targets at each step. */
#ifndef THALWEG_TESTS_SEQ_FIXTURE_H
#define THALWEG_TESTS_SEQ_FIXTURE_H

#include "tests/unit/linear_fixture.h"

typedef struct seq {
  int64_t n, steps, pad, width, d, chain;
  uint32_t dtype;
  double *x, *y; /* (n, steps + pad, width), (n, steps + pad, d) */
  void *xt, *yt;
  int32_t *length;
  thw_rows rows;
  thw_object source;
} seq;

static thw_status seq_sets(void *self, uint32_t *n) {
  (void)self;
  *n = 1;
  return THW_OK;
}

static thw_status seq_info(void *self, uint32_t set, thw_source_info *out) {
  const seq *s = self;
  (void)set;
  *out = (thw_source_info){.size = out->size,
                           .layout = THW_ROWS_SEQ,
                           .label = THW_LABEL_REAL,
                           .n = s->n,
                           .width = s->width,
                           .set = "train",
                           .steps = s->steps + s->pad,
                           .targets = s->d,
                           .target = THW_TARGET_STEP,
                           .chain = s->chain};
  return THW_OK;
}

static thw_status seq_take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                           thw_batch **out) {
  seq *s = self;
  *out = calloc(1, sizeof **out);
  **out = (thw_batch){sizeof **out, set, n, first, index, &s->rows, NULL, 0};
  return THW_OK;
}

static void seq_release(void *self, thw_batch *b) {
  (void)self;
  free(b);
}

static const thw_source_ops seq_ops = {
    sizeof(thw_source_ops), 0, seq_sets, seq_info, seq_take, seq_release};

/* Row i has `steps` steps; the store has `pad` more behind each, full of other numbers, which
 * steps_of cuts off. */
static THW_UNUSED seq *seq_new(int64_t n, int64_t steps, int64_t pad, int64_t width, int64_t d,
                               uint32_t dtype) {
  seq *s = calloc(1, sizeof *s);
  thw_rng r = {.key = {17, 3}}, junk = {.key = {18, 3}};
  *s = (seq){.n = n, .steps = steps, .pad = pad, .width = width, .d = d, .dtype = dtype};
  int64_t all = n * (steps + pad);
  s->x = calloc((size_t)(all * width), sizeof(double));
  s->y = calloc((size_t)(all * d), sizeof(double));
  s->length = calloc((size_t)n, sizeof *s->length);
  for (int64_t i = 0; i < n; i++) {
    s->length[i] = (int32_t)steps;
    for (int64_t l = 0; l < steps + pad; l++) {
      thw_rng *from = l < steps ? &r : &junk;
      int64_t at = i * (steps + pad) + l;
      for (int64_t j = 0; j < width; j++)
        s->x[at * width + j] = (double)(float)(thw_rng_normal(from) / sqrt((double)width));
      for (int64_t j = 0; j < d; j++) s->y[at * d + j] = (double)(float)thw_rng_normal(from);
    }
  }
  s->xt = fixture_typed(s->x, all * width, dtype);
  s->yt = fixture_typed(s->y, all * d, dtype);
  s->rows = (thw_rows){.size = sizeof s->rows,
                       .layout = THW_ROWS_SEQ,
                       .dtype = dtype,
                       .n = n,
                       .width = width,
                       .x = s->xt,
                       .ld = width,
                       .y = s->yt,
                       .steps_of = s->length,
                       .steps = steps + pad,
                       .target = THW_TARGET_STEP,
                       .targets = d};
  s->source = (thw_object){sizeof s->source, THW_SOURCE, &seq_ops, s, NULL};
  return s;
}

static THW_UNUSED void seq_free(seq *s) {
  free(s->x);
  free(s->y);
  free(s->xt);
  free(s->yt);
  free(s->length);
  free(s);
}

#endif
