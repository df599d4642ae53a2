/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of sources. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/verify/priv.h"

typedef struct source {
  vf_inst *in;
  const thw_source_ops *ops;
  void *self;
  uint32_t sets;
  thw_source_info info;
} source;

static int need_source(vf_case *k, source *s) {
  memset(s, 0, sizeof *s);
  s->in = vf_inst_need(k, NULL);
  if (!s->in) return -1;
  s->ops = s->in->object.ops;
  s->self = s->in->object.self;
  thw_status st = s->ops->sets(s->self, &s->sets);
  if (st == THW_OK && s->sets > 0) {
    s->info.size = sizeof s->info;
    st = s->ops->info(s->self, 0, &s->info);
  }
  if (st != THW_OK || s->sets == 0) {
    vf_fail(k, st == THW_OK ? "it has no set of rows" : "sets or info fails");
    vf_inst_free(s->in);
    return -1;
  }
  return 0;
}

static int64_t some_rows(const source *s) {
  return s->info.n < 0 || s->info.n > 50 ? 50 : s->info.n;
}

/* ---- info -------------------------------------------------------------------------------------
 */

static int info_of(vf_case *k, const source *s, const thw_source_info *i) {
  int64_t product = 1;
  if (!i->set || !*i->set) return vf_fail(k, "a set has no name");
  if (i->layout > THW_ROWS_SEQ) return vf_fail(k, "set %s: unknown layout %u", i->set, i->layout);
  if (i->n < -1 || i->width < 0) return vf_fail(k, "set %s: negative size", i->set);
  if (i->width != s->info.width || i->layout != s->info.layout || i->label != s->info.label ||
      i->classes != s->info.classes)
    return vf_fail(k, "set %s: width, layout, labels or classes are not those of set 0", i->set);
  if (i->label > THW_LABEL_CLASS) return vf_fail(k, "unknown kind of label %u", i->label);
  if (i->label == THW_LABEL_CLASS && i->classes < 2)
    return vf_fail(k, "set %s: %lld classes", i->set, (long long)i->classes);
  for (int64_t c = 0; i->label == THW_LABEL_CLASS && i->class_name && c < i->classes; c++)
    if (!i->class_name[c]) return vf_fail(k, "class %lld has no name", (long long)c);
  if (i->n_dims > 4) return vf_fail(k, "more than 4 dimensions");
  for (uint32_t j = 0; j < i->n_dims; j++) product *= i->dims[j];
  if (i->n_dims && product != i->width)
    return vf_fail(k, "the dimensions of a row do not multiply to its width");
  return i->layout == THW_ROWS_SEQ ? vf_seq_info(k, i, &s->info) : 0;
}

static int info(vf_case *k) {
  source s;
  const char *names[64];
  if (need_source(k, &s) != 0) return -1;
  for (uint32_t set = 0; set < s.sets && set < 64; set++) {
    thw_source_info i = {.size = sizeof i};
    if (s.ops->info(s.self, set, &i) != THW_OK) {
      vf_fail(k, "info of set %u fails", set);
      break;
    }
    if (info_of(k, &s, &i) != 0) break;
    names[set] = i.set;
    for (uint32_t o = 0; o < set; o++)
      if (strcmp(names[o], i.set) == 0) vf_fail(k, "two sets are named \"%s\"", i.set);
  }
  thw_source_info beyond = {.size = sizeof beyond};
  if (s.ops->info(s.self, s.sets, &beyond) >= 0)
    vf_warn(k, "info of a set that is not there is no error");
  vf_inst_free(s.in);
  return 0;
}

/* ---- rows -------------------------------------------------------------------------------------
 */

static double number(const void *p, uint32_t dtype, int64_t i) {
  return dtype == THW_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static int sparse_row(vf_case *k, const thw_rows *r, int64_t i) {
  if (r->start[i + 1] < r->start[i])
    return vf_fail(k, "row %lld ends before it begins", (long long)i);
  for (int64_t j = r->start[i]; j < r->start[i + 1]; j++) {
    if (r->col[j] < 0 || r->col[j] >= r->width)
      return vf_fail(k, "row %lld has column %d of %lld", (long long)i, (int)r->col[j],
                     (long long)r->width);
    if (j > r->start[i] && r->col[j] <= r->col[j - 1])
      return vf_fail(k, "row %lld: columns do not ascend", (long long)i);
    if (r->x && !isfinite(number(r->x, r->dtype, j)))
      return vf_fail(k, "row %lld has a value that is not finite", (long long)i);
  }
  return 0;
}

static int row(vf_case *k, const source *s, const thw_rows *r, int64_t i) {
  if (i < 0 || i >= r->n)
    return vf_fail(k, "the batch points to row %lld of %lld", (long long)i, (long long)r->n);
  if (r->layout == THW_ROWS_SEQ) return vf_seq_row(k, &s->info, r, i);
  if (r->layout == THW_ROWS_CSR && sparse_row(k, r, i) != 0) return -1;
  if (r->layout == THW_ROWS_DENSE)
    for (int64_t j = 0; j < r->width; j++)
      if (!isfinite(number(r->x, r->dtype, i * r->ld + j)))
        return vf_fail(k, "row %lld has a value that is not finite", (long long)i);
  if (s->info.label != THW_LABEL_NONE && !r->y) return vf_fail(k, "labels are promised, y is NULL");
  if (r->y && !isfinite(number(r->y, r->dtype, i)))
    return vf_fail(k, "row %lld has a label that is not finite", (long long)i);
  if (s->info.label == THW_LABEL_CLASS) {
    if (!r->label) return vf_fail(k, "classes are promised, label is NULL");
    if (r->label[i] < 0 || r->label[i] >= s->info.classes)
      return vf_fail(k, "row %lld has class %d of %lld", (long long)i, (int)r->label[i],
                     (long long)s->info.classes);
  }
  return 0;
}

static int head(vf_case *k, const source *s, const thw_batch *b, int64_t n) {
  const thw_rows *r = b->rows;
  if (b->n != n)
    return vf_fail(k, "%lld rows were asked for, the batch has %lld", (long long)n,
                   (long long)b->n);
  if (!r && s->info.layout == THW_ROWS_NONE) return 0;
  if (!r) return vf_fail(k, "a batch has no rows");
  if (r->dtype != k->session.dtype)
    return vf_fail(k, "rows have element type %u, the run has %u", r->dtype, k->session.dtype);
  if (r->layout != s->info.layout || r->width != s->info.width)
    return vf_fail(k, "a batch has another layout or width than info says");
  if (r->layout == THW_ROWS_DENSE && (!r->x || r->ld < r->width))
    return vf_fail(k, "dense rows without x, or ld is less than the width");
  if (r->layout == THW_ROWS_CSR && (!r->start || !r->col))
    return vf_fail(k, "sparse rows without start or col");
  return r->layout == THW_ROWS_SEQ ? vf_seq_head(k, &s->info, r) : 0;
}

static int rows_in(vf_case *k, uint32_t dtype) {
  source s;
  vf_session(k, dtype, 1);
  if (need_source(k, &s) != 0) return -1;
  for (uint32_t set = 0; set < s.sets && k->outcome != VF_FAIL; set++) {
    thw_source_info i = {.size = sizeof i};
    s.ops->info(s.self, set, &i);
    int64_t n = i.n < 0 || i.n > 1000 ? 1000 : i.n;
    thw_batch *b = NULL;
    if (n == 0) continue;
    thw_status st = s.ops->take(s.self, set, n, NULL, 0, &b);
    if (st != THW_OK) {
      vf_fail(k, "taking %lld rows of set %s answers %d", (long long)n, i.set, (int)st);
      break;
    }
    if (head(k, &s, b, n) == 0 && b->rows)
      for (int64_t j = 0; j < n && k->outcome != VF_FAIL; j++)
        row(k, &s, b->rows, thw_batch_row(b, j));
    s.ops->release(s.self, b);
  }
  vf_inst_free(s.in);
  return 0;
}

static int rows(vf_case *k) {
  if (rows_in(k, THW_F64) != 0) return -1;
  return rows_in(k, THW_F32);
}

/* ---- batches ----------------------------------------------------------------------------------
 */

static int same_sequence(const thw_rows *p, int64_t u, const thw_rows *q, int64_t v) {
  vf_trace a = {0}, b = {0};
  vf_seq_put(&a, p, u);
  vf_seq_put(&b, q, v);
  int same = !vf_trace_differs(&a, &b);
  vf_trace_free(&a);
  vf_trace_free(&b);
  return same;
}

static int same_row(const thw_batch *a, int64_t i, const thw_batch *b, int64_t j) {
  const thw_rows *p = a->rows, *q = b->rows;
  int64_t u = thw_batch_row(a, i), v = thw_batch_row(b, j);
  if (!p || !q || p->layout == THW_ROWS_NONE) return u == v;
  if (p->layout == THW_ROWS_SEQ) return same_sequence(p, u, q, v);
  if (p->y && number(p->y, p->dtype, u) != number(q->y, q->dtype, v)) return 0;
  if (p->label && p->label[u] != q->label[v]) return 0;
  if (p->layout == THW_ROWS_DENSE) {
    for (int64_t c = 0; c < p->width; c++)
      if (number(p->x, p->dtype, u * p->ld + c) != number(q->x, q->dtype, v * q->ld + c)) return 0;
    return 1;
  }
  int64_t len = p->start[u + 1] - p->start[u];
  if (len != q->start[v + 1] - q->start[v]) return 0;
  for (int64_t c = 0; c < len; c++) {
    if (p->col[p->start[u] + c] != q->col[q->start[v] + c]) return 0;
    if (p->x && number(p->x, p->dtype, p->start[u] + c) != number(q->x, q->dtype, q->start[v] + c))
      return 0;
  }
  return 1;
}

/* The same rows by range and by index, several batches alive at once, released in another order. */
static int batches(vf_case *k) {
  source s;
  int64_t index[50];
  thw_batch *range = NULL, *back = NULL, *tail = NULL;
  if (need_source(k, &s) != 0) return -1;
  int64_t n = some_rows(&s);
  for (int64_t i = 0; i < n; i++) index[i] = n - 1 - i;
  thw_status st = s.ops->take(s.self, 0, n, NULL, 0, &range);
  if (st == THW_OK) st = s.ops->take(s.self, 0, n, index, 0, &back);
  if (st == THW_OK) st = s.ops->take(s.self, 0, n - n / 2, NULL, n / 2, &tail);
  if (st != THW_OK) vf_fail(k, "take answers %d", (int)st);
  for (int64_t i = 0; st == THW_OK && i < n; i++) {
    if (!same_row(range, i, back, n - 1 - i))
      vf_fail(k, "row %lld is another one by index than by range", (long long)i);
    if (i >= n / 2 && !same_row(range, i, tail, i - n / 2))
      vf_fail(k, "row %lld depends on where the batch begins", (long long)i);
  }
  if (range) s.ops->release(s.self, range);
  if (tail) s.ops->release(s.self, tail);
  if (back) s.ops->release(s.self, back);
  vf_inst_free(s.in);
  return 0;
}

static thw_status put_rows(const source *s, int64_t n, vf_trace *t) {
  thw_batch *b = NULL;
  THW_TRY(s->ops->take(s->self, 0, n, NULL, 0, &b));
  for (int64_t i = 0; i < n; i++) vf_put_row(t, b->rows, thw_batch_row(b, i));
  s->ops->release(s->self, b);
  return THW_OK;
}

/* A row can be had again after others were taken, unless the source says that it cannot. */
static int again(vf_case *k) {
  source s;
  vf_trace first = {0}, second = {0};
  if (need_source(k, &s) != 0) return -1;
  if (s.info.flags & THW_SOURCE_ONCE) {
    vf_inst_free(s.in);
    return vf_skip(k, "its rows are gone once read");
  }
  int64_t n = some_rows(&s);
  thw_status st = put_rows(&s, n, &first);
  for (int64_t i = 0; st == THW_OK && i < 20; i++) {
    thw_batch *b = NULL;
    st = s.ops->take(s.self, 0, 1, NULL, i % n, &b);
    if (st == THW_OK) s.ops->release(s.self, b);
  }
  if (st == THW_OK) st = put_rows(&s, n, &second);
  if (st != THW_OK)
    vf_fail(k, "take answers %d", (int)st);
  else if (vf_trace_differs(&first, &second))
    vf_fail(k, "the first %lld rows are other ones when they are taken again", (long long)n);
  vf_trace_free(&first);
  vf_trace_free(&second);
  vf_inst_free(s.in);
  return 0;
}

static int beyond(vf_case *k) {
  source s;
  thw_batch *b = NULL;
  if (need_source(k, &s) != 0) return -1;
  if (s.info.n >= 0 && s.ops->take(s.self, 0, 2, NULL, s.info.n - 1, &b) == THW_OK) {
    vf_warn(k, "a range that ends behind the last row is no error");
    s.ops->release(s.self, b);
  }
  b = NULL;
  if (s.ops->take(s.self, s.sets, 1, NULL, 0, &b) == THW_OK)
    vf_warn(k, "taking from a set that is not there is no error");
  vf_inst_free(s.in);
  return 0;
}

const vf_check vf_checks_source[] = {
    {"info", VF_KIND(THW_SOURCE), "sets, widths, labels and classes are in order", info},
    {"rows", VF_KIND(THW_SOURCE), "rows are as info says: type, columns, labels, finite", rows},
    {"batches", VF_KIND(THW_SOURCE), "a row is the same by range and by index", batches},
    {"again", VF_KIND(THW_SOURCE), "a row can be had again", again},
    {"beyond", VF_KIND(THW_SOURCE), "rows and sets that are not there are refused", beyond},
    {NULL, 0, NULL, NULL},
};
