/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes 0 to 2: options; the rest: a table as text. */
#include "plugins/sources/csv/csv.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 3) return 0;
  static const char *const label[] = {"-1", "none", "y", "1", "2"};
  static const char *const drop[] = {NULL, "a", "2, -2", "b,a"};
  struct csv_params p = {.label = label[data[2] % 5],
                         .drop = drop[data[2] >> 3 & 3],
                         .separator = (data[2] >> 5) % 5,
                         .header = (data[1] >> 4) % 3,
                         .missing = (data[1] >> 6) % 3};
  p.common = fuzz_common(data[0], data[1]);
  td_env e = {&fuzz_host, NULL};
  td_table *t = td_table_new(e);
  td_file f = fuzz_text(data + 3, size - 3);
  csv_reader r = {.env = e, .dtype = t->dtype, .p = &p};
  csv_columns c = {0}, again = {0};
  td_set *set = &t->set[TD_TRAIN], *test = &t->set[TD_TEST];
  thw_status s = csv_parse(&r, &f, NULL, &c, set);
  if (s == THW_OK && r.saw_word) {
    csv_columns_free(&c);
    td_set_free(set);
    set->name = "train";
    r.words = 1;
    r.saw_word = 0;
    r.holes = 0;
    s = csv_parse(&r, &f, NULL, &c, set);
  }
  t->width = c.features;
  /* The same text as a test set. */
  int holes = r.holes && p.missing == CSV_MISSING_MEAN;
  if (s == THW_OK && !holes && p.common.split <= 0) s = csv_parse(&r, &f, &c, &again, test);
  td_file_free(&f);
  csv_columns_free(&c);
  csv_columns_free(&again);
  if (s == THW_OK && holes)
    td_table_free(t);
  else
    fuzz_finish(t, s, &p.common);
  return 0;
}
