/* SPDX-License-Identifier: BSD-3-Clause */
/* The method: x = x + s, s the minimiser of g's + s'Hs/2 + rho/6 |s|^3. */
#include "plugins/optimizers/cubic/cubic.h"

#define GOOD 0.9   /* part of the model's decrease that f must show for a smaller rho */
#define ENOUGH 0.1 /* for the step to be taken */
#define FACTOR 3.0 /* on rho */
#define STUCK 80   /* rejections in a row */
#define PILOT 64   /* rows that show the variance of gradients */
#define HESSIAN_LEAST 64

enum { X, G, TRIAL, G_TRIAL, S, POINT, HV, BASE, P0, P1, BASIS };

/* The search and the estimates are made when these hold nothing; x and trial change places. */
static void lend(cubic *s) {
  s->probe.work = (curv_work){.v = s->s,
                              .g0 = s->o.vec[P0],
                              .point = s->point,
                              .a = s->trial,
                              .b = s->g_trial,
                              .c = s->o.vec[P1]};
}

/* ---- start ---------------------------------------------------------------------------------- */

thw_status cubic_reset(void *self, const thw_vec *x) {
  cubic *s = self;
  THW_TRY(optim_ready(&s->o));
  s->have_g = s->done = s->in_a_row = 0;
  optim_constants_stale(&s->c);
  return thw_copy(s->x, x);
}

static double first_rho(const cubic *s) {
  if (s->p->rho > 0.0) return s->p->rho;
  return optim_known(s->o.facts.lipschitz_hess) ? s->o.facts.lipschitz_hess : 1.0;
}

static thw_status streams(cubic *s) {
  const thw_host *h = s->o.host;
  THW_TRY(h->rng(s->o.ctx, "estimate", &s->probe.rng));
  THW_TRY(h->rng(s->o.ctx, "gradient", &s->rows));
  THW_TRY(h->rng(s->o.ctx, "hessian", &s->rows_hess));
  THW_TRY(h->rng(s->o.ctx, "search", &s->search));
  return h->rng(s->o.ctx, "variance", &s->pilot);
}

thw_status cubic_start(void *self, const thw_object *oracle, const thw_vec *x0) {
  cubic *s = self;
  thw_space *space;
  THW_TRY(thw_oracle_space(oracle, &space));
  s->room = s->p->krylov < space->n ? s->p->krylov : space->n;
  THW_TRY(optim_start(&s->o, oracle, BASIS + (uint32_t)s->room));
  THW_TRY(optim_ask(&s->o, 0));
  thw_vec **v = s->o.vec;
  s->x = v[X], s->g = v[G], s->trial = v[TRIAL], s->g_trial = v[G_TRIAL], s->s = v[S];
  s->point = v[POINT], s->hv = v[HV], s->base = v[BASE], s->basis = v + BASIS;
  THW_TRY(streams(s));
  optim_constants_start(&s->c, s->p->lipschitz, s->p->variance_hess, 0);
  s->batch = s->batch_hess = NULL;
  s->epsilon = s->p->epsilon > 0.0 ? s->p->epsilon : s->goal.epsilon > 0.0 ? s->goal.epsilon : 1e-3;
  s->fail = s->goal.confidence > 0.0 && s->goal.confidence < 1.0 ? 1.0 - s->goal.confidence : 0.01;
  s->fail = fmin(s->fail, 0.49);
  s->rho = first_rho(s);
  s->f = s->norm = s->V = s->decrease = 0.0;
  s->least = (double)NAN;
  s->exact = s->p->products == CUBIC_DIFFERENCE ? 0 : -1;
  s->certain = s->iterations = s->products = s->rejected = 0;
  return cubic_reset(s, x0);
}

double cubic_delta(const cubic *s) {
  if (s->p->delta > 0.0) return s->p->delta;
  return s->goal.delta > 0.0 ? s->goal.delta : sqrt(s->rho * s->epsilon);
}

/* ---- rows and gradients -----------------------------------------------------------------------
 */

static int64_t capped(const cubic *s, double rows, double least) {
  double most = s->o.n > 0 ? (double)s->o.n : 0x1p40;
  return (int64_t)fmin(fmax(ceil(rows), least), most);
}

/* 0: the whole sum. */
static int64_t gradient_rows(cubic *s, optim_meter *m, thw_status *st) {
  int64_t rows = s->p->gradient_batch;
  *st = THW_OK;
  if (rows == 0 && s->o.n > 0) return 0;
  if (rows == 0) {
    const curv_problem at = {.oracle = &s->o.oracle, .x0 = s->x, .n = s->o.n, .rng = &s->pilot};
    double V;
    *st = curv_gradient_variance(&at, PILOT, 8, s->point, s->hv, &V, &m->used);
    if (*st != THW_OK) return 0;
    s->V = s->V > 0.0 ? 0.5 * (s->V + V) : V;
    rows = capped(s, s->p->c_gradient * s->V / (s->epsilon * s->epsilon), PILOT);
  }
  return s->o.n > 0 && rows >= s->o.n ? 0 : rows;
}

static thw_status draw(cubic *s, thw_rng *r, int64_t rows, thw_batch **b) {
  *b = NULL;
  return rows == 0 ? THW_OK : thw_oracle_draw(&s->o.oracle, r, THW_DRAW_SUBSET, rows, b);
}

static void release(cubic *s) {
  thw_oracle_release(&s->o.oracle, s->batch);
  thw_oracle_release(&s->o.oracle, s->batch_hess);
  s->batch = s->batch_hess = NULL;
}

static thw_status gradient(cubic *s, optim_meter *m) {
  thw_status st;
  if (s->have_g) return THW_OK;
  int64_t rows = gradient_rows(s, m, &st);
  THW_TRY(st);
  THW_TRY(draw(s, &s->rows, rows, &s->batch));
  m->used += s->batch ? s->batch->n : s->o.n;
  THW_TRY(thw_oracle_eval(&s->o.oracle, s->x, s->batch, &s->f, s->g));
  THW_TRY(thw_norm2(s->g, &s->norm));
  s->have_g = cubic_whole(s);
  return THW_OK;
}

/* The error of a batch's Hessian in its norm is about sqrt(V_H ln(2d) / rows): a quarter of delta
 * with c_hessian = 16. */
static int64_t hessian_rows(const cubic *s) {
  int64_t rows = s->p->hessian_batch;
  double delta = cubic_delta(s);
  if (rows == 0)
    rows = capped(s, s->p->c_hessian * s->c.VH * log(2.0 * (double)s->o.space->n) / (delta * delta),
                  HESSIAN_LEAST);
  return s->o.n > 0 && rows >= s->o.n ? 0 : rows;
}

static int wants_VH(const cubic *s) {
  return s->p->hessian_batch == 0 && s->o.n != 1;
}

/* ---- products ---------------------------------------------------------------------------------
 */

static thw_status hessian(cubic *s, optim_meter *m) {
  double norm;
  THW_TRY(draw(s, &s->rows_hess, hessian_rows(s), &s->batch_hess));
  THW_TRY(thw_norm2(s->x, &norm));
  s->q = sqrt(s->o.unit) * fmax(1.0, norm);
  if (!s->batch_hess && cubic_whole(s)) return thw_copy(s->base, s->g);
  if (s->exact == 1) return THW_OK;
  m->used += s->batch_hess ? s->batch_hess->n : s->o.n;
  return thw_oracle_eval(&s->o.oracle, s->x, s->batch_hess, NULL, s->base);
}

static thw_status exact(cubic *s, const thw_vec *w, thw_vec *hv) {
  thw_status st = thw_oracle_hvp(&s->o.oracle, s->x, w, s->batch_hess, hv);
  if (st != THW_E_UNSUPPORTED || s->p->products == CUBIC_HVP) {
    s->exact = 1;
    return st;
  }
  s->exact = 0;
  return st;
}

thw_status cubic_product(cubic *s, const thw_vec *w, thw_vec *hv, int64_t *cost) {
  double norm;
  *cost += s->batch_hess ? s->batch_hess->n : s->o.n;
  s->products++;
  if (s->exact != 0) {
    thw_status st = exact(s, w, hv);
    if (s->exact != 0) return st;
  }
  THW_TRY(thw_norm2(w, &norm));
  if (norm == 0.0) return thw_fill(hv, 0.0);
  const thw_vec *in[2] = {s->x, w};
  const double c[2] = {1.0, s->q / norm};
  THW_TRY(thw_lincomb(s->point, 0.0, 2, c, in));
  THW_TRY(thw_oracle_eval(&s->o.oracle, s->point, s->batch_hess, NULL, hv));
  THW_TRY(thw_axpy(hv, -1.0, s->base));
  return thw_scale(hv, norm / s->q);
}

/* ---- curvature below -delta -------------------------------------------------------------------
 */

/* Along a direction v of curvature z < 0 the model falls most at 2|z|/rho, by 2/3 |z|^3/rho^2. */
static thw_status along(cubic *s, double z) {
  double slope;
  THW_TRY(thw_dot(s->g, s->s, &slope));
  THW_TRY(thw_scale(s->s, (slope > 0.0 ? -2.0 : 2.0) * -z / s->rho));
  s->decrease = 2.0 / 3.0 * -z * z * z / (s->rho * s->rho) + fabs(slope) * 2.0 * -z / s->rho;
  s->least = z;
  return THW_OK;
}

/* Where the Krylov space is too small to be certain a search decides. *bottom: there is none. */
static thw_status search(cubic *s, optim_meter *m, int *bottom) {
  curv_options o;
  curv_result r;
  curv_options_default(&o);
  o.delta = cubic_delta(s);
  o.p = s->fail;
  o.L = s->c.L;
  o.V_H = s->c.VH > 0.0 || !wants_VH(s) ? s->c.VH : (double)NAN;
  const curv_problem at = {.oracle = &s->o.oracle,
                           .x0 = s->x,
                           .n = s->o.n,
                           .g0 = cubic_whole(s) && s->o.n > 0 ? s->g : NULL,
                           .rng = &s->search};
  THW_TRY(curv_search(&at, &o, &s->probe.work, &r));
  m->used += r.cost;
  *bottom = r.status == CURV_BOTTOM;
  if (*bottom) return THW_OK;
  if (r.status == CURV_FOUND) return along(s, r.z);
  s->o.host->log(s->o.ctx, THW_LOG_WARN,
                 r.status == CURV_PRECISION
                     ? "the working precision cannot resolve curvature of delta here"
                     : "the search for negative curvature diverged");
  return THW_STALLED;
}

/* The step, or *minimum: x is what was looked for. */
static thw_status subproblem(cubic *s, optim_meter *m, int *minimum) {
  int small = s->norm <= (cubic_whole(s) ? 1.0 : 0.75) * s->epsilon;
  *minimum = 0;
  THW_TRY(hessian(s, m));
  if (s->p->solver == CUBIC_DESCENT) {
    THW_TRY(cubic_descent(s, small, &m->used));
    double most = 0.01 * sqrt(s->epsilon * s->epsilon * s->epsilon / s->rho);
    if (!small || s->decrease >= most) return THW_OK;
  } else {
    THW_TRY(cubic_lanczos(s, small, &m->used));
    if (!small || s->least <= -0.5 * cubic_delta(s)) return THW_OK;
    *minimum = s->certain != 0;
    if (*minimum) return THW_OK;
  }
  return search(s, m, minimum);
}

/* ---- steps ------------------------------------------------------------------------------------
 */

static int adaptive(const cubic *s) {
  return s->p->adapt == CUBIC_ADAPT_ON || (s->p->adapt == CUBIC_ADAPT_AUTO && s->p->rho == 0.0);
}

static thw_status take(cubic *s, double f) {
  thw_vec *t = s->x;
  s->x = s->trial, s->trial = t;
  t = s->g, s->g = s->g_trial, s->g_trial = t;
  s->f = f;
  s->in_a_row = 0;
  return cubic_whole(s) ? thw_norm2(s->g, &s->norm) : THW_OK;
}

/* The step is taken when f falls by a part of what the model promised (Cartis, Gould and Toint);
 * below the rounding of f nothing can be told from values. */
static thw_status try_step(cubic *s, optim_meter *m) {
  const thw_vec *in[2] = {s->x, s->s};
  static const double one[2] = {1.0, 1.0};
  double f = INFINITY, noise = 10.0 * s->o.unit * fabs(s->f);
  THW_TRY(thw_lincomb(s->trial, 0.0, 2, one, in));
  if (cubic_whole(s)) m->used += s->o.n;
  thw_status st =
      thw_oracle_eval(&s->o.oracle, s->trial, s->batch, &f, cubic_whole(s) ? s->g_trial : NULL);
  int unusable = st == THW_E_NONFINITE || st == THW_RETRY;
  if (!unusable) THW_TRY(st);
  double part = unusable ? -INFINITY : (s->f - f + noise) / (s->decrease + noise);
  if (!adaptive(s)) return unusable ? st : take(s, f);
  if (part >= ENOUGH) {
    if (part >= GOOD && s->decrease > noise) s->rho = fmax(s->rho / FACTOR, 1e-12);
    return take(s, f);
  }
  s->rho *= FACTOR;
  s->rejected++;
  return ++s->in_a_row < STUCK ? THW_OK : THW_STALLED;
}

static thw_status iterate(cubic *s, optim_meter *m) {
  int minimum = 0;
  const thw_host *h = s->o.host;
  lend(s);
  THW_TRY(optim_constants_settle(&s->c, &s->o, &s->probe, s->x, wants_VH(s), &m->used));
  THW_TRY(gradient(s, m));
  h->stage(s->o.ctx, "subproblem");
  thw_status st = subproblem(s, m, &minimum);
  h->stage(s->o.ctx, NULL);
  THW_TRY(st);
  s->iterations++;
  s->done = minimum;
  return minimum ? THW_OK : try_step(s, m);
}

thw_status cubic_step(void *self, thw_step *io) {
  cubic *s = self;
  optim_meter m = optim_meter_of(io);
  thw_status st = THW_OK;
  THW_TRY(optim_ready(&s->o));
  io->epoch_end = 1;
  if (!s->done) {
    st = iterate(s, &m);
    release(s);
  }
  if (s->have_g) io->f = s->f, io->grad_norm = s->norm;
  return st == THW_OK && s->done ? THW_DONE : st;
}

thw_status cubic_point(void *self, thw_vec *x) {
  cubic *s = self;
  THW_TRY(optim_ready(&s->o));
  return thw_copy(x, s->x);
}
