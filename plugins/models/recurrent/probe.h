/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/probe.h - one call of the probe. */
#ifndef THW_RECURRENT_PROBE_H
#define THW_RECURRENT_PROBE_H

#include "recurrent.h"

typedef struct rec_probe {
  rec *m;
  const thw_batch *b;
  rec_job at, start; /* the point; the start, with the way from there as the direction */
  thw_view way;
  int64_t steps;
  void *room;
  double *many, *h, *on, *flips, *p, *back, *counted, *error, *scale; /* per step */
  double *into;                                                       /* of `watch` */
  unsigned char *alive;                                               /* per unit */
  double h_last, moved, size, went, bent;
} rec_probe;

/* weights.c: what the weights themselves tell. */
thw_status rec_probe_weights(rec_probe *p, const thw_view *x, const thw_view *start, thw_sink *out);

#endif
