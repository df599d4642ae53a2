/* SPDX-License-Identifier: BSD-3-Clause */
/* The concept class of additive functions of earlier tokens, and what an instance of it holds. */
#ifndef THALWEG_SOURCES_SEQUENCE_CONCEPT_H
#define THALWEG_SOURCES_SEQUENCE_CONCEPT_H

#include "plugins/sources/sequence/phi.h"
#include "plugins/sources/sequence/sequence.h"

#define CONCEPT_LENGTH_MOST 4096
#define CONCEPT_OUTPUTS_MOST 4096
#define CONCEPT_TERMS_MOST 64
/* Of the numbers that one sequence's targets take to compute. */
#define CONCEPT_WORK_MOST (1 << 19)

struct concept_params {
  SEQ_FIELDS
  int64_t dim, outputs, terms, reach, only, concept_seed;
  double eps_x;
  int32_t last_token;
  const char *phi;
};

/* Steps are numbered from 1 here, as in the paper: tokens 2 .. L-1 are true ones, targets stand at
 * 3 .. L. */
typedef struct concept_data {
  phi phi[PHI_MOST];
  int n_phi;
  int64_t *start; /* first pair of target j: pairs (i, j) for i = first_of(j) .. j-1         */
  double *w;      /* pair, output, term: dim - 1 numbers                                    */
  double *mean, *scale; /* of F*_{j,s} before it is normalised: (j, s)                      */
} concept_data;

/* First i that acts on j. */
static inline int64_t concept_first(const struct concept_params *p, int64_t j) {
  return p->reach > 0 && j - p->reach > 2 ? j - p->reach : 2;
}

/* F*_{j,s} not yet normalised, s = 0 .. outputs-1, into f; u: the parts u_i of the tokens, dim - 1
 * numbers each, token i at (i - 2)(dim - 1). */
void concept_raw(const struct concept_params *p, const concept_data *c, int64_t j, const double *u,
                 double *f);

/* Draws w* and measures mean and scale. */
thw_status concept_make(seq_gen *g, concept_data *c);
void concept_free(concept_data *c);

#endif
