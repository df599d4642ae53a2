/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/env.h - what the online kernels need of the host: errors with a printf format, and
 * arrays that grow. */
#ifndef THALWEG_KERNELS_ONLINE_ENV_H
#define THALWEG_KERNELS_ONLINE_ENV_H

#include <stddef.h>
#include <stdint.h>

#include <thalweg/component.h>

typedef struct on_env {
  const thw_host *host;
  thw_ctx *ctx;
} on_env;

/* thw_host.fail with a format; a text longer than 1 KiB is cut. Returns `code`. */
thw_status on_fail(on_env e, thw_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* n * size bytes of zeros into *p, a pointer to any pointer; *p == NULL stays so for n = 0.
 * THW_E_NOMEM with a text. */
thw_status on_new(on_env e, void *p, int64_t n, size_t size);
/* Makes room for `need` elements at *p, which has *room of them; what is there stays, what is new
 * is zero. Doubles, so that in the steady state nothing is allocated. */
thw_status on_grow(on_env e, void *p, int64_t *room, int64_t need, size_t size);
void on_free(on_env e, void *p);

#define ON_NEW(e, p, n) on_new((e), &(p), (n), sizeof *(p))
#define ON_GROW(e, p, room, need) on_grow((e), &(p), &(room), (need), sizeof *(p))

#endif
