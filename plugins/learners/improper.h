/* SPDX-License-Identifier: BSD-3-Clause */
/* The learners of Hazan, Hu, Li and Li: what they share. */
#ifndef THALWEG_LEARNERS_IMPROPER_H
#define THALWEG_LEARNERS_IMPROPER_H

#include <thalweg/thalweg.h>

#include "kernels/online/learn.h"
#include "kernels/online/pad.h"

/* Parameters of the projection service, under their own names in each table. */
#define PAD_FIELDS                                                                                 \
  double theta, dedupe_tol, nnls_tol;                                                              \
  int64_t cap_v, cap_c, retry;                                                                     \
  int32_t decomposition, cold, check;

#define PAD_PARAMS(T)                                                                              \
  THW_PARAM_REAL(T, theta, 0.5, 0.0, 0.9, 0, NULL,                                                 \
                 "Share of the tolerance by which a half-space must cut to be taken."),            \
      THW_PARAM_ENUM(T, decomposition, ON_MINIMUM_NORM, improper_methods,                          \
                     "How a point is decomposed or separated: minimum-norm asks in the direction " \
                     "of the least residual, the fewest calls in practice; ellipsoid searches by " \
                     "the ellipsoid method, at most O(n^2 log(n B/eps)) calls, for small n."),     \
      THW_PARAM_INT(T, cap_v, 0, 0, THW_NO_BOUND, NULL,                                            \
                    "Decisions kept from round to round; 0: 20 times the dimension."),             \
      THW_PARAM_INT(T, cap_c, 0, 0, THW_NO_BOUND, NULL,                                            \
                    "Half-spaces kept from round to round; 0: 20 times the dimension."),           \
      THW_PARAM_INT(T, retry, 3, 0, 20, NULL,                                                      \
                    "How often an answer without a certificate that leads nowhere is asked for "   \
                    "anew, with doubled effort."),                                                 \
      THW_PARAM_REAL(T, dedupe_tol, 1e-12, 0.0, 1e-3, 0, NULL,                                     \
                     "Relative distance within which two decisions are the same."),                \
      THW_PARAM_REAL(T, nnls_tol, 1e-12, 1e-15, 1e-8, THW_P_LOG, NULL,                             \
                     "Slope at which the least-squares problems stop."),                           \
      THW_PARAM_BOOL(T, cold, 0, "Forget decisions and half-spaces after each round; for tests."), \
      THW_PARAM_BOOL(T, check, 0,                                                                  \
                     "Check on every projection that it comes nearer to every point of alpha K "   \
                     "(where the oracle can find true minimisers) and that the decomposition is "  \
                     "within its tolerance; violations are counted in the records.")

#define PAD_OPTIONS(p)                                                                             \
  (on_pad_options) {                                                                               \
    .theta = (p)->theta, .nnls_tol = (p)->nnls_tol, .dedupe_tol = (p)->dedupe_tol,                 \
    .cap_v = (p)->cap_v, .cap_c = (p)->cap_c, .cold = (p)->cold, .retry = (int)(p)->retry,         \
    .check = (p)->check, .decomposition = (p)->decomposition                                       \
  }

extern const char *const improper_methods[]; /* of decomposition */
/* D: the parameter, or alpha R by the oracle. */
thw_status improper_radius(on_env e, double radius, const thw_linear_facts *f, double *out);
/* What a learner that plays s->play of a projection service shows. */
void improper_show(const on_pad *s, thw_play *out);

extern const thw_component improper_bandit, improper_cmwu, improper_omd;
extern const thw_component learner_ftl, learner_ftpl, learner_garber, learner_kkl;

#endif
