/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "plugins/sources/svmlight/svmlight.h"

struct svm_params {
  const char *path, *test, *valid;
  int64_t features;
  int32_t base, unsorted, layout;
  TD_COMMON
};

static const char *const base_choices[] = {"auto", "0", "1", NULL};
static const char *const unsorted_choices[] = {"refuse", "sort", NULL};
static const char *const layout_choices[] = {"sparse", "dense", NULL};

static const thw_param params[] = {
    THW_PARAM_PATH(struct svm_params, path, NULL, THW_P_REQUIRED,
                   "File with the training rows, plain or gzip."),
    THW_PARAM_PATH(struct svm_params, test, NULL, 0, "File with the rows of set \"test\"."),
    THW_PARAM_PATH(struct svm_params, valid, NULL, 0, "File with the rows of set \"valid\"."),
    THW_PARAM_INT(struct svm_params, features, 0, 0, INT32_MAX, NULL,
                  "Number of features: a higher index is an error; 0: the highest index of all "
                  "files."),
    THW_PARAM_ENUM(struct svm_params, base, SVM_BASE_AUTO, base_choices,
                   "Number of the first feature; auto: 0 when that index occurs in any of the "
                   "files, else 1."),
    THW_PARAM_ENUM(struct svm_params, unsorted, 0, unsorted_choices,
                   "What to do with a row whose indices do not ascend."),
    THW_PARAM_ENUM(struct svm_params, layout, 0, layout_choices,
                   "How rows are kept: compressed, or as a full matrix for data with few zeros."),
    TD_COMMON_PARAMS(struct svm_params),
};

static thw_status read_set(svm_reader *r, const char *path, td_set *set) {
  td_file f;
  set->path = path;
  THW_TRY(td_file_read(r->env, path, &f));
  thw_status s = svm_parse(r, &f, set);
  td_file_free(&f);
  return s;
}

/* Reads all files; again when one of them turns out to count from 0. */
static thw_status read_sets(svm_reader *r, const char *const path[TD_SETS], td_table *t) {
  for (int i = 0; i < TD_SETS; i++) {
    if (!path[i]) continue;
    const char *name = t->set[i].name;
    td_set_free(&t->set[i]);
    t->set[i].name = name;
    THW_TRY(read_set(r, path[i], &t->set[i]));
    if (r->saw_zero) {
      svm_reader again = *r;
      again.base = SVM_BASE_0;
      again.saw_zero = 0;
      again.sorted = 0;
      return read_sets(&again, path, t);
    }
  }
  if (r->sorted)
    td_log(r->env, THW_LOG_INFO, "unsorted = sort: the indices of %lld rows were sorted",
           (long long)r->sorted);
  return THW_OK;
}

static thw_status load(td_table *t, const struct svm_params *p) {
  svm_reader r = {.env = t->env,
                  .dtype = t->dtype,
                  .base = p->base,
                  .labels = p->labels,
                  .sort = p->unsorted,
                  .features = p->features};
  const char *const path[TD_SETS] = {p->path, p->test, p->valid};
  THW_TRY(read_sets(&r, path, t));
  t->width = p->features;
  for (int i = 0; i < TD_SETS; i++)
    if (t->set[i].width > t->width) t->width = t->set[i].width;
  if (t->width == 0 && t->set[TD_TRAIN].n > 0)
    return td_fail(t->env, THW_E_FORMAT, "%s: no row has a feature", p->path);
  if (p->layout)
    for (int i = 0; i < TD_SETS; i++)
      if (path[i]) THW_TRY(td_set_densify(t, &t->set[i]));
  return td_table_finish(t, &p->common);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  td_table *t = td_table_new((td_env){h, c});
  if (!t) return THW_E_NOMEM;
  thw_status s = load(t, p);
  if (s == THW_OK)
    *self = t;
  else
    td_table_free(t);
  return s;
}

static const thw_component svmlight = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "svmlight",
    .version = PACKAGE_VERSION,
    .summary = "sparse rows from LIBSVM / SVMlight text, plain or gzip",
    .doc = "Each line is a row: a label, then index:value pairs with ascending indices; # begins a "
           "comment, qid:n is read over, empty lines and carriage returns do not matter. Labels "
           "are numbers: classes or targets.\n\n"
           "The width is that of the widest file, so a test file may be narrower or wider than the "
           "training file; `features` fixes it. Zeros that the file spells out are not stored. "
           "When every stored value is 1 no values are kept, which halves the memory traffic.\n\n"
           "Numbers are read in any locale and rounded correctly. An index that occurs twice in a "
           "row, a value that is not a finite number, or several labels are errors with their "
           "line.\n\n" TD_COMMON_DOC,
    .reference = "C.-C. Chang, C.-J. Lin: LIBSVM, ACM TIST 2(3):27, 2011; "
                 "T. Joachims: SVMlight, 1998",
    THW_PARAMS(params, struct svm_params),
    .ops = &td_table_ops,
    .create = create,
    .destroy = td_table_destroy,
};

static const thw_component *const components[] = {&svmlight};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "svmlight",  .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
