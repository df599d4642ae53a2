/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/cut/cut.h - maximum cut through its semidefinite relaxation
 *
 *     max  sum over edges of w_e (1 - v_i . v_j) / 2,   |v_i| = 1,
 *
 * solved on a factor of low rank (Burer and Monteiro): coordinate descent first (the Mixing
 * method), then truncated Newton steps on the product of spheres, and where the factor is caught in
 * a saddle an escape along the direction of negative curvature in one more column. What it found is
 * proved by weak duality: d_i = -v_i . sum_j w_ij v_j makes A + Diag(d) + s I positive semidefinite
 * for some small s, and then no cut has more than W/2 + sum (d_i + s) / 4. That the matrix is so is
 * shown by a Cholesky factorization that comes to its end, with all that rounding can have done
 * added to s. Weights may have any sign.
 *
 * The same bits on any number of threads. */
#ifndef THALWEG_KERNELS_CUT_CUT_H
#define THALWEG_KERNELS_CUT_CUT_H

#include <thalweg/rng.h>

#include "kernels/online/env.h"

/* The edges at each node; parallel edges are allowed, loops are not. tail and head are the
 * caller's and stay. */
typedef struct cut_graph {
  on_env e;
  int64_t n, m;
  const int32_t *tail, *head;
  int64_t *start;     /* slots start[v] .. start[v+1]-1 are those of node v                */
  int32_t *to, *edge; /* of each slot: the other end, the edge                             */
} cut_graph;

thw_status cut_graph_new(cut_graph *g, on_env e, int64_t n, int64_t m, const int32_t *tail,
                         const int32_t *head);
void cut_graph_free(cut_graph *g);

typedef struct cut_options {
  double tolerance; /* bound - value <= tolerance * |bound|                                  */
  int64_t products; /* as many sweeps and products with the matrix at most                   */
  int plain;        /* coordinate descent alone, as the Mixing method was published          */
} cut_options;

typedef struct cut_solution {
  double value; /* of the relaxation at the factor                                          */
  double bound; /* no factor, and so no cut, has more                                       */
  int64_t rank; /* columns of the factor                                                    */
  int64_t sweeps, products, proofs, escapes;
  int converged; /* within the tolerance                                                     */
} cut_solution;

typedef struct cut_sdp cut_sdp;

/* Columns at the beginning; 0: a number that mostly suffices. `megabytes`: memory for
 * the proof; a graph that needs more gets the trivial bound. */
thw_status cut_sdp_new(const cut_graph *g, int64_t rank, double megabytes, cut_sdp **out);
void cut_sdp_free(cut_sdp *s);

/* Maximises for the weights w, one per edge, from a random factor of the stream; `warm`: from the
 * factor that the last solve ended with, or that cut_sdp_put gave. */
thw_status cut_sdp_solve(cut_sdp *s, const double *w, const cut_options *o, const thw_rng *stream,
                         int warm, cut_solution *out);

/* The factor: row i at p + i * ld, of which the first `rank` numbers count. */
const double *cut_sdp_factor(const cut_sdp *s, int64_t *rank, int64_t *ld);
thw_status cut_sdp_put(cut_sdp *s, const double *factor, int64_t rank);

/* Best of `draws` random hyperplanes, for the weights of the last solve. With `local` each is
 * followed by one-flip local search, and that `kicks` times by the same from where a few random
 * nodes were moved over, undone where it did not help. side: n bytes, 0 or 1, side[0] == 0. *value:
 * the weight of the cut; *mean: the average before the search. */
void cut_sdp_round(cut_sdp *s, const thw_rng *stream, int64_t draws, int local, int64_t kicks,
                   uint8_t *side, double *value, double *mean);

/* One-flip local search from a given cut: goes through the nodes in their order and moves each that
 * gains, until none does. `slot`: the weight of each slot; gain: n numbers of room. Returns what
 * was gained. */
double cut_flip(const cut_graph *g, const double *slot, uint8_t *side, double *gain);
double cut_weight(const cut_graph *g, const double *w, const uint8_t *side);

#endif
