/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole input: a file in the format npy. */
#include "tests/fuzz/fuzz_arrays.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_array(npy_parse, data, size);
}
