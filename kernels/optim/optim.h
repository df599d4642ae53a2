/* SPDX-License-Identifier: BSD-3-Clause */
/* What the optimizers of this tree share: the oracle with its facts, working vectors, gradients of
 * samples, estimates of constants. */
#ifndef KERNELS_OPTIM_H
#define KERNELS_OPTIM_H

#include <thalweg/optimizer.h>

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

/* In start: takes over the oracle and its facts and makes k vectors (o->vec; the old ones are kept
 * when they fit, with their values). */
thw_status optim_start(optim *o, const thw_object *oracle, uint32_t k);

/* host->fail with a printf format. */
thw_status optim_fail(const optim *o, thw_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* THW_E_STATE with a text unless the optimizer has been started. */
thw_status optim_ready(const optim *o);

/* THW_E_UNSUPPORTED with a text when the oracle is a stream. `remedy`: what to use instead. */
thw_status optim_need_sum(const optim *o, const char *who, const char *remedy);

/* Takes over the members of `f` that are not NAN. */
void optim_take_facts(optim *o, const thw_facts *f);

/* Positive and finite: a fact that can be used. */
static inline int optim_known(double fact) {
  return isfinite(fact) && fact > 0.0;
}

/* ---- samples -------------------------------------------------------------------------------- */

/* Rows that a mini-batch of `batch` rows has (0: the whole sum). */
int64_t optim_batch_rows(const optim *o, int64_t batch);

/* Gradient (and value, unless f is NULL) at x of a new batch drawn as `how`, or of the whole sum
 * when batch is 0. */
thw_status optim_sample(const optim *o, thw_rng *r, uint32_t how, int64_t batch, const thw_vec *x,
                        double *f, thw_vec *g);

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

/* Room that the estimates need. `top` keeps the dominant direction from one estimate to the next
 * (a vector of zeros: none yet). */
typedef struct optim_probe {
  thw_vec *top, *at, *h, *g;
  thw_rng rng;
} optim_probe;

/* Lipschitz constant of the gradient near x, 1.2 times what power iteration on gradient
 * differences over one fixed batch of at most 512 rows finds; never below 0.7 `*L` when that is
 * positive. neon2.md section 8; costs about 13 batches, 5 when `top` is warm. */
thw_status optim_estimate_L(const optim *o, optim_probe *p, const thw_vec *x, double *L,
                            int64_t *cost);

/* V_H near x: the largest sample variance of the vectors H_i u over three random unit u, 32 rows
 * each. Costs 192 gradients. */
thw_status optim_estimate_VH(const optim *o, optim_probe *p, const thw_vec *x, double *vh,
                             int64_t *cost);

/* The first that is known of: `given` (a parameter, 0: not given), the oracle's fact, an estimate
 * at x. *estimated says which. */
thw_status optim_lipschitz(const optim *o, optim_probe *p, double given, const thw_vec *x,
                           double *L, int *estimated, int64_t *cost);

/* ---- state ---------------------------------------------------------------------------------- */

/* Plain numbers that go into and come out of a checkpoint under their names. */
typedef struct optim_field {
  const char *name;
  enum { OPTIM_I64, OPTIM_F64, OPTIM_RNG, OPTIM_VEC } kind;
  void *at; /* int64_t *, double *, thw_rng *, thw_vec * */
} optim_field;

thw_status optim_save(thw_writer *w, const optim_field *f, size_t n);
thw_status optim_load(thw_reader *r, const optim_field *f, size_t n);

#endif
