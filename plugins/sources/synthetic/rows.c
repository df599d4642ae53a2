/* SPDX-License-Identifier: BSD-3-Clause */
/* Row numbers and nothing else, for models that make what they need from the number. */
#include <config.h>

#include <stdlib.h>

#include "kernels/data/pool.h"
#include "plugins/sources/synthetic/synthetic.h"

struct rows_params {
  int64_t n, test;
};

struct rows_source {
  td_env env;
  td_pool pool;
  uint32_t sets;
  thw_rows rows[2];
};

static const thw_param params[] = {
    THW_PARAM_INT(struct rows_params, n, 1000, 0, THW_NO_BOUND, "rows",
                  "Number of rows; 0: a stream without end."),
    THW_PARAM_INT(struct rows_params, test, 0, 0, THW_NO_BOUND, "rows",
                  "Rows of a second set, \"test\"; 0: no such set."),
};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  const struct rows_params *p = params_;
  td_env e = {h, c};
  struct rows_source *s = calloc(1, sizeof *s);
  if (!s) return td_nomem(e, "a source", sizeof *s);
  s->env = e;
  s->sets = p->test > 0 ? 2 : 1;
  for (uint32_t i = 0; i < s->sets; i++)
    s->rows[i] = (thw_rows){.size = (uint32_t)sizeof(thw_rows),
                            .layout = THW_ROWS_NONE,
                            .dtype = h->dtype(c),
                            .n = i          ? p->test
                                 : p->n > 0 ? p->n
                                            : INT64_MAX};
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  struct rows_source *s = self;
  td_pool_free(&s->pool);
  free(s);
}

static thw_status sets(void *self, uint32_t *n) {
  *n = ((struct rows_source *)self)->sets;
  return THW_OK;
}

static thw_status info(void *self, uint32_t set, thw_source_info *out) {
  struct rows_source *s = self;
  if (set >= s->sets) return td_fail(s->env, THW_E_ARG, "set %u of %u", set, s->sets);
  out->layout = THW_ROWS_NONE;
  out->label = THW_LABEL_NONE;
  out->n = s->rows[set].n == INT64_MAX ? -1 : s->rows[set].n;
  out->set = set ? "test" : "train";
  return THW_OK;
}

static thw_status take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                       thw_batch **out) {
  struct rows_source *s = self;
  if (set >= s->sets || n < 0) return td_fail(s->env, THW_E_ARG, "no such rows");
  int64_t all = s->rows[set].n;
  if (!index && (first < 0 || first > all || n > all - first))
    return td_fail(s->env, THW_E_ARG, "no such rows");
  td_slot *slot = td_pool_take(&s->pool, s->env, 0);
  if (!slot) return THW_E_NOMEM;
  thw_batch *b = &slot->batch;
  b->set = set;
  b->n = n;
  b->index = index;
  b->first = index ? 0 : first;
  b->rows = &s->rows[set];
  *out = b;
  return THW_OK;
}

static void release(void *self, thw_batch *b) {
  td_pool_release(&((struct rows_source *)self)->pool, b);
}

static const thw_source_ops ops = {
    .size = (uint32_t)sizeof(thw_source_ops),
    .sets = sets,
    .info = info,
    .take = take,
    .release = release,
};

const thw_component rows_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "rows",
    .version = PACKAGE_VERSION,
    .summary = "row numbers only, for models that make their own data",
    .doc = "Delivers rows without features or labels (layout none): a model that builds its "
           "component functions from the row number, or that is one function only, needs to know "
           "how many there are and nothing more.\n\n"
           "With n = 0 the rows are a stream: row numbers go on for ever.",
    THW_PARAMS(params, struct rows_params),
    .ops = &ops,
    .create = create,
    .destroy = destroy,
};
