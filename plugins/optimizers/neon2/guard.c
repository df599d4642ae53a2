/* SPDX-License-Identifier: BSD-3-Clause */
/* What is done at the end of an epoch of the inner method: GUARD, and larger batches for methods
 * with a noise floor (neon2.md, section 10). */
#include "plugins/optimizers/neon2/neon2.h"

#define ATTEMPTS 20 /* epochs in a row that may be undone */
#define RECOVER 1.1 /* of the step multiplier, after an accepted epoch */

/* ---- values -----------------------------------------------------------------------------------
 */

static int whole(const neon2 *s) {
  return s->o.n >= 0 && s->o.n <= s->p->guard_batch;
}

/* On the guard's rows, INFINITY where there is no value. The stream is copied, so that the rows are
 * the same each time. */
static thw_status value(neon2 *s, const thw_vec *x, double *f) {
  thw_rng r = s->guard;
  int64_t rows = 0;
  *f = INFINITY;
  s->o.host->stage(s->o.ctx, "guard");
  thw_status st =
      optim_sample(&s->o, &r, THW_DRAW_SUBSET, whole(s) ? 0 : s->p->guard_batch, x, f, NULL, &rows);
  s->o.host->stage(s->o.ctx, NULL);
  if (st != THW_E_NONFINITE && st != THW_RETRY) return st;
  *f = INFINITY;
  return THW_OK;
}

/* ---- plateau ----------------------------------------------------------------------------------
 */

static void plateau_begin(neon2 *s, double f) {
  s->f_reset = s->best = f;
  s->window = INFINITY;
  s->in_window = 0;
}

/* When the best of the last epochs is better than what was before by less than a hundredth of all
 * progress, noise is all that is left. */
static thw_status plateau(neon2 *s, double f) {
  if (!s->watched || (s->p->plateau == NEON2_AUTO && s->source != NEON2_OWN)) return THW_OK;
  s->window = fmin(s->window, f);
  if (++s->in_window < s->p->plateau_epochs) return THW_OK;
  double gain = s->best - s->window, progress = s->f_reset - fmin(s->best, s->window);
  s->best = fmin(s->best, s->window);
  s->window = INFINITY;
  s->in_window = 0;
  if (gain > s->p->plateau_gain * progress) return THW_OK;
  s->grown++;
  return s->steer->grow_batch(s->inner.self, s->p->batch_growth);
}

/* ---- guard ------------------------------------------------------------------------------------
 */

static thw_status scale(neon2 *s, double mult) {
  double factor = mult / s->mult;
  s->mult = mult;
  return s->steer->scale_step(s->inner.self, factor);
}

static thw_status undo(neon2 *s) {
  s->rejected++;
  s->place = NEON2_TESTED; /* that point's gradient was large, and still is */
  THW_TRY(s->steer->reset(s->inner.self, s->start));
  THW_TRY(scale(s, 0.5 * s->mult));
  if (++s->in_a_row < ATTEMPTS) return THW_OK;
  return optim_fail(&s->o, THW_E_NONFINITE,
                    "neon2: %d epochs of the inner method in a row ended with f risen by more than "
                    "%g %%, the last with a step %.3g times its own: is the gradient right? "
                    "(thalweg verify checks it)",
                    ATTEMPTS, 100.0 * s->p->guard_tol, s->mult);
}

static thw_status accept(neon2 *s, double f) {
  s->in_a_row = 0;
  s->epochs++;
  s->place = NEON2_ARRIVED;
  if (s->grace > 0) s->grace--;
  escape_epoch(&s->e);
  if (!s->guarded && !s->watched) return THW_OK;
  if (s->guarded && s->mult < 1) THW_TRY(scale(s, fmin(1, RECOVER * s->mult)));
  s->f_start = f;
  thw_vec *t = s->start;
  s->start = s->x, s->x = t;
  return plateau(s, f);
}

thw_status neon2_end_epoch(neon2 *s, int finite, double f) {
  if (!s->guarded && !s->watched) return accept(s, (double)NAN);
  if (finite) {
    THW_TRY(thw_optimizer_point(&s->inner, s->x));
    if (!(whole(s) && isfinite(f))) THW_TRY(value(s, s->x, &f));
  }
  double rise = finite ? f - s->f_start : INFINITY;
  if (s->guarded && !(rise <= s->p->guard_tol * fabs(s->f_start) + 1e-12)) return undo(s);
  return accept(s, f);
}

/* ---- a new start ------------------------------------------------------------------------------
 */

thw_status neon2_begin_at(neon2 *s, const thw_vec *x) {
  s->place = NEON2_ARRIVED;
  s->in_a_row = s->force = 0;
  s->told = (double)NAN;
  THW_TRY(thw_copy(s->start, x));
  if (s->guarded || s->watched) THW_TRY(value(s, x, &s->f_start));
  plateau_begin(s, s->f_start);
  return THW_OK;
}

thw_status neon2_restart(neon2 *s) {
  if (s->steer)
    THW_TRY(s->steer->reset(s->inner.self, s->x));
  else
    THW_TRY(thw_optimizer_start(&s->inner, &s->o.oracle, s->x));
  return neon2_begin_at(s, s->x);
}
