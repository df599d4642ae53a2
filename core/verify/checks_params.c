/* SPDX-License-Identifier: BSD-3-Clause */
/* Random and extreme parameters: finite results or an error, whatever the schema lets through. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/verify/priv.h"

static const thw_param *param_at(const thw_component *c, uint32_t i) {
  return (const thw_param *)(const void *)((const char *)c->params + (size_t)i * c->param_stride);
}

enum { RANDOM_SETS = 40 };

static double bound(double b, double instead) {
  return isfinite(b) ? b : instead;
}

/* A number for parameter p: its ends and something in between, by `how` (0, 1, 2: random). */
static double pick(const thw_param *p, int how, thw_rng *r) {
  int whole = p->type == THW_P_INT || p->type == THW_P_INTS;
  double lo = bound(p->min, whole ? -1e15 : -1e30), hi = bound(p->max, whole ? 1e15 : 1e30);
  double open = whole ? 1 : 1e-12 * fmax(1, fmin(fabs(lo), fabs(hi)));
  if (p->flags & THW_P_MIN_OPEN) lo += open;
  if (p->flags & THW_P_MAX_OPEN) hi -= open;
  if (how == 0) return lo;
  if (how == 1) return hi;
  double u = thw_rng_uniform(r), v;
  if (hi - lo > 1e4) /* by orders of magnitude, from 1e-6 upwards */
    v = fmax(lo, 0) + pow(10, u * 10 - 6) * (lo < 0 && u < 0.3 ? -1 : 1);
  else
    v = lo + u * (hi - lo);
  v = fmin(fmax(v, lo), hi);
  return whole ? floor(v) : v;
}

static void store(void *params, const thw_param *p, int how, thw_rng *r) {
  char *at = (char *)params + p->offset;
  int32_t n = 0;
  switch (p->type) {
  case THW_P_BOOL:
    n = how < 2 ? how : (int32_t)thw_rng_index(r, 2);
    memcpy(at, &n, sizeof n);
    break;
  case THW_P_ENUM:
    for (; p->choices[n]; n++) continue;
    n = how == 0 ? 0 : how == 1 ? n - 1 : (int32_t)thw_rng_index(r, n);
    memcpy(at, &n, sizeof n);
    break;
  case THW_P_INT:
    memcpy(at, &(int64_t){(int64_t)pick(p, how, r)}, sizeof(int64_t));
    break;
  case THW_P_REAL:
    memcpy(at, &(double){pick(p, how, r)}, sizeof(double));
    break;
  default:
    break; /* strings and arrays stay as they are */
  }
}

static int can_vary(const vf_case *k, const thw_param *p) {
  return !(p->flags & (THW_P_REMOVED | THW_P_DEPRECATED)) && !vf_param_is_set(k, p->name);
}

static void try_params(vf_case *k, const void *params, const char *what) {
  vf_inst *in = NULL;
  vf_trace t = {0};
  int missing = 0;
  char *why = NULL;
  thw_status st = vf_inst_new(k, &(vf_setup){.variant = -1, .params = params}, &in, &why, &missing);
  if (st == THW_OK) {
    st = vf_exercise(in, &t);
    vf_inst_free(in);
    if (st >= 0 && !vf_trace_finite(&t))
      vf_fail(k, "%s: results are not finite, and no call says so", what);
  }
  free(why);
  vf_trace_free(&t);
}

static char *values_text(const vf_case *k, const void *params) {
  const thw_component *c = k->component;
  char *text = tw_strdup("with");
  for (uint32_t i = 0; i < c->n_params; i++) {
    const thw_param *p = param_at(c, i);
    const char *at = (const char *)params + p->offset;
    double v = 0;
    int64_t n64;
    int32_t n32;
    if (!can_vary(k, p)) continue;
    if (p->type == THW_P_REAL)
      memcpy(&v, at, sizeof v);
    else if (p->type == THW_P_INT)
      memcpy(&n64, at, sizeof n64), v = (double)n64;
    else if (p->type == THW_P_BOOL || p->type == THW_P_ENUM)
      memcpy(&n32, at, sizeof n32), v = n32;
    else
      continue;
    char *more = tw_sprintf("%s %s=%.17g", text, p->name, v);
    free(text);
    text = more;
  }
  return text;
}

/* Enormous tables must be refused by the system, not filled: little more than what is mapped now
 * and what a BLAS maps for each thread (which waits for ever when it does not get it).
 */
static void limit_memory(void) {
  vf_mem.largest = (size_t)16 << 20;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  long pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (!f) return;
  if (fscanf(f, "%ld", &pages) == 1) {
    rlim_t limit = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)640 << 20);
    setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit});
  }
  fclose(f);
#endif
}

int vf_any_parameters(vf_case *k) {
  const thw_component *c = k->component;
  tw_arena arena = {0};
  thw_rng r;
  if (c->n_params == 0) return vf_skip(k, "it has no parameters");
  char *base = vf_params_new(k, &arena), *params = tw_calloc(1, c->params_size);
  tw_stream(k->o->seed, "verify", "parameters", &r);
  if (base && k->output >= 0) limit_memory();
  for (uint32_t i = 0; base && i < 2 * c->n_params + RANDOM_SETS; i++) {
    memcpy(params, base, c->params_size);
    for (uint32_t j = 0; j < c->n_params; j++) {
      const thw_param *p = param_at(c, j);
      if (!can_vary(k, p)) continue;
      if (i >= 2 * c->n_params)
        store(params, p, 2, &r);
      else if (i / 2 == j)
        store(params, p, (int)(i % 2), &r);
    }
    char *what = values_text(k, params);
    try_params(k, params, what);
    free(what);
    if (k->outcome == VF_FAIL) break;
    /* Big tables take long; what could be tried by then has passed. */
    if (clock() > 5 * CLOCKS_PER_SEC && i >= 2 * c->n_params) break;
  }
  free(base);
  free(params);
  tw_arena_free(&arena);
  return 0;
}
