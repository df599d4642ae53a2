/* SPDX-License-Identifier: BSD-3-Clause */
/* A built-in source: a few rows of every kind that a model may meet. Every number is a multiple of
 * 1/16, so float32 and float64 hold the same ones. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/verify/priv.h"

enum { DENSE_WIDTH = 5, CSR_WIDTH = 12, PLANES = 2, SIDE = 4, SETS = 2 };

typedef struct batch {
  thw_batch head;
  struct batch *next;
} batch;

struct vf_rows {
  thw_object object;
  int variant;
  thw_rows set[SETS];
  batch *spare;
};

static const char *const names[VF_VARIANTS] = {
    [VF_DENSE_TWO] = "dense rows, two classes",
    [VF_DENSE_THREE] = "dense rows, three classes",
    [VF_DENSE_REAL] = "dense rows, real labels",
    [VF_CSR_TWO] = "sparse rows, two classes",
    [VF_CSR_THREE] = "sparse rows, three classes",
    [VF_CSR_REAL] = "sparse rows, real labels",
    [VF_CSR_ONES] = "sparse rows of ones, two classes",
    [VF_IMAGES] = "images, three classes",
    [VF_DENSE_NONE] = "dense rows without labels",
    [VF_NUMBERS] = "row numbers only",
    [VF_SEQ_REAL] = "sequences of vectors, numbers at each step",
    [VF_SEQ_CLASS] = "sequences of several lengths, one class each",
    [VF_SEQ_TOKENS] = "chunks of streams of tokens",
};

const char *vf_variant_name(int variant) {
  return names[variant];
}

static int is_dense(int v) {
  return v == VF_DENSE_TWO || v == VF_DENSE_THREE || v == VF_DENSE_REAL || v == VF_IMAGES ||
         v == VF_DENSE_NONE;
}

static int is_seq(int v) {
  return v == VF_SEQ_REAL || v == VF_SEQ_CLASS || v == VF_SEQ_TOKENS;
}

static int classes(int v) {
  if (v == VF_DENSE_THREE || v == VF_CSR_THREE || v == VF_IMAGES) return 3;
  return v == VF_DENSE_TWO || v == VF_CSR_TWO || v == VF_CSR_ONES ? 2 : 0;
}

static int64_t width_of(int v) {
  if (v == VF_IMAGES) return PLANES * SIDE * SIDE;
  return is_dense(v) ? DENSE_WIDTH : CSR_WIDTH;
}

static double sixteenth(thw_rng *r) {
  return (double)(thw_rng_index(r, 65) - 32) / 16;
}

static void *numbers(uint32_t dtype, const double *from, int64_t n) {
  if (dtype == THW_F64) {
    double *to = tw_calloc((size_t)n + 1, sizeof *to);
    memcpy(to, from, (size_t)n * sizeof *to);
    return to;
  }
  float *to = tw_calloc((size_t)n + 1, sizeof *to);
  for (int64_t i = 0; i < n; i++) to[i] = (float)from[i];
  return to;
}

/* Labels by a planted rule and some noise, so that losses have something to find. */
static void label_row(const vf_rows *s, double score, thw_rng *r, double *y, int32_t *label) {
  int k = classes(s->variant);
  double noisy = score + sixteenth(r) / 2;
  if (k == 0) {
    *y = floor(noisy * 16) / 16;
  } else if (k == 2) {
    *label = noisy > 0;
    *y = *label ? 1 : -1;
  } else {
    *label = noisy < -0.5 ? 0 : noisy < 0.5 ? 1 : 2;
    *y = *label;
  }
}

static double score_of(int64_t column, double x) {
  static const double w[] = {0.5, -0.25, 0.75, 0, -0.5};
  return w[column % 5] * x;
}

static void fill(vf_rows *s, thw_rows *out, uint32_t dtype, int64_t n, thw_rng *r) {
  if (is_seq(s->variant)) {
    vf_seq_fill(s->variant, out, dtype, n, r);
    return;
  }
  if (s->variant == VF_NUMBERS) {
    *out = (thw_rows){.size = sizeof *out, .layout = THW_ROWS_NONE, .dtype = dtype, .n = n};
    return;
  }
  int dense = is_dense(s->variant);
  int64_t width = width_of(s->variant), stored = 0;
  double *x = tw_calloc((size_t)(n * width), sizeof *x), *y = tw_calloc((size_t)n, sizeof *y);
  int64_t *start = tw_calloc((size_t)n + 1, sizeof *start);
  int32_t *col = tw_calloc((size_t)(n * width), sizeof *col);
  int32_t *label = tw_calloc((size_t)n, sizeof *label);
  for (int64_t i = 0; i < n; i++) {
    double score = 0;
    for (int64_t j = 0; j < width; j++) {
      /* One row in seven of a sparse source is empty. */
      if (!dense && (i % 7 == 3 || thw_rng_index(r, 10) >= 3)) continue;
      double v = s->variant == VF_CSR_ONES ? 1 : sixteenth(r);
      col[stored] = (int32_t)j;
      x[stored++] = v;
      score += score_of(j, v);
    }
    start[i + 1] = stored;
    label_row(s, score, r, &y[i], &label[i]);
  }
  *out = (thw_rows){.size = sizeof *out, .dtype = dtype, .n = n, .width = width};
  out->layout = dense ? THW_ROWS_DENSE : THW_ROWS_CSR;
  if (s->variant != VF_CSR_ONES) out->x = numbers(dtype, x, stored);
  if (dense) {
    out->ld = width;
    free(start);
    free(col);
  } else {
    out->start = start;
    out->col = col;
  }
  if (s->variant != VF_DENSE_NONE) out->y = numbers(dtype, y, n);
  if (classes(s->variant))
    out->label = label;
  else
    free(label);
  free(x);
  free(y);
}

/* ---- the table --------------------------------------------------------------------------------
 */

static thw_status sets(void *self, uint32_t *n) {
  (void)self;
  *n = SETS;
  return THW_OK;
}

static thw_status info(void *self, uint32_t set, thw_source_info *out) {
  static const char *const two[] = {"-1", "+1"}, *const three[] = {"0", "1", "2"};
  const vf_rows *s = self;
  if (set >= SETS) return THW_E_ARG;
  int k = classes(s->variant);
  *out = (thw_source_info){.size = out->size, .layout = s->set[set].layout};
  out->label = k ? THW_LABEL_CLASS : THW_LABEL_REAL;
  if (s->variant == VF_DENSE_NONE || s->variant == VF_NUMBERS) out->label = THW_LABEL_NONE;
  out->n = s->set[set].n;
  out->width = s->set[set].width;
  out->set = set == 0 ? "train" : "test";
  out->classes = k;
  if (k) out->class_name = k == 2 ? two : three;
  if (s->variant == VF_IMAGES) {
    out->n_dims = 3;
    out->dims[0] = PLANES;
    out->dims[1] = out->dims[2] = SIDE;
  }
  if (is_seq(s->variant)) vf_seq_describe(s->variant, out);
  return THW_OK;
}

static thw_status take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                       thw_batch **out) {
  vf_rows *s = self;
  if (set >= SETS || n < 0 || (!index && (first < 0 || first + n > s->set[set].n)))
    return THW_E_ARG;
  batch *b = s->spare;
  if (b)
    s->spare = b->next;
  else
    b = tw_calloc(1, sizeof *b);
  b->head = (thw_batch){.size = sizeof b->head, .set = set, .n = n, .first = first};
  b->head.index = index;
  b->head.rows = &s->set[set];
  *out = &b->head;
  return THW_OK;
}

static void give_back(void *self, thw_batch *b) {
  vf_rows *s = self;
  batch *mine = (batch *)(void *)b;
  mine->next = s->spare;
  s->spare = mine;
}

static const thw_source_ops ops = {
    .size = sizeof ops, .sets = sets, .info = info, .take = take, .release = give_back};

vf_rows *vf_rows_new(uint32_t dtype, int variant, int64_t n) {
  vf_rows *s = tw_calloc(1, sizeof *s);
  if (variant == VF_IMAGES && n > 64) n = 64 + (n - 64) / 64; /* there is much to do on each */
  thw_rng r;
  s->variant = variant;
  s->object = (thw_object){sizeof s->object, THW_SOURCE, &ops, s, NULL};
  tw_stream(1, "verify", names[variant], &r);
  fill(s, &s->set[0], dtype, n, &r);
  fill(s, &s->set[1], dtype, n / 2 + 1, &r);
  return s;
}

void vf_rows_free(vf_rows *s) {
  if (!s) return;
  for (int i = 0; i < SETS; i++) {
    free((void *)(uintptr_t)s->set[i].x);
    free((void *)(uintptr_t)s->set[i].y);
    free((void *)(uintptr_t)s->set[i].label);
    free((void *)(uintptr_t)s->set[i].start);
    free((void *)(uintptr_t)s->set[i].col);
    free((void *)(uintptr_t)s->set[i].first);
    free((void *)(uintptr_t)s->set[i].steps_of);
    free((void *)(uintptr_t)s->set[i].token);
    free((void *)(uintptr_t)s->set[i].counts);
  }
  for (batch *b = s->spare, *next; b; b = next) {
    next = b->next;
    free(b);
  }
  free(s);
}

const thw_object *vf_rows_object(vf_rows *s) {
  return &s->object;
}

const thw_rows *vf_rows_raw(const vf_rows *s, uint32_t set) {
  return &s->set[set];
}
