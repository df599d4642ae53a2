/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "core/host.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ledger.h"
#include "core/pool.h"
#include "core/space.h"

/* One allocation of an instance: a header in front of the memory, in a doubly linked list, so that
 * what a plugin forgets is taken back with its context. */
typedef struct alloc_head {
  struct alloc_head *prev, *next;
  void *base;
  size_t bytes;
} alloc_head;

#define ALIGN 64

/* A space that an instance asked for. */
typedef struct owned_space {
  struct owned_space *next;
  thw_space *space;
} owned_space;

/* Guards lists of allocations and error texts: [any] services touch nothing else that is shared. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct thw_ctx {
  tw_session *session;
  char *path;
  char *text;      /* explains the last error, or NULL */
  alloc_head list; /* sentinel */
  owned_space *spaces;
};

/* ---- session ------------------------------------------------------------------------------ */

/* Present in OpenBLAS, whatever its flavour; absent elsewhere. */
extern void openblas_set_num_threads(int n) __attribute__((weak));
extern int openblas_get_parallel(void) __attribute__((weak));
extern char *openblas_get_config(void) __attribute__((weak));
extern char *openblas_get_corename(void) __attribute__((weak));
/* Weak references alone do not make a linker keep the library (--as-needed), and a plugin brings it
 * in too late and where nobody sees it: this one is not weak, and called for nothing. */
extern void cblas_dscal(int n, double a, double *x, int incx);

void tw_session_init(tw_session *s, uint64_t seed, uint32_t dtype, int threads) {
  *s = (tw_session){.seed = seed, .dtype = dtype, .threads = 1};
  s->epsilon = 1e-4, s->delta = 1e-2, s->confidence = 0.99; /* as in core/wire_options.c */
  cblas_dscal(0, 1.0, NULL, 1);
  if (openblas_set_num_threads) openblas_set_num_threads(1);
  s->threads = tw_pool_threads(threads);
}

const char *tw_blas_name(void) {
  static char name[160];
  if (name[0]) return name;
  if (!openblas_get_config || !openblas_get_corename) return "CBLAS";
  static const char *const flavour[] = {"sequential", "pthread", "OpenMP"};
  int kind = openblas_get_parallel ? openblas_get_parallel() : 0;
  char version[32] = "";
  const char *config = openblas_get_config();
  if (sscanf(config, "OpenBLAS %31s", version) != 1) version[0] = '\0';
  snprintf(name, sizeof name, "OpenBLAS %s (%s), kernel %s", version,
           kind >= 0 && kind <= 2 ? flavour[kind] : "unknown", openblas_get_corename());
  return name;
}

/* ---- context ------------------------------------------------------------------------------ */

thw_ctx *tw_ctx_new(tw_session *s, const char *path) {
  thw_ctx *c = tw_calloc(1, sizeof *c);
  c->session = s;
  c->path = tw_strdup(path);
  c->list.prev = c->list.next = &c->list;
  return c;
}

void tw_ctx_free(thw_ctx *c) {
  if (!c) return;
  if (c->session->said == c) c->session->said = NULL;
  for (alloc_head *h = c->list.next, *next; h != &c->list; h = next) {
    next = h->next;
    free(h->base);
  }
  for (owned_space *o = c->spaces, *next; o; o = next) {
    next = o->next;
    tw_space_free(o->space);
    free(o);
  }
  free(c->text);
  free(c->path);
  free(c);
}

const char *tw_ctx_path(const thw_ctx *c) {
  return c->path;
}
tw_session *tw_ctx_session(const thw_ctx *c) {
  return c->session;
}

const char *tw_status_text(thw_status s) {
  switch (s) {
  case THW_OK:
    return "ok";
  case THW_DONE:
    return "done";
  case THW_STALLED:
    return "no further progress is possible";
  case THW_BUDGET:
    return "the budget is spent";
  case THW_RETRY:
    return "this point or batch is unusable";
  case THW_CANCELLED:
    return "cancelled";
  case THW_E_ARG:
    return "an argument cannot be used";
  case THW_E_NOMEM:
    return "out of memory";
  case THW_E_UNSUPPORTED:
    return "not supported";
  case THW_E_STATE:
    return "called out of order, or saved state does not fit";
  case THW_E_IO:
    return "input or output failed";
  case THW_E_FORMAT:
    return "malformed input";
  case THW_E_NONFINITE:
    return "a NaN or an infinity";
  case THW_E_INTERNAL:
    return "internal error";
  default:
    return s < 0 ? "unknown error" : "unknown result";
  }
}

char *tw_ctx_take_text(thw_ctx *c, thw_status code) {
  char *text = c->text ? c->text : tw_strdup(tw_status_text(code));
  c->text = NULL;
  return text;
}

/* ---- random streams ------------------------------------------------------------------------- */

/* FNV-1a, then a finaliser (splitmix64) so that similar paths give unrelated streams. */
static uint64_t hash(uint64_t h, const char *s) {
  for (; *s; s++) h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
  return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t mix(uint64_t z) {
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

void tw_stream(uint64_t seed, const char *path, const char *purpose, thw_rng *out) {
  *out = (thw_rng){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)}};
  out->stream = mix(hash(hash(UINT64_C(0xcbf29ce484222325), path), purpose));
}

/* ---- the table --------------------------------------------------------------------------------
 */

static void *host_alloc(thw_ctx *c, size_t bytes) {
  if (bytes > SIZE_MAX - 2 * ALIGN - sizeof(alloc_head)) return NULL;
  size_t head = (sizeof(alloc_head) + ALIGN - 1) / ALIGN * ALIGN;
  size_t total = (head + bytes + ALIGN - 1) / ALIGN * ALIGN;
  char *base = aligned_alloc(ALIGN, total);
  if (!base) return NULL;
  memset(base, 0, total);
  alloc_head *h = (alloc_head *)(void *)(base + head - sizeof(alloc_head));
  *h = (alloc_head){NULL, &c->list, base, bytes};
  pthread_mutex_lock(&lock);
  h->prev = c->list.prev;
  h->prev->next = h;
  c->list.prev = h;
  pthread_mutex_unlock(&lock);
  return base + head;
}

static void host_release(thw_ctx *c, void *p) {
  (void)c;
  if (!p) return;
  alloc_head *h = (alloc_head *)(void *)((char *)p - sizeof(alloc_head));
  pthread_mutex_lock(&lock);
  h->prev->next = h->next;
  h->next->prev = h->prev;
  pthread_mutex_unlock(&lock);
  free(h->base);
}

static void host_log(thw_ctx *c, uint32_t level, const char *text) {
  if (c->session->log) c->session->log(c->session->log_arg, level, c->path, text);
}

static thw_status host_fail(thw_ctx *c, thw_status code, const char *text) {
  pthread_mutex_lock(&lock);
  if (!c->text) c->text = tw_strdup(text);
  c->session->said = c;
  pthread_mutex_unlock(&lock);
  return code;
}

static thw_status host_rng(thw_ctx *c, const char *purpose, thw_rng *out) {
  tw_stream(c->session->seed, c->path, purpose, out);
  return THW_OK;
}

static void host_parallel(thw_ctx *c, int64_t n, double work, void (*body)(void *, int64_t),
                          void *arg) {
  (void)c;
  tw_parallel(n, work, body, arg);
}

static uint32_t host_dtype(thw_ctx *c) {
  return c->session->dtype;
}

static void host_stage(thw_ctx *c, const char *purpose) {
  if (c->session->ledger) tw_ledger_stage(c->session->ledger, purpose);
}

static int32_t host_cancelled(thw_ctx *c) {
  return c->session->cancel != 0;
}

static thw_status host_space_make(thw_ctx *c, int64_t n, thw_space **out) {
  if (n <= 0) return host_fail(c, THW_E_ARG, "a space needs at least one element");
  thw_space *s = tw_space_new(c->session->dtype, n);
  if (!s) return host_fail(c, THW_E_NOMEM, "out of memory for a vector space");
  owned_space *o = tw_calloc(1, sizeof *o);
  *o = (owned_space){c->spaces, s};
  c->spaces = o;
  *out = s;
  return THW_OK;
}

static thw_status host_goal(thw_ctx *c, thw_goal *out) {
  const tw_session *s = c->session;
  thw_goal g = {sizeof g, 0, s->epsilon, s->delta, s->confidence, s->passes};
  if (out->size < sizeof g) return host_fail(c, THW_E_ARG, "thw_goal: size is not set");
  *out = g;
  return THW_OK;
}

static void host_claim(thw_ctx *c) {
  c->session->claim = c;
}

static const void *host_ext(thw_ctx *c, const char *id) {
  static const thw_host_space space = {.size = sizeof(thw_host_space), .make = host_space_make};
  static const thw_host_stop stop = {
      .size = sizeof(thw_host_stop), .goal = host_goal, .claim = host_claim};
  (void)c;
  if (strcmp(id, THW_HOST_EXT_STOP) == 0) return &stop;
  return strcmp(id, THW_HOST_EXT_SPACE) == 0 ? &space : NULL;
}

const thw_host tw_host = {
    .size = sizeof(thw_host),
    .abi_minor = THW_ABI_MINOR,
    .name = PACKAGE_NAME,
    .version = PACKAGE_VERSION,
    .alloc = host_alloc,
    .release = host_release,
    .log = host_log,
    .fail = host_fail,
    .rng = host_rng,
    .parallel = host_parallel,
    .dtype = host_dtype,
    .stage = host_stage,
    .cancelled = host_cancelled,
    .ext = host_ext,
};
