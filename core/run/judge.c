/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/run/judge.h"

#include <stdlib.h>

thw_status tw_judge(tw_setup *s, const thw_vec *x, tw_verdict *v, tw_diags *d) {
  const tw_options *o = s->opt;
  thw_facts f = {.size = sizeof f, .want = THW_FACT_LIPSCHITZ | THW_FACT_LIPSCHITZ_HESS};
  thw_status st = thw_oracle_facts(s->object, &f);
  if (st != THW_OK) return tw_setup_error(s, st, "judging the point", d);
  tw_verdict_options vo = {.epsilon = o->stop.epsilon,
                           .delta = o->stop.delta,
                           .confidence = o->stop.confidence,
                           .passes = o->stop.verdict_passes,
                           .smooth = s->smooth,
                           .L = f.lipschitz > 0 && !(f.flags & THW_FACTS_LOCAL) ? f.lipschitz : 0,
                           .L2 = f.lipschitz_hess > 0 ? f.lipschitz_hess : 0};
  thw_ctx *ctx = tw_ctx_new(&s->session, "verdict");
  size_t before = tw_ledger_enter(s->ledger, "verdict", 0);
  st = tw_verdict_judge(s->object, ctx, &vo, x, v, d);
  tw_ledger_leave(s->ledger, before);
  tw_ctx_free(ctx);
  if (st != THW_OK) tw_verdict_clear(v);
  if (st < 0) return tw_setup_error(s, st, "judging the point", d);
  /* A gradient that is not finite is an answer here: forget the guard's words. */
  free(tw_setup_text(s, THW_OK));
  return st;
}
