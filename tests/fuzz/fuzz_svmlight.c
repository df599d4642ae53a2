/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes 0 to 2: options; the rest: a file in LIBSVM text. */
#include "plugins/sources/svmlight/svmlight.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 3) return 0;
  td_common p = fuzz_common(data[0], data[1]);
  td_env e = {&fuzz_host, NULL};
  td_table *t = td_table_new(e);
  td_file f = fuzz_text(data + 3, size - 3);
  svm_reader r = {.env = e,
                  .dtype = t->dtype,
                  .base = data[2] % 3,
                  .labels = p.labels,
                  .sort = data[2] >> 2 & 1,
                  .features = data[2] & 8 ? 5 : 0};
  td_set *set = &t->set[TD_TRAIN];
  thw_status s = svm_parse(&r, &f, set);
  if (r.saw_zero) {
    td_set_free(set);
    set->name = "train";
    r.saw_zero = 0;
    r.base = SVM_BASE_0;
    s = svm_parse(&r, &f, set);
  }
  td_file_free(&f);
  t->width = r.features > set->width ? r.features : set->width;
  if (s == THW_OK && data[2] & 16 && t->width < 1000) s = td_set_densify(t, set);
  /* Statistics per column of a table two billion wide test the memory, not the reader. */
  if (t->width > 1 << 20) p.standardise = TD_SCALE_NONE;
  fuzz_finish(t, s, &p);
  return 0;
}
