/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole input: a file, packed or not, that is read into memory. */
#include <config.h>

#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char path[64];
  int fd = memfd_create("input", 0);
  if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  td_file f;
  fuzz_failed = 0;
  if (td_file_read((td_env){&fuzz_host, NULL}, path, &f) == THW_OK) {
    if (f.p[f.n] != '\n' || f.p[f.n + 1] != '\0') abort();
    td_file_free(&f);
  } else if (!fuzz_failed)
    abort();
  close(fd);
  return 0;
}
