/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/facts.c - what is known of the objective. */
#include "recurrent.h"

thw_status rec_facts(void *self, thw_facts *out) {
  rec *m = self;
  out->components = m->info.n > 0 ? m->info.n : -1;
  out->lower_bound = 0.0;
  if (m->linear) out->convexity = 0.0;
  return THW_OK;
}
