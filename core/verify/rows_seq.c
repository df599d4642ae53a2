/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows that are sequences: what a source promises about them, and whether they keep it. */
#include <math.h>

#include "core/verify/priv.h"

static double number(const void *p, uint32_t dtype, int64_t i) {
  return dtype == THW_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static int64_t first_of(const thw_rows *r, int64_t i) {
  return r->first ? r->first[i] : i * r->steps;
}

static int64_t steps_of(const thw_rows *r, int64_t i) {
  return r->steps_of ? r->steps_of[i] : r->steps;
}

static int64_t targets_of(int64_t targets) {
  return targets > 0 ? targets : 1;
}

int vf_seq_info(vf_case *k, const thw_source_info *i, const thw_source_info *zero) {
  if (i->steps < 1 && i->n != 0) return vf_fail(k, "set %s: sequences without steps", i->set);
  if (i->targets < 0) return vf_fail(k, "set %s: negative number of targets", i->set);
  if (i->target > THW_TARGET_STEP)
    return vf_fail(k, "set %s: unknown place of targets %u", i->set, i->target);
  if (i->tokens > 1) return vf_fail(k, "set %s: tokens is %u, not 0 or 1", i->set, i->tokens);
  if (i->width < 1) return vf_fail(k, "set %s: steps of width %lld", i->set, (long long)i->width);
  if (i->chain < 0) return vf_fail(k, "set %s: negative chain", i->set);
  if (i->label == THW_LABEL_CLASS && targets_of(i->targets) != 1)
    return vf_fail(k, "set %s: %lld classes in one target", i->set, (long long)i->targets);
  if (i->target != zero->target || i->tokens != zero->tokens ||
      targets_of(i->targets) != targets_of(zero->targets))
    return vf_fail(k, "set %s: targets or tokens are not those of set 0", i->set);
  for (int64_t t = 0; i->tokens && i->token_name && t < i->width; t++)
    if (!i->token_name[t]) return vf_fail(k, "token %lld has no name", (long long)t);
  return 0;
}

int vf_seq_head(vf_case *k, const thw_source_info *i, const thw_rows *r) {
  if (i->tokens && (r->x || !r->token))
    return vf_fail(k, "tokens are promised, x is set or no token");
  if (!i->tokens && (!r->x || r->ld < r->width))
    return vf_fail(k, "vectors are promised, no x or ld is less than the width");
  if (r->target != i->target || targets_of(r->targets) != targets_of(i->targets))
    return vf_fail(k, "a batch has targets in another place or number than info says");
  if (r->steps > i->steps)
    return vf_fail(k, "a batch has rows of up to %lld steps, info says %lld", (long long)r->steps,
                   (long long)i->steps);
  return 0;
}

static int step(vf_case *k, const thw_rows *r, int64_t row, int64_t s) {
  if (r->token && (r->token[s] < 0 || r->token[s] >= r->width))
    return vf_fail(k, "row %lld has token %d of %lld", (long long)row, (int)r->token[s],
                   (long long)r->width);
  for (int64_t j = 0; r->x && j < r->width; j++)
    if (!isfinite(number(r->x, r->dtype, s * r->ld + j)))
      return vf_fail(k, "row %lld has a value that is not finite", (long long)row);
  if (r->counts && r->counts[s] > 1)
    return vf_fail(k, "row %lld: counts is %u, not 0 or 1", (long long)row, r->counts[s]);
  return 0;
}

/* Entry e of the targets. */
static int target(vf_case *k, const thw_source_info *i, const thw_rows *r, int64_t row, int64_t e) {
  int64_t t = targets_of(r->targets);
  if (i->label != THW_LABEL_NONE && !r->y) return vf_fail(k, "labels are promised, y is NULL");
  for (int64_t j = 0; r->y && j < t; j++)
    if (!isfinite(number(r->y, r->dtype, e * t + j)))
      return vf_fail(k, "row %lld has a target that is not finite", (long long)row);
  if (i->label != THW_LABEL_CLASS) return 0;
  if (!r->label) return vf_fail(k, "classes are promised, label is NULL");
  if (r->label[e] < 0 || r->label[e] >= i->classes)
    return vf_fail(k, "row %lld has class %d of %lld", (long long)row, (int)r->label[e],
                   (long long)i->classes);
  return 0;
}

int vf_seq_row(vf_case *k, const thw_source_info *i, const thw_rows *r, int64_t row) {
  int64_t from = first_of(r, row), n = steps_of(r, row);
  if (n < 1 || n > r->steps || from < 0)
    return vf_fail(k, "row %lld has %lld steps from %lld on, at most %lld were promised",
                   (long long)row, (long long)n, (long long)from, (long long)r->steps);
  if (r->chain > 0 && r->first && r->n > r->chain && row >= r->chain &&
      from != first_of(r, row - r->chain) + steps_of(r, row - r->chain))
    return vf_fail(k, "row %lld does not begin where row %lld, which it continues, ends",
                   (long long)row, (long long)(row - r->chain));
  for (int64_t s = from; s < from + n; s++) {
    if (step(k, r, row, s) != 0) return -1;
    if (i->target == THW_TARGET_STEP && target(k, i, r, row, s) != 0) return -1;
  }
  return i->target == THW_TARGET_ROW ? target(k, i, r, row, row) : 0;
}

/* Every number of a sequence, or, of a very long one, one in so many. */
enum { PUT_MOST = 1 << 16 };

static void put_target(vf_trace *t, const thw_rows *r, int64_t e) {
  int64_t n = targets_of(r->targets), by = 1 + n / PUT_MOST;
  for (int64_t j = 0; r->y && j < n; j += by) vf_put(t, number(r->y, r->dtype, e * n + j));
  if (r->label) vf_put(t, (double)r->label[e]);
}

static int64_t size_of(const thw_rows *r, int64_t row) {
  int64_t targets = r->target == THW_TARGET_STEP ? targets_of(r->targets) : 0;
  return steps_of(r, row) * ((r->token ? 1 : r->width) + targets + 2);
}

void vf_seq_put(vf_trace *t, const thw_rows *r, int64_t row) {
  int64_t from = first_of(r, row), n = steps_of(r, row), by = 1 + size_of(r, row) / PUT_MOST;
  vf_put(t, (double)n);
  for (int64_t s = from; s < from + n; s += by) {
    if (r->token) vf_put(t, (double)r->token[s]);
    for (int64_t j = 0; r->x && j < r->width; j++) vf_put(t, number(r->x, r->dtype, s * r->ld + j));
    if (r->counts) vf_put(t, (double)r->counts[s]);
    if (r->target == THW_TARGET_STEP) put_target(t, r, s);
  }
  if (r->target == THW_TARGET_ROW) put_target(t, r, row);
}
