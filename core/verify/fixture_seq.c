/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the built-in source that are sequences. Every number is a multiple of 1/16. */
#include <math.h>
#include <stdlib.h>

#include "core/verify/priv.h"

enum { STEPS = 6, WIDTH = 3, TOKENS = 5, CLASSES = 3, OUTPUTS = 2, STREAMS = 4 };

static double sixteenth(thw_rng *r) {
  return (double)(thw_rng_index(r, 65) - 32) / 16;
}

static void put(void *to, uint32_t dtype, int64_t i, double v) {
  if (dtype == THW_F32)
    ((float *)to)[i] = (float)v;
  else
    ((double *)to)[i] = v;
}

int vf_seq_classes(int variant) {
  return variant == VF_SEQ_TOKENS ? TOKENS : variant == VF_SEQ_CLASS ? CLASSES : 0;
}

void vf_seq_describe(int variant, thw_source_info *out) {
  static const char *const names[TOKENS] = {"a", "b", "c", "d", "e"};
  int k = vf_seq_classes(variant);
  out->label = k ? THW_LABEL_CLASS : THW_LABEL_REAL;
  out->classes = k;
  out->class_name = k ? names : NULL;
  out->steps = STEPS;
  out->targets = variant == VF_SEQ_REAL ? OUTPUTS : 1;
  out->target = variant == VF_SEQ_CLASS ? THW_TARGET_ROW : THW_TARGET_STEP;
  out->tokens = variant == VF_SEQ_TOKENS;
  out->token_name = out->tokens ? names : NULL;
  out->chain = variant == VF_SEQ_TOKENS ? STREAMS : 0;
}

/* A target of each step: the sign and size of what has come so far, and of this step. */
static void fill_real(thw_rows *o, int64_t n, thw_rng *r) {
  double *seen = tw_calloc(WIDTH, sizeof *seen);
  uint8_t *counts = tw_calloc((size_t)(n * STEPS), 1);
  void *x = tw_calloc((size_t)(n * STEPS * WIDTH), sizeof(double));
  void *y = tw_calloc((size_t)(n * STEPS * OUTPUTS), sizeof(double));
  for (int64_t s = 0; s < n * STEPS; s++) {
    double sum = 0;
    for (int64_t j = 0; j < WIDTH; j++) {
      double v = sixteenth(r);
      seen[j] = s % STEPS ? floor(8 * seen[j] + 16 * v) / 16 : v;
      sum += seen[j];
      put(x, o->dtype, s * WIDTH + j, v);
    }
    counts[s] = s % STEPS > 0;
    put(y, o->dtype, s * OUTPUTS, floor(8 * sum) / 16);
    put(y, o->dtype, s * OUTPUTS + 1, sum > 0 ? 1 : -1);
  }
  free(seen);
  o->x = x;
  o->y = y;
  o->counts = counts;
}

/* One class for a sequence; sequences differ in length and lie in the store with gaps. */
static void fill_class(thw_rows *o, int64_t n, thw_rng *r) {
  int64_t *first = tw_calloc((size_t)n, sizeof *first);
  int32_t *steps = tw_calloc((size_t)n, sizeof *steps),
          *label = tw_calloc((size_t)n, sizeof *label);
  void *x = tw_calloc((size_t)(n * (STEPS + 1) * WIDTH), sizeof(double));
  void *y = tw_calloc((size_t)n, sizeof(double));
  for (int64_t i = 0; i < n; i++) {
    double sum = 0;
    first[i] = i * (STEPS + 1) + 1;
    steps[i] = 1 + (int32_t)thw_rng_index(r, STEPS);
    for (int64_t k = 0; k < steps[i] * WIDTH; k++) {
      double v = sixteenth(r);
      sum += k % 2 ? -v : v;
      put(x, o->dtype, first[i] * WIDTH + k, v);
    }
    label[i] = sum < -0.5 ? 0 : sum < 0.5 ? 1 : 2;
    put(y, o->dtype, i, label[i]);
  }
  o->x = x;
  o->y = y;
  o->label = label;
  o->first = first;
  o->steps_of = steps;
}

/* Streams of tokens cut into chunks, the next token as the target. */
static void fill_tokens(thw_rows *o, int64_t n, thw_rng *r) {
  int64_t chunks = (n + STREAMS - 1) / STREAMS, per_stream = chunks * STEPS;
  int64_t all = STREAMS * per_stream;
  int64_t *first = tw_calloc((size_t)n, sizeof *first);
  int32_t *token = tw_calloc((size_t)all + 1, sizeof *token);
  int32_t *label = tw_calloc((size_t)all, sizeof *label);
  void *y = tw_calloc((size_t)all, sizeof(double));
  for (int64_t s = 0; s <= all; s++)
    token[s] = (int32_t)((s ? token[s - 1] : 0) + 1 + (thw_rng_index(r, 4) == 0)) % TOKENS;
  for (int64_t s = 0; s < all; s++) {
    label[s] = token[s + 1];
    put(y, o->dtype, s, label[s]);
  }
  for (int64_t i = 0; i < n; i++) first[i] = i % STREAMS * per_stream + i / STREAMS * STEPS;
  o->token = token;
  o->label = label;
  o->y = y;
  o->first = first;
  o->chain = STREAMS;
}

void vf_seq_fill(int variant, thw_rows *out, uint32_t dtype, int64_t n, thw_rng *r) {
  thw_source_info i = {0};
  vf_seq_describe(variant, &i);
  *out = (thw_rows){.size = sizeof *out, .layout = THW_ROWS_SEQ, .dtype = dtype, .n = n};
  out->width = i.tokens ? TOKENS : WIDTH;
  out->ld = i.tokens ? 0 : WIDTH;
  out->steps = STEPS;
  out->target = i.target;
  out->targets = i.targets;
  if (variant == VF_SEQ_REAL)
    fill_real(out, n, r);
  else if (variant == VF_SEQ_CLASS)
    fill_class(out, n, r);
  else
    fill_tokens(out, n, r);
}
