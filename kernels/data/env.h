/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/data/env.h - what the data kernels need of the host: errors with a printf format, log
 * lines, and large arrays. */
#ifndef THALWEG_KERNELS_DATA_ENV_H
#define THALWEG_KERNELS_DATA_ENV_H

#include <stddef.h>
#include <stdint.h>

#include <thalweg/component.h>
#include <thalweg/rng.h>

typedef struct td_env {
  const thw_host *host;
  thw_ctx *ctx;
} td_env;

/* thw_host.fail with a format; a text longer than 1 KiB is cut. Returns `code`. */
thw_status td_fail(td_env e, thw_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
thw_status td_nomem(td_env e, const char *what, double bytes);

void td_log(td_env e, uint32_t level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The stream `purpose` of the source, of run.seed or, where seed >= 0, of that number in its place:
 * the data stay while run.seed changes weights and batches. */
thw_status td_stream(td_env e, int64_t seed, const char *purpose, thw_rng *r);

/* Arrays of rows come from here and not from thw_host.alloc: they are written in full anyway, and
 * memory that is never touched must cost nothing. Aligned to 64 bytes, NOT zeroed; n*size is
 * checked. NULL with a text when there is not enough. */
void *td_array(td_env e, int64_t n, size_t size, const char *what);
void td_array_free(void *p);

/* Bytes per element of THW_F32 or THW_F64. */
size_t td_dtype_size(uint32_t dtype);

#endif
