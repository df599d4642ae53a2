/* SPDX-License-Identifier: BSD-3-Clause */
/* Natasha1.5 and Natasha2: what both plugins are made of. An epoch is cut into p rounds; in each,
 * the proximal term sigma |x - centre|^2 makes the objective strongly convex, so that a round makes
 * real progress and its average is a good point. Natasha2 looks for negative curvature between
 * epochs. */
#ifndef PLUGINS_NATASHA_H
#define PLUGINS_NATASHA_H

#include "kernels/escape/escape.h"
#include "kernels/optim/epoch.h"

/* ---- formulas (theory.c) ----------------------------------------------------------------------
 */

typedef struct natasha_problem {
  double n; /* INFINITY: a stream                                                          */
  double V, L, L2, epsilon, delta, gap;
} natasha_problem;

/* All constants of order one are 1. */
typedef struct natasha_theory {
  char zone; /* 'A' or 'B', the case of natasha2; 0                                        */
  double L, sigma, B, p, alpha;
  double epochs; /* T' of natasha15, N1 of natasha2                                        */
  double polish; /* rows of the final SGD                                                  */
} natasha_theory;

/* natasha.md, sections 2 and 3. */
void natasha15_theory(const natasha_problem *k, double sigma, natasha_theory *out);
void natasha2_theory(const natasha_problem *k, natasha_theory *out);

/* Section 5: p and alpha, from the step a0 that the rule allows on an epoch of B rows. *p > 0 and
 * *alpha > 0 on entry are the user's. */
void natasha_practice(double sigma, double L, double a0, double B, double b, int64_t *p, int64_t *m,
                      double *alpha);

/* ---- epochs (epoch.c) -------------------------------------------------------------------------
 */

struct natasha_rules {
  double sigma, alpha, c_step, variance, gap;
  int64_t p_sub, polish_steps;
  int32_t theory;
  double epsilon, delta; /* of the run, 0: not known                                       */
};

enum { NATASHA_EPOCHS, NATASHA_POLISH, NATASHA_OVER };

typedef struct natasha {
  optim o;
  struct natasha_rules r;
  optim_epoch e;
  double sigma, z; /* in force; z: |curvature| that a search has just seen, 0: none        */
  double zone;     /* radius; INFINITY: none                                               */
  /* theory */
  natasha_theory t;
  double gap, V, L2; /* as settled; L2 > 0: natasha2's                                     */
  int64_t settled, stage, starts, made; /* starts of rounds and epochs made                */
  thw_vec *yhat, *y; /* a random start of all, and where its epoch began                   */
  thw_rng output;
  int64_t polished;
} natasha;

#define NATASHA_VECS (OPTIM_EPOCH_VECS + 2)

/* In start, after optim_start with vectors o->vec[0...]. */
thw_status natasha_start(natasha *s, const optim_epoch_setup *set, const thw_vec *x0);
thw_status natasha_reset(natasha *s, const thw_vec *x);
/* In theory form: settles L, V, D_f and all that follows, once. */
thw_status natasha_settle(natasha *s, int64_t *cost);
/* One unit of work of an epoch (or of the final SGD), unless there is no *room. */
thw_status natasha_unit(natasha *s, optim_meter *m, int *room, int *ended);
void natasha_report(const natasha *s, thw_sink *k);

#define NATASHA_FIELDS(s)                                                                          \
  OPTIM_EPOCH_FIELDS(&(s)->e), {"scale", OPTIM_F64, &(s)->o.scale},                                \
      {"sigma", OPTIM_F64, &(s)->sigma}, {"z_seen", OPTIM_F64, &(s)->z},                           \
      {"zone", OPTIM_F64, &(s)->zone}, {"zone_L", OPTIM_F64, &(s)->e.v.weight},                    \
      {"zone_r", OPTIM_F64, &(s)->e.v.radius}, {"theory_sigma", OPTIM_F64, &(s)->t.sigma},         \
      {"theory_B", OPTIM_F64, &(s)->t.B}, {"theory_p", OPTIM_F64, &(s)->t.p},                      \
      {"theory_alpha", OPTIM_F64, &(s)->t.alpha}, {"theory_epochs", OPTIM_F64, &(s)->t.epochs},    \
      {"theory_polish", OPTIM_F64, &(s)->t.polish}, {"settled", OPTIM_I64, &(s)->settled},         \
      {"natasha", OPTIM_I64, &(s)->stage}, {"starts", OPTIM_I64, &(s)->starts},                    \
      {"made", OPTIM_I64, &(s)->made}, {"yhat", OPTIM_VEC, (s)->yhat}, {"y", OPTIM_VEC, (s)->y},   \
      {"output", OPTIM_RNG, &(s)->output}, {                                                       \
    "polished", OPTIM_I64, &(s)->polished                                                          \
  }
/* After these have been read. */
thw_status natasha_restore(natasha *s);

/* Parameters of both. */
#define NATASHA_MEMBERS                                                                            \
  double sigma, alpha, c_step, variance, gap;                                                      \
  int64_t p_sub, polish_steps;                                                                     \
  int32_t output

#define NATASHA_PARAMS(T)                                                                          \
  THW_PARAM_REAL(T, sigma, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                                \
                 "Weight of the proximal term sigma |x - centre|^2; 0: max(3 delta, 0.01 L)."),    \
      THW_PARAM_INT(T, p_sub, 0, 0, THW_NO_BOUND, "rounds",                                        \
                    "Rounds (sub-epochs, p) of an epoch; 0: by the rule described above."),        \
      THW_PARAM_REAL(T, alpha, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                            \
                     "Step length; 0: by the rule described above."),                              \
      THW_PARAM_REAL(T, c_step, 6.0, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG, NULL,          \
                     "Constant c of the step rule; 3 to 6 make sense."),                           \
      THW_PARAM_ENUM(T, output, OPTIM_AVERAGE, optim_outputs,                                      \
                     "The iterate of a round that the next one starts from; random in the theory " \
                     "form."),                                                                     \
      THW_PARAM_BOOL(T, theory, 0,                                                                 \
                     "The published form, constants of order one set to 1: B, p, alpha and the "   \
                     "number of epochs by formula, random outputs, a final SGD on the strongly "   \
                     "convex objective around a random one."),                                     \
      THW_PARAM_REAL(T, variance, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                         \
                     "Theory form: V, the variance of the rows' gradients; 0: the model's own, "   \
                     "else measured at the start."),                                               \
      THW_PARAM_REAL(T, gap, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                              \
                     "Theory form: D_f, the value at the start above the least one; 0: from the "  \
                     "lower bound that the model knows."),                                         \
      THW_PARAM_INT(T, polish_steps, 0, 0, THW_NO_BOUND, "steps",                                  \
                    "Theory form: steps of the final SGD; 0: V L / (sigma epsilon^2 b).")

#define NATASHA_RULES(p)                                                                           \
  {                                                                                                \
    .sigma = (p)->sigma, .alpha = (p)->alpha, .c_step = (p)->c_step, .variance = (p)->variance,    \
    .gap = (p)->gap, .p_sub = (p)->p_sub, .polish_steps = (p)->polish_steps, .theory = (p)->theory \
  }

#endif
