/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers, targets and tokens of rows that are sequences. */
#ifndef THALWEG_TESTS_SEQUENCE_ROWS_H
#define THALWEG_TESTS_SEQUENCE_ROWS_H

#include "tests/unit/open_source.h"

/* Number j of step l (from 0) of row k of a batch. */
static THW_UNUSED double step_at(const thw_batch *b, int64_t k, int64_t l, int64_t j) {
  const thw_rows *r = b->rows;
  int64_t i = thw_batch_row(b, k), s = (r->first ? r->first[i] : i * r->steps) + l;
  int64_t at = s * r->ld + j;
  return r->dtype == THW_F32 ? (double)((const float *)r->x)[at] : ((const double *)r->x)[at];
}

static THW_UNUSED double target_at(const thw_batch *b, int64_t k, int64_t l, int64_t j) {
  const thw_rows *r = b->rows;
  int64_t i = thw_batch_row(b, k), s = (r->first ? r->first[i] : i * r->steps) + l;
  int64_t at = (r->target == THW_TARGET_STEP ? s : i) * r->targets + j;
  return r->dtype == THW_F32 ? (double)((const float *)r->y)[at] : ((const double *)r->y)[at];
}

static THW_UNUSED int counts_at(const thw_batch *b, int64_t k, int64_t l) {
  const thw_rows *r = b->rows;
  int64_t i = thw_batch_row(b, k);
  return !r->counts || r->counts[(r->first ? r->first[i] : i * r->steps) + l];
}

static THW_UNUSED int64_t store_step(const thw_batch *b, int64_t k, int64_t l) {
  const thw_rows *r = b->rows;
  int64_t i = thw_batch_row(b, k);
  return (r->first ? r->first[i] : i * r->steps) + l;
}

#endif
