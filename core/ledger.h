/* SPDX-License-Identifier: BSD-3-Clause */
/* core/ledger.h - who asked the oracle for how much.
 *
 * One account per component of the pipeline and purpose ("optimizer", "optimizer.inner",
 * "optimizer:search", "monitor", "verdict"). The host enters a component's account when it calls
 * into it and leaves it on return; whatever reaches the oracle in between is charged there. Used
 * by the one thread that drives the run. */
#ifndef TW_LEDGER_H
#define TW_LEDGER_H

#include <stddef.h>

#include <thalweg/base.h>

typedef struct tw_counts {
  int64_t gradients; /* component gradients; a pair costs two per row                        */
  int64_t values;    /* component values without gradient                                    */
  int64_t hvp;       /* component Hessian-vector products                                    */
  int64_t pairs;     /* of the gradients: those asked for at two points with one batch, in pairs */
  int64_t calls;     /* calls of the oracle                                                  */
} tw_counts;

/* What a budget limits and passes are counted in: visits of a component at a point. A value, a
 * gradient and a product with the Hessian count one each: none costs much more than the others, and
 * what is not counted would not be limited. */
static inline int64_t tw_counts_work(const tw_counts *c) {
  return c->gradients + c->values + c->hvp;
}

typedef struct tw_account {
  char *name;   /* "optimizer.inner:search" */
  int budgeted; /* counts against the budget of the run */
  tw_counts counts;
} tw_account;

struct tw_ledger {
  tw_account *v;
  size_t n, cap;
  size_t current; /* account charged now */
  size_t base;    /* account of the component called into, without purpose */
  int64_t budget; /* work that budgeted accounts may spend; -1: no limit */
  int64_t spent;  /* by budgeted accounts */
};
typedef struct tw_ledger tw_ledger;

tw_ledger *tw_ledger_new(void);
void tw_ledger_free(tw_ledger *l);

/* Makes `name` current (opening it if need be) and returns what was, for tw_ledger_leave. */
size_t tw_ledger_enter(tw_ledger *l, const char *name, int budgeted);
void tw_ledger_leave(tw_ledger *l, size_t before);
/* Books under "<base>:<purpose>" from here on; NULL: back to the base. */
void tw_ledger_stage(tw_ledger *l, const char *purpose);

/* THW_BUDGET when a budgeted account is current and `work` more would pass the budget. */
thw_status tw_ledger_afford(const tw_ledger *l, int64_t work);
void tw_ledger_charge(tw_ledger *l, const tw_counts *c);

/* Sum over all accounts whose `budgeted` flag is as given (-1: all). */
tw_counts tw_ledger_total(const tw_ledger *l, int budgeted);

#endif
