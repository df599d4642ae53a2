/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/cut/internal.h - what the files of the solver share. */
#ifndef THALWEG_KERNELS_CUT_INTERNAL_H
#define THALWEG_KERNELS_CUT_INTERNAL_H

#include "kernels/cut/cut.h"
#include "kernels/cut/loops.h"
#include "kernels/cut/proof.h"
#include "kernels/online/lanczos.h"

/* Where a part of the hyperplanes is tried. */
typedef struct cut_shelf {
  double *normal, *gain, *old_gain;
  uint8_t *side, *best, *old_side;
  double value, sum; /* of the best; of all before the search */
  int64_t draw;      /* the best one's number */
} cut_shelf;

/* Hyperplanes i, i + CUT_PIECES, ... are one piece of parallel work. */
#define CUT_PIECES 16

/* Columns that a factor may get beyond those it begins with. */
#define ESCAPES 40

struct cut_sdp {
  on_env e;
  const cut_graph *g;
  const cut_loops *loops;
  cut_matrix a;
  int64_t rank, first_rank, blocks;
  double *slot_w; /* a.w */
  double *spare;  /* n x ld, for what is tried                                                 */
  double *sums;   /* two of each block                                                         */
  double *line;   /* n numbers: a direction of negative curvature                              */
  double *weight; /* of the last solve, by edge                                                */
  double total;   /* their sum */
  cut_proof *proof;
  on_lanczos *lanczos;
  int has_factor;
  cut_shelf shelf[CUT_PIECES];
  cut_solution out;
};

/* Rows of one piece of parallel work; a graph of one piece is done at once. */
#define CUT_BLOCK 256

/* Sum over edges of w_e v_i . v_j, with d and the gradient; *norm: of that. */
double cut_gradient(cut_sdp *s, double *norm);
/* One Newton step; *f, *norm as from cut_gradient before and after. 0: nothing was gained. */
int cut_newton(cut_sdp *s, double *f, double *norm);

thw_status cut_round_new(cut_sdp *s, int64_t most_rank);
void cut_round_free(cut_sdp *s);

#endif
