/* SPDX-License-Identifier: BSD-3-Clause */
/* The reduction from stationary points to local minima: the parts of the plugin. */
#ifndef PLUGINS_NEON2_H
#define PLUGINS_NEON2_H

#include "kernels/escape/escape.h"

enum { NEON2_AUTO, NEON2_OFF, NEON2_ON };

struct neon2_params {
  struct escape_params e; /* first: ESCAPE_PARAMS counts on it */
  double guard_tol, plateau_gain, batch_growth;
  int64_t grace, guard_batch, plateau_epochs;
  int32_t guard, plateau, theory;
};

/* Where the norm of the full gradient at the start of an epoch comes from. */
enum {
  NEON2_UNKNOWN, /* not yet seen                                                             */
  NEON2_OWN,     /* a test of our own                                                        */
  NEON2_END,     /* the inner method's step that ends an epoch tells it                      */
  NEON2_BEGIN    /* its first unit of an epoch does (a snapshot)                             */
};

/* Between epochs: what is still to be done before the next. */
enum { NEON2_ARRIVED, NEON2_TESTED };

typedef struct neon2 {
  optim o;
  const struct neon2_params *p;
  struct escape_params ep; /* of p, with the theory form laid over */
  escape e;
  thw_object inner;
  const thw_steer *steer; /* or NULL */
  int guarded, watched;   /* epochs are undone; the plateau rule is on */
  thw_vec *x, *start;     /* scratch; where the epoch began */
  thw_rng guard;
  double f_start, mult,
      told; /* value on the guard's rows; told: of the gradient, by the last step */
  int64_t place, source, grace, epochs, rejected, in_a_row, stuck, force, end;
  /* plateau: values on the guard's rows since the last reset */
  double f_reset, best, window;
  int64_t in_window, grown;
} neon2;

/* guard.c */
/* An epoch has ended at a point (or, with finite = 0, nowhere): it is accepted, or undone. f: its
 * value on all rows if the inner method has told, else NAN. */
thw_status neon2_end_epoch(neon2 *s, int finite, double f);
/* Everything starts afresh at s->x: the inner method, the guard, the plateau rule. */
thw_status neon2_restart(neon2 *s);
/* The same without the inner method. */
thw_status neon2_begin_at(neon2 *s, const thw_vec *x);

/* neon2.c */
thw_status neon2_start(void *self, const thw_object *oracle, const thw_vec *x0);
thw_status neon2_step(void *self, thw_step *io);
thw_status neon2_point(void *self, thw_vec *x);
thw_status neon2_reset(void *self, const thw_vec *x);

/* theory.c */
thw_status neon2_claims(void *self, const thw_problem *p, thw_claims *out);

#endif
