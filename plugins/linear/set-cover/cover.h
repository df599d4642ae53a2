/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/linear/set-cover/cover.h - covers of least cost, approximately. */
#ifndef SET_COVER_COVER_H
#define SET_COVER_COVER_H

#include "kernels/online/sets.h"

/* A cover in the making: which sets are taken, and how often each element is covered. */
typedef struct cover {
  uint8_t *taken;
  int32_t *times;
  double cost;
} cover;

typedef struct covering {
  on_env e;
  on_sets f;
  const double *c; /* costs of this question */
  cover now, best, trial;
  double *left, *ratio;
  int32_t *heap, *order, *list;
  uint8_t *mark;
  int64_t budget; /* of the search for the best cover */
} covering;

thw_status cover_room(covering *s);
void cover_free(covering *s);

/* All leave a cover in s->now, without sets that it can do without, and return a lower bound. */
double cover_greedy(covering *s);
double cover_primal_dual(covering *s);
/* Takes sets out of s->now, one after another, and covers what is bare again more cheaply. */
void cover_improve(covering *s);
/* The best cover of all into s->best; 0: not within the budget. */
int cover_exact(covering *s);

void cover_copy(const covering *s, cover *to, const cover *from);
/* Sets dearest first, of equals the smaller number, into s->order. */
void cover_sort(covering *s);

#endif
