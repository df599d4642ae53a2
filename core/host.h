/* SPDX-License-Identifier: BSD-3-Clause */
/* core/host.h - the session (what all components of one run share), the context of one component
 * instance, and the table of services that plugins get. */
#ifndef TW_HOST_H
#define TW_HOST_H

#include <signal.h>

#include <thalweg/component.h>

#include "core/error.h"

struct tw_ledger; /* core/ledger.h */

typedef struct tw_session {
  uint64_t seed;
  uint32_t dtype;               /* THW_F32 or THW_F64 */
  int threads;                  /* at least 1 */
  volatile sig_atomic_t cancel; /* 1: end after the step in progress; 2 and more: at once */
  /* Where thw_host.log goes; NULL: nowhere. */
  void (*log)(void *arg, uint32_t level, const char *path, const char *text);
  void *log_arg;
  struct tw_ledger *ledger; /* NULL: nothing is booked */
  int64_t step;             /* the step of the run in progress, from 1; for messages */
  double epsilon, delta, confidence, passes; /* what the run is after, and its budget */
  const thw_ctx *claim; /* of the optimizer that ends the run itself, if it is the outermost */
  thw_ctx *said;        /* the last one that attached a text, or NULL */
} tw_session;

/* Sets the number of threads (0: all cores), makes BLAS single-threaded, and fills in
 * s->threads. Once per process, before the first component is created. */
void tw_session_init(tw_session *s, uint64_t seed, uint32_t dtype, int threads);

/* "OpenBLAS 0.3.21 (pthread), kernel Zen" for the run header and result.json. Static memory. */
const char *tw_blas_name(void);

/* The table that plugins get. */
extern const thw_host tw_host;

thw_ctx *tw_ctx_new(tw_session *s, const char *path);
/* Frees the context and whatever the instance has not released. */
void tw_ctx_free(thw_ctx *c);
const char *tw_ctx_path(const thw_ctx *c);
tw_session *tw_ctx_session(const thw_ctx *c);
/* The text that hangs on the context (never NULL: a generic one by code otherwise), and forget it.
 */
char *tw_ctx_take_text(thw_ctx *c, thw_status code); /* caller frees */

/* "out of memory", "budget spent", ...: words for a status. */
const char *tw_status_text(thw_status s);

/* The random stream `purpose` of the component at `path`: a function of the three arguments. */
void tw_stream(uint64_t seed, const char *path, const char *purpose, thw_rng *out);

#endif
