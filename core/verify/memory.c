/* SPDX-License-Identifier: BSD-3-Clause */
/* The host's table with a counter in front of everything that takes memory. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "core/space.h"
#include "core/verify/priv.h"

vf_memory vf_mem;

/* Not zero: this request gets nothing. */
static int refused(void) {
  vf_mem.count++;
  return vf_mem.fail_at > 0 && vf_mem.count >= vf_mem.fail_at;
}

static void *alloc(thw_ctx *c, size_t bytes) {
  if (refused() || (vf_mem.largest && bytes > vf_mem.largest)) return NULL;
  return tw_host.alloc(c, bytes);
}

static const thw_space_ops *real_space;

static thw_status vec_new(thw_space *s, thw_vec **out) {
  if (refused()) return THW_E_NOMEM;
  THW_TRY(real_space->vec_new(s, out));
  vf_mem.vectors++;
  return THW_OK;
}

static void vec_free(thw_vec *v) {
  vf_mem.vectors--;
  real_space->vec_free(v);
}

static thw_status reduce(thw_space *s, uint32_t op, uint32_t k, double *inout) {
  return real_space->reduce(s, op, k, inout);
}

static const thw_space_ops counted = {
    .size = sizeof(thw_space_ops), .vec_new = vec_new, .vec_free = vec_free, .reduce = reduce};

static void count(thw_space *s) {
  real_space = s->ops;
  s->ops = &counted;
}

thw_space *vf_space_new(uint32_t dtype, int64_t n) {
  thw_space *s = tw_space_new(dtype, n);
  if (s) count(s);
  return s;
}

static thw_status space_make(thw_ctx *c, int64_t n, thw_space **out) {
  const thw_host_space *real = tw_host.ext(c, THW_HOST_EXT_SPACE);
  if (refused()) return THW_E_NOMEM;
  THW_TRY(real->make(c, n, out));
  count(*out);
  return THW_OK;
}

static const thw_host_space host_space = {.size = sizeof(thw_host_space), .make = space_make};

/* The functions of core/host.c are its own; these pass on. */
static const void *host_ext(thw_ctx *c, const char *id) {
  return strcmp(id, THW_HOST_EXT_SPACE) == 0 ? &host_space : tw_host.ext(c, id);
}
static void host_release(thw_ctx *c, void *p) {
  tw_host.release(c, p);
}
static void host_log(thw_ctx *c, uint32_t level, const char *text) {
  tw_host.log(c, level, text);
}
static thw_status host_fail(thw_ctx *c, thw_status code, const char *text) {
  return tw_host.fail(c, code, text);
}
static thw_status host_rng(thw_ctx *c, const char *purpose, thw_rng *out) {
  return tw_host.rng(c, purpose, out);
}
static void host_parallel(thw_ctx *c, int64_t n, double work, void (*body)(void *, int64_t),
                          void *arg) {
  tw_host.parallel(c, n, work, body, arg);
}
static uint32_t host_dtype(thw_ctx *c) {
  return tw_host.dtype(c);
}
static void host_stage(thw_ctx *c, const char *purpose) {
  tw_host.stage(c, purpose);
}
static int32_t host_cancelled(thw_ctx *c) {
  return tw_host.cancelled(c);
}

const thw_host vf_host = {
    .size = sizeof(thw_host),
    .abi_minor = THW_ABI_MINOR,
    .name = "thalweg",
    .version = PACKAGE_VERSION,
    .alloc = alloc,
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

/* ---- plain memory as a view -------------------------------------------------------------------
 */

enum { GUARD = 64, GUARD_BYTE = 0xa5 };

vf_buf vf_buf_new(uint32_t dtype, int64_t n) {
  vf_buf b;
  b.bytes = (size_t)n * (dtype == THW_F32 ? 4 : 8);
  size_t room = (b.bytes + GUARD - 1) / GUARD * GUARD + 2 * GUARD;
  b.base = aligned_alloc(GUARD, room);
  if (!b.base) abort();
  memset(b.base, GUARD_BYTE, room);
  memset(b.base + GUARD, 0, b.bytes);
  b.view = (thw_view){b.base + GUARD, n, 0, dtype, THW_MEM_HOST};
  return b;
}

void vf_buf_free(vf_buf *b) {
  free(b->base);
  b->base = NULL;
}

int vf_buf_intact(const vf_buf *b) {
  size_t room = (b->bytes + GUARD - 1) / GUARD * GUARD + 2 * GUARD;
  for (size_t i = 0; i < GUARD; i++)
    if (b->base[i] != GUARD_BYTE) return 0;
  for (size_t i = GUARD + b->bytes; i < room; i++)
    if (b->base[i] != GUARD_BYTE) return 0;
  return 1;
}

double vf_get(const thw_view *x, int64_t i) {
  return x->dtype == THW_F32 ? (double)((const float *)x->data)[i] : ((const double *)x->data)[i];
}

void vf_set(thw_view *x, int64_t i, double v) {
  if (x->dtype == THW_F32)
    ((float *)x->data)[i] = (float)v;
  else
    ((double *)x->data)[i] = v;
}

void vf_buf_random(vf_buf *b, const char *purpose, double scale) {
  thw_rng r;
  tw_stream(1, "verify", purpose, &r);
  for (int64_t i = 0; i < b->view.n; i++)
    vf_set(&b->view, i, (double)(float)(scale * thw_rng_normal(&r)));
}

/* ---- traces -----------------------------------------------------------------------------------
 */

void vf_put(vf_trace *t, double x) {
  if (t->n == t->cap) {
    t->cap = t->cap ? 2 * t->cap : 256;
    t->v = tw_realloc(t->v, t->cap * sizeof *t->v);
  }
  t->v[t->n++] = x;
}

void vf_put_view(vf_trace *t, const thw_view *x) {
  for (int64_t i = 0; i < x->n; i++) vf_put(t, vf_get(x, i));
}

void vf_put_vec(vf_trace *t, const thw_vec *x) {
  thw_view view;
  thw_vec *v = (thw_vec *)(uintptr_t)x; /* mapping for reading changes nothing */
  if (v->ops->map(v, THW_READ, &view) != THW_OK) return;
  vf_put_view(t, &view);
  v->ops->unmap(v, THW_READ);
}

void vf_trace_free(vf_trace *t) {
  free(t->v);
  *t = (vf_trace){0};
}

int vf_trace_differs(const vf_trace *a, const vf_trace *b) {
  return a->n != b->n || (a->n && memcmp(a->v, b->v, a->n * sizeof *a->v) != 0);
}

int vf_trace_finite(const vf_trace *t) {
  for (size_t i = 0; i < t->n; i++)
    if (!(t->v[i] - t->v[i] == 0)) return 0;
  return 1;
}

void vf_session(vf_case *k, uint32_t dtype, int threads) {
  tw_session_init(&k->session, k->o->seed, dtype, threads);
}
