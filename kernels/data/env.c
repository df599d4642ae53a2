/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "kernels/data/env.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

thw_status td_fail(td_env e, thw_status code, const char *fmt, ...) {
  char text[1024];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  return e.host->fail(e.ctx, code, text);
}

thw_status td_stream(td_env e, int64_t seed, const char *purpose, thw_rng *r) {
  THW_TRY(e.host->rng(e.ctx, purpose, r));
  if (seed < 0) return THW_OK;
  r->key[0] = (uint32_t)seed;
  r->key[1] = (uint32_t)((uint64_t)seed >> 32) ^ UINT32_C(0x5eed5eed);
  return THW_OK;
}

thw_status td_nomem(td_env e, const char *what, double bytes) {
  return td_fail(e, THW_E_NOMEM, "no memory for %s (%.1f MiB)", what, bytes / 1048576.0);
}

void td_log(td_env e, uint32_t level, const char *fmt, ...) {
  char text[1024];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  e.host->log(e.ctx, level, text);
}

/* An array beyond the machine's memory is refused here: where the system hands out more than it
 * has, the process would be killed later, in the middle of filling it. */
static int is_beyond_memory(uint64_t bytes) {
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 && bytes / (uint64_t)page > (uint64_t)pages;
}

void *td_array(td_env e, int64_t n, size_t size, const char *what) {
  void *p = NULL;
  if (n < 0 || (uint64_t)n > (SIZE_MAX / 2) / size || is_beyond_memory((uint64_t)n * size) ||
      posix_memalign(&p, 64, n ? (size_t)n * size : 1) != 0) {
    td_nomem(e, what, (double)n * (double)size);
    return NULL;
  }
  return p;
}

void td_array_free(void *p) {
  free(p);
}

size_t td_dtype_size(uint32_t dtype) {
  return dtype == THW_F32 ? sizeof(float) : sizeof(double);
}
