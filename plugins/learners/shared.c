/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "plugins/learners/improper.h"

const char *const improper_methods[] = {"minimum-norm", "ellipsoid", NULL};

thw_status improper_radius(on_env e, double radius, const thw_linear_facts *f, double *out) {
  *out = radius;
  if (radius > 0) return THW_OK;
  *out = f->norm * (isfinite(f->factor) ? f->factor : 1);
  if (isfinite(*out) && *out > 0) return THW_OK;
  return on_fail(e, THW_E_ARG,
                 "this oracle does not say how long its decisions are: set radius to a bound on "
                 "|x| over alpha K");
}

void improper_show(const on_pad *s, thw_play *out) {
  out->n = s->n_support;
  out->x = s->play;
  out->p = s->p;
  out->mean = NULL;
}
