/* SPDX-License-Identifier: BSD-3-Clause */
/* What the optimizers of this tree share: the oracle with its facts, working vectors, gradients of
 * samples, estimates of constants. */
#ifndef KERNELS_OPTIM_H
#define KERNELS_OPTIM_H

#include <thalweg/optimizer.h>

#include "kernels/curvature/curvature.h"

/* Most working vectors of one optimizer. */
#define OPTIM_VECS 160

typedef struct optim {
  const thw_host *host;
  thw_ctx *ctx;
  thw_object oracle;
  thw_space *space;
  thw_facts facts; /* of the oracle, overridden by what an outer method knows better */
  int64_t n;       /* rows of the sum, -1: a stream */
  double unit;     /* unit roundoff of the working precision */
  double scale;    /* product of all thw.steer scale_step calls since start */
  uint32_t n_vecs;
  thw_vec *vec[OPTIM_VECS];
  int started;
} optim;

static inline int optim_is_stream(const optim *o) {
  return o->n < 0;
}

/* In create. */
void optim_init(optim *o, const thw_host *host, thw_ctx *ctx);
/* In destroy. */
void optim_free(optim *o);

/* In start: takes over the oracle and its number of rows and makes k vectors (o->vec; the old ones
 * are kept when they fit, with their values). */
thw_status optim_start(optim *o, const thw_object *oracle, uint32_t k);

/* Asks for facts (THW_FACT_*, 0: all), each before its first use: some take the model more than a
 * pass over its rows. What an outer method has said (optim_take_facts) stays. */
thw_status optim_ask(optim *o, uint64_t which);

/* host->fail with a printf format. */
thw_status optim_fail(const optim *o, thw_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* THW_E_STATE with a text unless the optimizer has been started. */
thw_status optim_ready(const optim *o);

/* THW_E_UNSUPPORTED with a text when the oracle is a stream. `remedy`: what to use instead. */
thw_status optim_need_sum(const optim *o, const char *who, const char *remedy);

/* What the run is after; zeros where the host cannot tell. */
thw_status optim_goal(const optim *o, thw_goal *out);

/* Takes over the members of `f` that are not NAN. */
void optim_take_facts(optim *o, const thw_facts *f);

/* Positive and finite: a fact that can be used. */
static inline int optim_known(double fact) {
  return isfinite(fact) && fact > 0.0;
}

/* ---- samples -------------------------------------------------------------------------------- */

/* Gradient (and value, unless f is NULL) at x of a new batch drawn as `how`, or of the whole sum
 * when batch is 0. *rows grows by what it cost. */
thw_status optim_sample(const optim *o, thw_rng *r, uint32_t how, int64_t batch, const thw_vec *x,
                        double *f, thw_vec *g, int64_t *rows);

/* Progress of a method that goes batch by batch. On a stream 4,096 rows count as a pass. */
typedef struct optim_pace {
  int64_t batch; /* 0: the whole sum                                                       */
  int64_t pass;  /* rows of one                                                            */
  int64_t steps, rows, in_pass;
} optim_pace;

void optim_pace_start(optim_pace *p, const optim *o, int64_t batch);
/* One step with `rows` rows; 1 when it ended a pass. */
int optim_pace_step(optim_pace *p, int64_t rows);
static inline double optim_passes(const optim_pace *p) {
  return (double)p->rows / (double)p->pass;
}
static inline int64_t optim_step_rows(const optim_pace *p) {
  return p->batch > 0 ? p->batch : p->pass;
}
/* Multiplies the batch; where it would reach the whole sum it becomes that. */
void optim_pace_grow(optim_pace *p, const optim *o, double factor);

/* Work done in a step against what the caller allows. */
typedef struct optim_meter {
  int64_t used, limit;
  int to_epoch;
} optim_meter;

static inline optim_meter optim_meter_of(const thw_step *io) {
  return (optim_meter){0, io->max_units, (io->flags & THW_STEP_EPOCH) != 0};
}
/* True when `next` more gradients are still near the limit; true before any work. */
static inline int optim_go_on(const optim_meter *m, int64_t next) {
  return m->used == 0 || m->to_epoch || next <= m->limit - m->used;
}

/* ---- constants ------------------------------------------------------------------------------ */

/* Room that the estimates need: kernels/curvature does the work. */
typedef struct optim_probe {
  curv_work work;
  thw_rng rng;
} optim_probe;

/* Lipschitz constant of the gradient near x: 1.2 times what twelve steps of power iteration find
 * on one fixed batch of at most 512 rows; never below 0.7 `*L` (0: no estimate yet). neon2.md
 * section 8. */
thw_status optim_estimate_L(const optim *o, optim_probe *p, const thw_vec *x, double *L,
                            int64_t *cost);

/* V_H near x: the largest sample variance of the vectors H_i u over three random unit u, 32 rows
 * each; never below 0.7 `*vh`. */
thw_status optim_estimate_VH(const optim *o, optim_probe *p, const thw_vec *x, double *vh,
                             int64_t *cost);

/* Constants in force and where they come from: a parameter (given, 0: not), else the oracle's
 * facts, else estimates, which are made afresh after `every` epochs (0: never), but not for more
 * than a tenth of all work. */
typedef struct optim_constants {
  double given_L, given_VH;
  int64_t every;
  double L, VH; /* 0: not settled, or not needed                                           */
  int64_t have, estimated, epochs, work, cost;
} optim_constants;

void optim_constants_start(optim_constants *c, double L, double VH, int64_t every);
/* After a jump: what was estimated is estimated again before the next use. */
void optim_constants_stale(optim_constants *c);
/* An epoch of `work` component gradients has been made. */
void optim_constants_epoch(optim_constants *c, int64_t work);
/* A multiple of 1/L in place of the method's own rule. */
#define OPTIM_C_PARAM(T)                                                                           \
  THW_PARAM_REAL(T, c, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                                    \
                 "With step = 0 the step is c / L; 0: by the rule of parameter step.")

/* Settles L, and V_H when asked for, at x where that is due. */
thw_status optim_constants_settle(optim_constants *c, const optim *o, optim_probe *p,
                                  const thw_vec *x, int want_VH, int64_t *cost);

/* ---- end of the road ------------------------------------------------------------------------ */

/* At the limit of the precision values repeat and gradients only wander. */
typedef struct optim_idle {
  double best_f, best_g;
  int64_t count;
} optim_idle;

void optim_idle_start(optim_idle *i);
/* After an iteration that ended at value f with gradient norm g: 1 when ten in a row have neither
 * brought f down nor halved the norm. */
int optim_idle_step(optim_idle *i, const optim *o, double f, double g);
#define OPTIM_IDLE_FIELDS(i)                                                                       \
  {"best_f", OPTIM_F64, &(i)->best_f}, {"best_g", OPTIM_F64, &(i)->best_g}, {                      \
    "idle", OPTIM_I64, &(i)->count                                                                 \
  }

/* ---- state ---------------------------------------------------------------------------------- */

/* Plain numbers that go into and come out of a checkpoint under their names. */
typedef struct optim_field {
  const char *name;
  enum { OPTIM_I64, OPTIM_F64, OPTIM_RNG, OPTIM_VEC } kind;
  void *at; /* int64_t *, double *, thw_rng *, thw_vec * */
} optim_field;

/* The fields of the structs above. */
#define OPTIM_CONSTANTS_FIELDS(c)                                                                  \
  {"L", OPTIM_F64, &(c)->L}, {"VH", OPTIM_F64, &(c)->VH}, {"have", OPTIM_I64, &(c)->have},         \
      {"estimated", OPTIM_I64, &(c)->estimated}, {"estimate_epochs", OPTIM_I64, &(c)->epochs},     \
      {"estimate_work", OPTIM_I64, &(c)->work}, {                                                  \
    "estimate_cost", OPTIM_I64, &(c)->cost                                                         \
  }
#define OPTIM_PACE_FIELDS(p)                                                                       \
  {"batch", OPTIM_I64, &(p)->batch}, {"steps", OPTIM_I64, &(p)->steps},                            \
      {"rows", OPTIM_I64, &(p)->rows}, {                                                           \
    "in_pass", OPTIM_I64, &(p)->in_pass                                                            \
  }

thw_status optim_save(thw_writer *w, const optim_field *f, size_t n);
thw_status optim_load(thw_reader *r, const optim_field *f, size_t n);

#endif
