/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optim/optim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void optim_init(optim *o, const thw_host *host, thw_ctx *ctx) {
  memset(o, 0, sizeof *o);
  o->host = host;
  o->ctx = ctx;
  o->scale = 1.0;
}

void optim_free(optim *o) {
  for (uint32_t i = 0; i < o->n_vecs; i++) thw_vec_free(o->vec[i]);
  o->n_vecs = 0;
}

static thw_facts no_facts(uint64_t want) {
  thw_facts f = {.size = sizeof f, .components = -1, .want = want};
  f.lipschitz = f.lipschitz_max = f.lipschitz_hess = (double)NAN;
  f.variance = f.variance_hess = f.convexity = f.lower_bound = (double)NAN;
  return f;
}

thw_status optim_start(optim *o, const thw_object *oracle, uint32_t k) {
  o->started = 0;
  o->oracle = *oracle;
  o->facts = no_facts(THW_FACT_ROWS);
  THW_TRY(thw_oracle_facts(oracle, &o->facts));
  o->n = o->facts.components;
  if (o->n == 0) return optim_fail(o, THW_E_ARG, "the oracle's sum has no rows");
  thw_space *space;
  THW_TRY(thw_oracle_space(oracle, &space));
  if (space != o->space || k != o->n_vecs) {
    optim_free(o);
    o->space = space;
    for (; o->n_vecs < k; o->n_vecs++) THW_TRY(thw_vec_new(space, &o->vec[o->n_vecs]));
  }
  o->unit = space->dtype == THW_F32 ? 0x1p-24 : 0x1p-53;
  o->scale = 1.0;
  o->started = 1;
  return THW_OK;
}

thw_status optim_fail(const optim *o, thw_status code, const char *fmt, ...) {
  char text[512];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  return o->host->fail(o->ctx, code, text);
}

thw_status optim_ready(const optim *o) {
  if (o->started) return THW_OK;
  return optim_fail(o, THW_E_STATE, "called before start: an optimizer needs a starting point");
}

thw_status optim_need_sum(const optim *o, const char *who, const char *remedy) {
  if (!optim_is_stream(o)) return THW_OK;
  return optim_fail(o, THW_E_UNSUPPORTED,
                    "%s needs a finite sum, the oracle is a stream: use the oracle \"finite-sum\", "
                    "or %s",
                    who, remedy);
}

thw_status optim_goal(const optim *o, thw_goal *out) {
  const thw_host_stop *stop = o->host->ext(o->ctx, THW_HOST_EXT_STOP);
  *out = (thw_goal){.size = sizeof *out};
  return stop ? stop->goal(o->ctx, out) : THW_OK;
}

void optim_take_facts(optim *o, const thw_facts *f) {
  double *to[] = {&o->facts.lipschitz,  &o->facts.lipschitz_max, &o->facts.lipschitz_hess,
                  &o->facts.variance,   &o->facts.variance_hess, &o->facts.convexity,
                  &o->facts.lower_bound};
  const double from[] = {f->lipschitz,     f->lipschitz_max, f->lipschitz_hess, f->variance,
                         f->variance_hess, f->convexity,     f->lower_bound};
  for (size_t i = 0; i < sizeof to / sizeof to[0]; i++)
    if (!isnan(from[i])) *to[i] = from[i];
}

thw_status optim_ask(optim *o, uint64_t which) {
  thw_facts known = o->facts, f = no_facts(which);
  THW_TRY(thw_oracle_facts(&o->oracle, &f));
  optim_take_facts(o, &f);
  optim_take_facts(o, &known);
  return THW_OK;
}

thw_status optim_sample(const optim *o, thw_rng *r, uint32_t how, int64_t batch, const thw_vec *x,
                        double *f, thw_vec *g, int64_t *rows) {
  if (batch == 0) {
    *rows += o->n;
    return thw_oracle_eval(&o->oracle, x, NULL, f, g);
  }
  thw_batch *b;
  THW_TRY(thw_oracle_draw(&o->oracle, r, how, batch, &b));
  *rows += b->n;
  thw_status st = thw_oracle_eval(&o->oracle, x, b, f, g);
  thw_oracle_release(&o->oracle, b);
  return st;
}

#define STREAM_PASS 4096 /* as in the host's reports */

void optim_pace_start(optim_pace *p, const optim *o, int64_t batch) {
  *p = (optim_pace){.batch = batch, .pass = o->n > 0 ? o->n : STREAM_PASS};
}

int optim_pace_step(optim_pace *p, int64_t rows) {
  p->steps++;
  p->rows += rows;
  p->in_pass += rows;
  if (p->in_pass < p->pass) return 0;
  p->in_pass %= p->pass;
  return 1;
}

void optim_pace_grow(optim_pace *p, const optim *o, double factor) {
  if (p->batch == 0 || !(factor > 0.0)) return;
  double b = ceil((double)p->batch * factor);
  if (o->n > 0 && b >= (double)o->n)
    p->batch = 0; /* drawn with replacement as many rows would still be noisy */
  else
    p->batch = (int64_t)fmax(1.0, fmin(b, 0x1p40));
}

#define PATIENCE 10

void optim_idle_start(optim_idle *i) {
  *i = (optim_idle){INFINITY, INFINITY, 0};
}

int optim_idle_step(optim_idle *i, const optim *o, double f, double g) {
  int better = f < i->best_f - o->unit * fabs(f) || g < 0.5 * i->best_g;
  i->best_f = fmin(i->best_f, f);
  if (better) i->best_g = fmin(i->best_g, g);
  i->count = better ? 0 : i->count + 1;
  return i->count >= PATIENCE;
}

thw_status optim_save(thw_writer *w, const optim_field *f, size_t n) {
  for (size_t i = 0; i < n; i++) switch (f[i].kind) {
    case OPTIM_I64:
      THW_TRY(w->i64(w, f[i].name, *(const int64_t *)f[i].at));
      break;
    case OPTIM_F64:
      THW_TRY(w->f64(w, f[i].name, *(const double *)f[i].at));
      break;
    case OPTIM_RNG:
      THW_TRY(w->rng(w, f[i].name, f[i].at));
      break;
    case OPTIM_VEC:
      THW_TRY(w->vec(w, f[i].name, f[i].at));
      break;
    }
  return THW_OK;
}

/* No run counts this far: such a state is damaged, and counting on from it would overflow. */
#define COUNT_MAX (INT64_MAX / 2)

static thw_status load_count(thw_reader *r, const char *name, int64_t *to) {
  int64_t v;
  THW_TRY(r->i64(r, name, &v));
  if (v < -COUNT_MAX || v > COUNT_MAX) return THW_E_STATE;
  *to = v;
  return THW_OK;
}

thw_status optim_load(thw_reader *r, const optim_field *f, size_t n) {
  for (size_t i = 0; i < n; i++) switch (f[i].kind) {
    case OPTIM_I64:
      THW_TRY(load_count(r, f[i].name, f[i].at));
      break;
    case OPTIM_F64:
      THW_TRY(r->f64(r, f[i].name, f[i].at));
      break;
    case OPTIM_RNG:
      THW_TRY(r->rng(r, f[i].name, f[i].at));
      break;
    case OPTIM_VEC:
      THW_TRY(r->vec(r, f[i].name, f[i].at));
      break;
    }
  return THW_OK;
}
