/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/cut/proof.h - proof that A + Diag(d) + s I is positive semidefinite: a Cholesky
 * factorization by tiles, of those tiles alone that can fill. */
#ifndef THALWEG_KERNELS_CUT_PROOF_H
#define THALWEG_KERNELS_CUT_PROOF_H

#include "kernels/cut/cut.h"
#include "kernels/cut/loops.h"

typedef struct cut_proof cut_proof;

thw_status cut_proof_new(const cut_graph *g, double megabytes, cut_proof **out);
void cut_proof_free(cut_proof *p);
/* 1: no eigenvalue of A + Diag(d) + s I is below *least, which is what rounding can have done. 0:
 * the factorization breaks down, or needs more memory than it may have. */
int cut_proof_try(cut_proof *p, const cut_matrix *a, double s, double *least);

#endif
