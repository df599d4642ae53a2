/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/cut/round.c - from the factor to cuts: random hyperplanes and one-flip local search. */
#include <math.h>
#include <string.h>

#include "kernels/cut/internal.h"

double cut_weight(const cut_graph *g, const double *w, const uint8_t *side) {
  double sum = 0;
  for (int64_t k = 0; k < g->m; k++)
    if (side[g->tail[k]] != side[g->head[k]]) sum += w[k];
  return sum;
}

/* What moving v over would gain. */
static double gain_of(const cut_graph *g, const double *slot, const uint8_t *side, int64_t v) {
  double sum = 0;
  for (int64_t e = g->start[v]; e < g->start[v + 1]; e++)
    sum += side[g->to[e]] == side[v] ? slot[e] : -slot[e];
  return sum;
}

static void move(const cut_graph *g, const double *slot, uint8_t *side, double *gain, int64_t v) {
  side[v] = !side[v];
  gain[v] = -gain[v];
  for (int64_t e = g->start[v]; e < g->start[v + 1]; e++) {
    int64_t u = g->to[e];
    gain[u] += side[u] == side[v] ? 2 * slot[e] : -2 * slot[e];
  }
}

static double gains(const cut_graph *g, const double *slot, const uint8_t *side, double *gain) {
  double scale = 0;
  for (int64_t v = 0; v < g->n; v++) {
    gain[v] = gain_of(g, slot, side, v);
    scale = fmax(scale, fabs(gain[v]));
  }
  return scale;
}

/* Moves what gains, in the order of the nodes, until nothing does. Returns what was gained. */
static double descend(const cut_graph *g, const double *slot, uint8_t *side, double *gain,
                      double least) {
  double sum = 0;
  for (int moved = 1; moved;) {
    moved = 0;
    for (int64_t v = 0; v < g->n; v++) {
      if (!(gain[v] > least)) continue;
      sum += gain[v];
      move(g, slot, side, gain, v);
      moved = 1;
    }
  }
  return sum;
}

double cut_flip(const cut_graph *g, const double *slot, uint8_t *side, double *gain) {
  double scale = gains(g, slot, side, gain);
  return descend(g, slot, side, gain, 1e-12 * scale);
}

/* ---- many hyperplanes ------------------------------------------------------------------------ */

typedef struct rounding {
  cut_sdp *s;
  const thw_rng *stream;
  int64_t draws, kicks;
  int local;
} rounding;

static void hyperplane(const rounding *r, cut_shelf *p, int64_t draw) {
  const cut_sdp *s = r->s;
  int64_t half = (s->rank + 1) / 2;
  for (int64_t k = 0; k < half; k++) {
    uint32_t w[4];
    thw_rng_block(r->stream, (uint64_t)(draw * half + k), w);
    thw_normal_pair(w, p->normal + 2 * k);
  }
  for (int64_t i = 0; i < s->a.n; i++) {
    const double *v = s->a.v + i * s->a.ld;
    double sum = 0;
    for (int64_t k = 0; k < s->rank; k++) sum += v[k] * p->normal[k];
    p->side[i] = sum < 0;
  }
}

/* Nodes that a kick moves: one in 80, at least 2 and at most KICK. */
#define KICK 64

/* Returns what it gained. */
static double kick(const rounding *r, cut_shelf *p, int64_t draw, int64_t number) {
  const cut_sdp *s = r->s;
  int64_t n = s->a.n, count = n / 80 < 2 ? 2 : n / 80 > KICK ? KICK : n / 80;
  uint64_t at = (UINT64_C(1) << 62) + (uint64_t)(draw * r->kicks + number) * (KICK / 2);
  double sum = 0;
  for (int64_t i = 0; i < count; i += 2) {
    uint32_t w[4];
    thw_rng_block(r->stream, at + (uint64_t)i / 2, w);
    for (int64_t k = 0; k < 2 && i + k < count; k++) {
      int64_t v = (int64_t)(thw_unit(w[2 * k], w[2 * k + 1]) * (double)n);
      sum += p->gain[v];
      move(s->g, s->slot_w, p->side, p->gain, v);
    }
  }
  return sum;
}

/* One-flip local search, then again from where a few random nodes were moved over; what is worse is
 * undone. */
static void search(const rounding *r, cut_shelf *p, int64_t draw) {
  const cut_sdp *s = r->s;
  size_t n = (size_t)s->a.n;
  double least = 1e-12 * gains(s->g, s->slot_w, p->side, p->gain);
  descend(s->g, s->slot_w, p->side, p->gain, least);
  for (int64_t k = 0; k < r->kicks; k++) {
    memcpy(p->old_side, p->side, n);
    memcpy(p->old_gain, p->gain, n * sizeof *p->gain);
    double gain = kick(r, p, draw, k);
    gain += descend(s->g, s->slot_w, p->side, p->gain, least);
    if (gain >= 0) continue;
    memcpy(p->side, p->old_side, n);
    memcpy(p->gain, p->old_gain, n * sizeof *p->gain);
  }
}

static void piece_of_draws(void *arg, int64_t i) {
  const rounding *r = arg;
  cut_sdp *s = r->s;
  cut_shelf *p = &s->shelf[i];
  p->value = -INFINITY;
  p->sum = 0;
  for (int64_t draw = i; draw < r->draws; draw += CUT_PIECES) {
    hyperplane(r, p, draw);
    double value = cut_weight(s->g, s->weight, p->side);
    p->sum += value;
    if (r->local) {
      search(r, p, draw);
      value = cut_weight(s->g, s->weight, p->side);
    }
    if (value <= p->value) continue;
    p->value = value;
    p->draw = draw;
    memcpy(p->best, p->side, (size_t)s->a.n);
  }
}

void cut_round_free(cut_sdp *s) {
  for (int i = 0; i < CUT_PIECES; i++) {
    on_free(s->e, s->shelf[i].normal);
    on_free(s->e, s->shelf[i].gain);
    on_free(s->e, s->shelf[i].side);
    on_free(s->e, s->shelf[i].best);
    on_free(s->e, s->shelf[i].old_gain);
    on_free(s->e, s->shelf[i].old_side);
  }
}

thw_status cut_round_new(cut_sdp *s, int64_t most_rank) {
  for (int i = 0; i < CUT_PIECES; i++) {
    THW_TRY(ON_NEW(s->e, s->shelf[i].normal, most_rank + 1));
    THW_TRY(ON_NEW(s->e, s->shelf[i].gain, s->g->n));
    THW_TRY(ON_NEW(s->e, s->shelf[i].side, s->g->n));
    THW_TRY(ON_NEW(s->e, s->shelf[i].best, s->g->n));
    THW_TRY(ON_NEW(s->e, s->shelf[i].old_gain, s->g->n));
    THW_TRY(ON_NEW(s->e, s->shelf[i].old_side, s->g->n));
  }
  return THW_OK;
}

void cut_sdp_round(cut_sdp *s, const thw_rng *stream, int64_t draws, int local, int64_t kicks,
                   uint8_t *side, double *value, double *mean) {
  rounding r = {s, stream, draws, kicks, local};
  int64_t pieces = draws < CUT_PIECES ? draws : CUT_PIECES;
  double work = (double)draws * (2.0 * (double)(s->a.n * s->rank) + 12.0 * (double)s->g->m +
                                 (double)(local ? kicks : 0) * 4.0 * (double)s->g->m);
  s->e.host->parallel(s->e.ctx, pieces, work, piece_of_draws, &r);
  const cut_shelf *best = &s->shelf[0];
  double sum = 0;
  for (int64_t i = 0; i < pieces; i++) {
    const cut_shelf *p = &s->shelf[i];
    sum += p->sum;
    if (p->value > best->value || (p->value == best->value && p->draw < best->draw)) best = p;
  }
  *value = best->value;
  *mean = sum / (double)draws;
  for (int64_t v = 0; v < s->a.n; v++) side[v] = best->best[v] != best->best[0];
}
