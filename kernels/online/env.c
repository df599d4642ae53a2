/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/online/env.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

thw_status on_fail(on_env e, thw_status code, const char *fmt, ...) {
  char text[1024];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  return e.host->fail(e.ctx, code, text);
}

thw_status on_new(on_env e, void *p, int64_t n, size_t size) {
  void *got = NULL;
  if (n > 0 && (uint64_t)n < SIZE_MAX / 2 / size) got = e.host->alloc(e.ctx, (size_t)n * size);
  if (n > 0 && !got)
    return on_fail(e, THW_E_NOMEM, "out of memory for %lld numbers of %zu bytes", (long long)n,
                   size);
  memcpy(p, &got, sizeof got);
  return THW_OK;
}

thw_status on_grow(on_env e, void *p, int64_t *room, int64_t need, size_t size) {
  if (need <= *room) return THW_OK;
  int64_t now = *room < 8 ? 8 : *room;
  while (now < need) now *= 2;
  void *old, *fresh = NULL;
  memcpy(&old, p, sizeof old);
  THW_TRY(on_new(e, &fresh, now, size));
  if (*room > 0) memcpy(fresh, old, (size_t)*room * size);
  on_free(e, old);
  memcpy(p, &fresh, sizeof fresh);
  *room = now;
  return THW_OK;
}

void on_free(on_env e, void *p) {
  if (p) e.host->release(e.ctx, p);
}
