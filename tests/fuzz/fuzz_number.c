/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole input: a number, which must come out as strtod has it. */
#include "kernels/data/number.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  td_file f = fuzz_text(data, size);
  double v = 0;
  const char *q = td_number(f.p, &v);
  if (q) {
    char *end;
    if (q > f.p + size) abort();
    double want = strtod(f.p, &end);
    /* strtod goes on where we stop only in hexadecimal. */
    if (end != q && !(q == f.p + 1 + (f.p[0] == '-' || f.p[0] == '+') && (*q | 32) == 'x')) abort();
    if (end == q && memcmp(&v, &want, sizeof v) != 0) abort();
  }
  td_file_free(&f);
  return 0;
}
