/* SPDX-License-Identifier: BSD-3-Clause */
/* The formulas behind each search, the choice between them, and the one entry. */
#include <stdlib.h>

#include "kernels/curvature/internal.h"

static const double pi = 3.14159265358979323846;

void curv_options_default(curv_options *o) {
  *o = (curv_options){.p = 0.01,
                      .L = NAN,
                      .V_H = NAN,
                      .L2 = 1,
                      .w = 0.75,
                      .free_test = 1,
                      .c_eta = 0.25,
                      .c_L = 0.5,
                      .pw = 0.2,
                      .c_rho = 0.3,
                      .c_ks = 4,
                      .c_eta_s = 0.5,
                      .c_m = 1};
}

const char *curv_variant_name(curv_variant v) {
  switch (v) {
  case CURV_DET:
    return "neon2-det";
  case CURV_VR:
    return "neon2-vr";
  case CURV_ONLINE:
    return "neon2-online";
  case CURV_SVRG:
    return "neon2-svrg";
  case CURV_KRYLOV:
    return "neon2-krylov";
  default:
    return "neon2";
  }
}

/* ---- formulas -------------------------------------------------------------------------------- */

/* A count that may have come out huge or NaN, in 1..2^62. */
static int64_t count(double x) {
  const double most = 4611686018427387904.0;
  return x >= 1 ? x < most ? (int64_t)x : (int64_t)most : 1;
}

static double or_default(double x, double otherwise) {
  return x > 0 ? x : otherwise;
}

/* A random unit vector has a component of at least p sqrt(pi/(2d)) along any one direction with
 * probability at least 1 - p, so growing by kappa / that is enough. */
static void plan_det(const curv_options *o, int64_t n, int64_t d, curv_plan *out) {
  double delta = o->delta;
  out->acc = or_default(o->acc, 0.5);
  out->kappa = or_default(o->kappa, fmax(20, 4 * sqrt(o->L / delta)));
  out->beta = o->map == CURV_MAP_PAPER ? 2 * o->L : o->L + o->w * delta;
  double beyond = 2 * (1 - o->w) * delta / out->beta; /* -delta maps to 1 + beyond */
  out->theta = log1p(beyond + sqrt(beyond * (2 + beyond)));
  out->steps = count(ceil(acosh(out->kappa * sqrt(2 * (double)d / pi) / o->p) / out->theta));
  out->cost = (double)n * ((double)out->steps + 1);
}

static void plan_vr(const curv_options *o, int64_t n, int64_t d, curv_plan *out) {
  int64_t b = o->batch > 0 ? o->batch : 16;
  if (b > n) b = n;
  double delta = o->delta, nn = (double)n, bb = (double)b, kappa = or_default(o->kappa, 20), m = 1;
  out->acc = or_default(o->acc, 0.5);
  out->kappa = kappa;
  out->batch = b;
  out->eta = 0.5 / o->L;
  if (o->V_H > 0) {
    double rho = fmin(1, cbrt(o->c_rho * nn * delta * delta / (4 * o->V_H)));
    out->eta = fmin(out->eta, o->c_rho * bb * delta / (o->V_H * rho * rho));
    m = fmin(fmax(round(rho / (out->eta * delta)), 1), fmax(1, floor(nn / bb)));
  }
  out->inner = count(m);
  out->steps =
      count(ceil(log(kappa * sqrt(2 * (double)d / pi) / o->p) / (m * log1p(out->eta * delta))));
  out->cost = (double)out->steps * (nn + 2 * bb * m);
}

static void plan_online(const curv_options *o, int64_t n, int64_t d, curv_plan *out) {
  double delta = o->delta, V_H = o->V_H > 0 ? o->V_H : 0;
  double most = n >= 0 ? (double)n : 1e9;
  int64_t b = o->batch > 0 ? o->batch : count(fmin(round(2 * V_H / (o->L * delta)), most));
  out->acc = or_default(o->acc, 0.75);
  out->kappa = or_default(o->kappa, 20);
  out->batch = b;
  out->eta = o->c_L / o->L;
  if (V_H > 0) out->eta = fmin(out->eta, o->c_eta * delta * (double)b / V_H);
  out->steps = count(
      ceil(1.2 * log(out->kappa * sqrt(2 * (double)d / pi) / o->pw) / log1p(out->eta * delta)));
  out->trials = count(ceil(log(1 / o->p) / log(1 / o->pw)));
  out->cost = 2 * (double)b * (double)out->trials * (double)out->steps;
}

/* What a system costs when an epoch takes the residual down by e. */
static void svrg_cost(int64_t n, curv_plan *out) {
  double nn = (double)n, T = (double)out->steps;
  double epochs = log(1 / fmin(0.05, 0.25 / (T + 1)));
  out->cost = T * (epochs * (nn + 2 * (double)out->batch * (double)out->inner) + nn);
}

void curv_plan_shift(const curv_options *o, int64_t d, double shift, curv_plan *out) {
  out->shift = shift;
  out->theta = acosh(2 * shift / (shift - o->delta / 4) - 1);
  out->steps = count(ceil(acosh(out->kappa * sqrt(2 * (double)d / pi) / o->p) / out->theta));
}

static void plan_svrg(const curv_options *o, int64_t n, int64_t d, curv_plan *out) {
  double nn = (double)n, V_H = o->V_H > 0 ? o->V_H : 0, delta = o->delta;
  out->batch = o->batch > 0 ? o->batch : 16;
  if (out->batch > n) out->batch = n;
  out->acc = or_default(o->acc, 0.5);
  out->kappa = or_default(o->kappa, fmax(20, 4 * sqrt(o->L / delta)));
  double shift = fmax(fmax(o->c_ks * sqrt(V_H / nn), 2 * o->L / nn), delta);
  out->eta = 0.5 / (o->L + shift);
  if (V_H > 0) out->eta = fmin(out->eta, o->c_eta_s * shift * (double)out->batch / V_H);
  out->inner = count(ceil(o->c_m / (out->eta * shift)));
  curv_plan_shift(o, d, shift, out);
  svrg_cost(n, out);
}

/* Steps after which no spectrum in [-acc delta, L] lets the mass that -delta may have be tau^2: the
 * Chebyshev polynomial of that interval says so. It ends by what it sees, mostly half way. */
static void plan_krylov(const curv_options *o, int64_t n, int64_t d, curv_plan *out) {
  out->acc = or_default(o->acc, 0.5);
  double low = out->acc * o->delta, beyond = 2 * (o->delta - low) / (o->L + low);
  out->kappa = 1;
  out->theta = log1p(beyond + sqrt(beyond * (2 + beyond)));
  out->steps = count(ceil(acosh(sqrt(2 * (double)d / pi) / (CURV_KEPT * o->p)) / out->theta));
  if (out->steps > d) out->steps = d;
  out->cost = (double)n * ((double)out->steps + 2);
}

void curv_plan_make(curv_variant variant, const curv_options *o, int64_t n, int64_t d,
                    curv_plan *out) {
  *out = (curv_plan){0};
  switch (variant) {
  case CURV_DET:
    plan_det(o, n, d, out);
    break;
  case CURV_KRYLOV:
    plan_krylov(o, n, d, out);
    break;
  case CURV_VR:
    plan_vr(o, n, d, out);
    break;
  case CURV_SVRG:
    plan_svrg(o, n, d, out);
    break;
  default:
    plan_online(o, n, d, out);
  }
}

/* ---- choice ---------------------------------------------------------------------------------- */

#define LARGE_SUM 100000 /* rows from which svrg may be the cheapest */
#define SMALL_SUM 8192   /* below which krylov is, where it has room */

/* Whether the oracle and the probe allow it. */
static int possible(curv_variant v, curv_probe probe, int64_t n) {
  switch (v) {
  case CURV_VR:
  case CURV_SVRG:
    return n > 1 && probe != CURV_PROBE_LITERAL;
  case CURV_KRYLOV:
    return n >= 0 && probe != CURV_PROBE_LITERAL;
  case CURV_DET:
    return n >= 0;
  default:
    return n != 1;
  }
}

static int allowed(curv_variant v, const curv_options *o, int64_t n) {
  if (o->candidates && !(o->candidates & 1u << v)) return 0;
  if (!o->candidates && (v == CURV_KRYLOV || (v == CURV_SVRG && n < LARGE_SUM))) return 0;
  return possible(v, o->probe, n);
}

/* On a sum too small for sampling to gain much Lanczos' iteration needs no constant, not even for
 * the choice. */
static int surely_krylov(const curv_options *o, int64_t n) {
  return allowed(CURV_KRYLOV, o, n) && n < SMALL_SUM;
}

curv_variant curv_choose(const curv_options *o, int64_t n, int64_t d) {
  static const curv_variant order[] = {CURV_DET, CURV_KRYLOV, CURV_VR, CURV_ONLINE, CURV_SVRG};
  curv_variant best = n < 0 ? CURV_ONLINE : CURV_DET;
  double least = INFINITY;
  if (surely_krylov(o, n)) return CURV_KRYLOV;
  for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
    curv_plan plan;
    if (!allowed(order[i], o, n)) continue;
    curv_plan_make(order[i], o, n, d, &plan);
    if (order[i] == CURV_KRYLOV) plan.cost *= 0.5;
    if (plan.cost < least) {
      least = plan.cost;
      best = order[i];
    }
  }
  return best;
}

double curv_resolvable(curv_variant variant, const curv_options *o, int64_t n, int64_t d,
                       int64_t budget) {
  curv_options at = *o;
  curv_plan plan;
  double lo = log(1e-12 * o->L), hi = log(o->L);
  at.delta = o->L;
  curv_plan_make(variant, &at, n, d, &plan);
  if (!(plan.cost <= (double)budget)) return NAN;
  while (hi - lo > 0.01) {
    double mid = (lo + hi) / 2;
    at.delta = exp(mid);
    curv_plan_make(variant, &at, n, d, &plan);
    if (plan.cost <= (double)budget)
      hi = mid;
    else
      lo = mid;
  }
  return exp(hi);
}

/* ---- the search ------------------------------------------------------------------------------ */

static int usable(const curv_problem *p, const curv_options *o, const curv_work *w) {
  if (!(o->delta > 0) || !isfinite(o->delta) || !(o->p > 0 && o->p < 0.5)) return 0;
  if (!(o->acc >= 0 && o->acc < 1) || !(o->w >= 0 && o->w < 1)) return 0;
  if (o->probe == CURV_PROBE_FIXED && !(o->q > 0)) return 0;
  if (o->probe == CURV_PROBE_LITERAL && !(o->L2 > 0)) return 0;
  if (o->kappa != 0 && !(o->kappa >= 1)) return 0;
  if (!(o->c_eta > 0 && o->c_L > 0 && o->c_rho > 0 && o->pw > 0 && o->pw < 1)) return 0;
  if (!(o->c_ks > 0 && o->c_eta_s > 0 && o->c_m > 0)) return 0;
  if (p->n == 0) return 0;
  if (o->variant == CURV_SVRG && !(w->d && w->e)) return 0;
  if (o->variant == CURV_KRYLOV && !(w->basis && w->table && w->room >= 2)) return 0;
  return o->variant == CURV_AUTO || possible(o->variant, o->probe, p->n) ||
         (o->variant == CURV_ONLINE && p->n == 1);
}

/* Which constants are needed depends on the choice, and the choice on the constants. */
static thw_status constants(curv_run *s, curv_options *o) {
  if (!(o->L > 0)) {
    THW_TRY(curv_measure_lipschitz(s, &o->L));
    s->r->L_estimated = 1;
  }
  s->r->L = o->L;
  /* A vanishing Hessian has no curvature below -delta, and formulas that divide by L. */
  if (!(o->L > 0)) {
    curv_seen(s, 0.0);
    return curv_end(s, CURV_BOTTOM);
  }
  int only_det = o->variant == CURV_DET ||
                 (o->variant == CURV_AUTO && (s->p->n == 1 || o->candidates == 1u << CURV_DET));
  if (!only_det && !(o->V_H >= 0)) {
    THW_TRY(curv_measure_variance(s, &o->V_H));
    s->r->V_H_estimated = 1;
  }
  if (!only_det) s->r->V_H = o->V_H;
  return THW_OK;
}

static thw_status choose(curv_run *s, curv_options *o) {
  int made;
  int krylov = o->variant == CURV_AUTO ? surely_krylov(o, s->p->n) : o->variant == CURV_KRYLOV;
  s->r->variant = krylov ? CURV_KRYLOV : CURV_AUTO;
  if (krylov) return THW_OK; /* no constants, and the radius on the way */
  THW_TRY(curv_probe_radius(s, NULL, &made));
  THW_TRY(constants(s, o));
  s->r->variant = o->variant == CURV_AUTO ? curv_choose(o, s->p->n, s->d) : o->variant;
  return THW_OK;
}

static thw_status search(curv_run *s, curv_options *o) {
  uint32_t some = 1u << CURV_DET | 1u << CURV_VR | 1u << CURV_ONLINE;
  if (!s->w->d) o->candidates = o->candidates ? o->candidates & ~(1u << CURV_SVRG) : some;
  if (s->w->room < 2) o->candidates &= ~(1u << CURV_KRYLOV);
  THW_TRY(choose(s, o));
  switch (s->r->variant) {
  case CURV_DET:
    return curv_run_det(s);
  case CURV_VR:
    return curv_run_vr(s);
  case CURV_SVRG:
    return curv_run_svrg(s);
  case CURV_KRYLOV:
    return curv_run_krylov(s);
  default:
    return curv_run_online(s);
  }
}

thw_status curv_search(const curv_problem *p, const curv_options *o, curv_work *w, curv_result *r) {
  *r = (curv_result){.z = NAN, .smallest = NAN, .L = NAN, .V_H = NAN};
  if (!usable(p, o, w)) return THW_E_ARG;
  curv_options own = *o;
  curv_run s = {.p = p, .o = &own, .w = w, .r = r, .d = p->x0->space->n};
  thw_status st = search(&s, &own);
  return st == CURV_END ? THW_OK : st;
}

/* ---- memory ---------------------------------------------------------------------------------- */

thw_status curv_work_new(thw_space *space, curv_work *w) {
  thw_vec **v[] = {&w->v, &w->g0, &w->point, &w->a, &w->b, &w->c};
  *w = (curv_work){0};
  for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
    thw_status st = thw_vec_new(space, v[i]);
    if (st != THW_OK) {
      *v[i] = NULL;
      curv_work_free(w);
      return st;
    }
  }
  return THW_OK;
}

thw_status curv_work_extend(thw_space *space, curv_work *w, curv_variant v, int64_t room) {
  if (v == CURV_SVRG) {
    THW_TRY(thw_vec_new(space, &w->d));
    return thw_vec_new(space, &w->e);
  }
  if (v != CURV_KRYLOV) return THW_OK;
  w->basis = calloc((size_t)room, sizeof(thw_vec *));
  w->table = calloc(4 * (size_t)room, sizeof(double));
  if (!w->basis || !w->table) return THW_E_NOMEM;
  for (; w->room < room; w->room++) THW_TRY(thw_vec_new(space, &w->basis[w->room]));
  return THW_OK;
}

void curv_work_free(curv_work *w) {
  for (int64_t j = 0; j < w->room; j++) thw_vec_free(w->basis[j]);
  free(w->basis);
  free(w->table);
  thw_vec_free(w->d);
  thw_vec_free(w->e);
  thw_vec_free(w->v);
  thw_vec_free(w->g0);
  thw_vec_free(w->point);
  thw_vec_free(w->a);
  thw_vec_free(w->b);
  thw_vec_free(w->c);
  *w = (curv_work){0};
}
