/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "kernels/data/table.h"

#include <stdlib.h>
#include <string.h>

const char *const td_set_name[TD_SETS] = {"train", "test", "valid"};
const char *const td_labels_choices[] = {"auto", "class", "real", NULL};
const char *const td_scale_choices[] = {"none",    "mean-std",  "max-abs",
                                        "min-max", "unit-rows", NULL};

td_table *td_table_new(td_env e) {
  td_table *t = calloc(1, sizeof *t);
  if (!t) {
    td_nomem(e, "a table", sizeof *t);
    return NULL;
  }
  t->env = e;
  t->dtype = e.host->dtype(e.ctx);
  t->n_sets = TD_SETS;
  for (int i = 0; i < TD_SETS; i++) t->set[i].name = td_set_name[i];
  return t;
}

void td_set_free(td_set *s) {
  if (s->target != s->y) td_array_free(s->target);
  td_array_free(s->x);
  td_array_free(s->start);
  td_array_free(s->col);
  td_array_free(s->y);
  td_array_free(s->class_of_row);
  td_dict_free(&s->labels);
  *s = (td_set){0};
}

void td_table_free(td_table *t) {
  if (!t) return;
  for (int i = 0; i < TD_SETS; i++) td_set_free(&t->set[i]);
  if (t->feature_name)
    for (int64_t i = 0; i < t->width; i++) free(t->feature_name[i]);
  free(t->feature_name);
  free(t->class_name);
  td_pool_free(&t->pool);
  free(t);
}

void td_table_destroy(void *self) {
  td_table_free(self);
}

/* The labels as numbers in the run's precision: the array itself when that is double. */
static thw_status make_target(td_table *t, td_set *s) {
  if (!s->y) return THW_OK;
  if (t->dtype != THW_F32) {
    s->target = s->y;
    return THW_OK;
  }
  float *f = td_array(t->env, s->n, sizeof *f, "labels");
  if (!f) return THW_E_NOMEM;
  for (int64_t i = 0; i < s->n; i++) f[i] = (float)s->y[i];
  s->target = f;
  td_array_free(s->y);
  s->y = NULL;
  return THW_OK;
}

static void make_rows(td_table *t, td_set *s) {
  s->rows = (thw_rows){
      .size = (uint32_t)sizeof(thw_rows),
      .layout = s->layout,
      .dtype = t->dtype,
      .n = s->n,
      .width = t->width,
      .x = s->x,
      .ld = s->layout == THW_ROWS_DENSE ? t->width : 0,
      .start = s->start,
      .col = s->col,
      .y = s->target,
      .label = s->class_of_row,
  };
}

static void drop_unread_sets(td_table *t) {
  uint32_t n = 1;
  for (uint32_t i = 1; i < TD_SETS; i++) {
    if (t->set[i].n == 0 && !t->set[i].path) continue;
    td_set s = t->set[i];
    t->set[i] = (td_set){0};
    t->set[n++] = s;
  }
  t->n_sets = n;
}

thw_status td_table_finish(td_table *t, const td_common *p) {
  td_env e = t->env;
  if (t->set[TD_TRAIN].n == 0)
    return td_fail(e, THW_E_FORMAT, "%s: no rows", td_where(&t->set[TD_TRAIN]));
  THW_TRY(td_choose(t, p));
  drop_unread_sets(t);
  THW_TRY(td_labels(t, p->labels));
  THW_TRY(td_standardise(t, p->standardise));
  for (uint32_t i = 0; i < t->n_sets; i++) {
    THW_TRY(make_target(t, &t->set[i]));
    make_rows(t, &t->set[i]);
  }
  return THW_OK;
}

/* ---- the source ------------------------------------------------------------------------------ */

static thw_status sets(void *self, uint32_t *n) {
  *n = ((td_table *)self)->n_sets;
  return THW_OK;
}

static thw_status info(void *self, uint32_t set, thw_source_info *out) {
  td_table *t = self;
  if (set >= t->n_sets) return td_fail(t->env, THW_E_ARG, "there is no set %u", set);
  uint32_t size = out->size;
  thw_source_info full = {
      .size = size,
      .layout = t->set[set].layout,
      .label = t->label,
      .n = t->set[set].n,
      .width = t->width,
      .set = t->set[set].name,
      .classes = t->classes,
      .class_name = t->class_name,
      .feature_name = (const char *const *)t->feature_name,
      .n_dims = t->n_dims,
  };
  memcpy(full.dims, t->dims, sizeof full.dims);
  memcpy(out, &full, size < sizeof full ? size : sizeof full);
  return THW_OK;
}

static thw_status take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                       thw_batch **out) {
  td_table *t = self;
  if (set >= t->n_sets || n < 0 ||
      (!index && (first < 0 || first > t->set[set].n || n > t->set[set].n - first)))
    return td_fail(t->env, THW_E_ARG, "no such rows");
  td_slot *slot = td_pool_take(&t->pool, t->env, 0);
  if (!slot) return THW_E_NOMEM;
  thw_batch *b = &slot->batch;
  b->set = set;
  b->n = n;
  b->index = index;
  b->first = index ? 0 : first;
  b->rows = &t->set[set].rows;
  *out = b;
  return THW_OK;
}

static void release(void *self, thw_batch *b) {
  td_pool_release(&((td_table *)self)->pool, b);
}

const thw_source_ops td_table_ops = {
    .size = (uint32_t)sizeof(thw_source_ops),
    .sets = sets,
    .info = info,
    .take = take,
    .release = release,
};
