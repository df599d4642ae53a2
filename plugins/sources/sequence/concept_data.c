/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions of a concept: their directions w*, their means and deviations. */
#include <config.h>

#include <math.h>
#include <stdlib.h>

#include "plugins/sources/sequence/concept.h"

#define MEASURE_ROWS 20000
#define MEASURE_BLOCK 100
/* Blocks of the concept's stream for one w*, so that its place depends on j, i, r, s alone. */
#define VECTOR_BLOCKS_LOG2 12

void concept_raw(const struct concept_params *p, const concept_data *c, int64_t j, const double *u,
                 double *f) {
  int64_t d = p->dim - 1, from = concept_first(p, j);
  for (int64_t s = 0; s < p->outputs; s++) f[s] = 0;
  for (int64_t i = from; i < j; i++) {
    const double *token = u + (i - 2) * d;
    const double *w = c->w + (c->start[j] + i - from) * p->outputs * p->terms * d;
    for (int64_t s = 0; s < p->outputs; s++)
      for (int64_t r = 0; r < p->terms; r++, w += d) {
        double z = 0;
        for (int64_t k = 0; k < d; k++) z += w[k] * token[k];
        f[s] += phi_value(&c->phi[r % c->n_phi], sqrt(0.75) * z);
      }
  }
}

static void draw_vector(const thw_rng *stream, int64_t j, int64_t i, int64_t s, int64_t r,
                        int64_t n, double *w) {
  thw_rng at = *stream;
  uint64_t place = (uint64_t)j * CONCEPT_LENGTH_MOST + (uint64_t)i;
  place = (place * CONCEPT_OUTPUTS_MOST + (uint64_t)s) * CONCEPT_TERMS_MOST + (uint64_t)r;
  at.block = place << VECTOR_BLOCKS_LOG2;
  at.left = 0;
  seq_unit(&at, n, w);
}

static thw_status draw_concept(seq_gen *g, concept_data *c) {
  const struct concept_params *p = (const void *)g->p;
  thw_rng r;
  int64_t pairs = 0, per_pair = p->outputs * p->terms * (p->dim - 1);
  THW_TRY(seq_stream(g, "concept", &r));
  if (p->concept_seed >= 0) {
    r.key[0] = (uint32_t)p->concept_seed;
    r.key[1] = (uint32_t)((uint64_t)p->concept_seed >> 32) ^ UINT32_C(0xc09ce97);
  }
  if (!(c->start = td_array(g->env, p->length + 2, sizeof *c->start, "pairs"))) return THW_E_NOMEM;
  for (int64_t j = 0; j <= p->length + 1; j++) {
    c->start[j] = pairs;
    if (j >= 3) pairs += j - concept_first(p, j);
  }
  if (pairs > INT64_MAX / 64 / per_pair)
    return td_nomem(g->env, "the concept", (double)pairs * (double)per_pair * 8);
  if (!(c->w = td_array(g->env, pairs * per_pair, sizeof *c->w, "the concept"))) return THW_E_NOMEM;
  double *w = c->w;
  for (int64_t j = 3; j <= p->length; j++)
    for (int64_t i = concept_first(p, j); i < j; i++)
      for (int64_t s = 0; s < p->outputs; s++)
        for (int64_t k = 0; k < p->terms; k++, w += p->dim - 1)
          draw_vector(&r, j, i, s, k, p->dim - 1, w);
  return THW_OK;
}

/* Sums of F and F^2 over the rows of one block. */
struct measure {
  const seq_gen *g;
  const concept_data *c;
  thw_rng stream;
  double *sum;   /* block, then (j, s), then F and F^2 */
  double *token; /* block: room for the tokens of a row and the outputs of a step */
  int64_t room;
};

static void measure_block(void *arg, int64_t block) {
  struct measure *m = arg;
  const struct concept_params *p = (const void *)m->g->p;
  int64_t d = p->dim - 1, cells = (p->length - 2) * p->outputs;
  double *sum = m->sum + block * cells * 2, *u = m->token + block * m->room;
  double *f = u + (p->length - 2) * d;
  for (int64_t k = 0; k < 2 * cells; k++) sum[k] = 0;
  for (int64_t i = block * MEASURE_BLOCK; i < (block + 1) * MEASURE_BLOCK; i++) {
    thw_rng r = m->stream;
    r.block = (uint64_t)i << SEQ_ROW_BLOCKS_LOG2;
    for (int64_t l = 0; l < p->length - 2; l++) seq_unit(&r, d, u + l * d);
    for (int64_t j = 3; j <= p->length; j++) {
      concept_raw(p, m->c, j, u, f);
      for (int64_t s = 0; s < p->outputs; s++) {
        double *cell = sum + ((j - 3) * p->outputs + s) * 2;
        cell[0] += f[s];
        cell[1] += f[s] * f[s];
      }
    }
  }
}

static void finish(const struct measure *m, concept_data *c, int64_t cells) {
  const int64_t blocks = MEASURE_ROWS / MEASURE_BLOCK;
  for (int64_t k = 0; k < cells; k++) {
    double sum = 0, square = 0;
    for (int64_t b = 0; b < blocks; b++) {
      sum += m->sum[(b * cells + k) * 2];
      square += m->sum[(b * cells + k) * 2 + 1];
    }
    double mean = sum / MEASURE_ROWS, variance = square / MEASURE_ROWS - mean * mean;
    c->mean[k] = mean;
    /* A constant target stays zero. */
    c->scale[k] = variance > 1e-12 * (square / MEASURE_ROWS) ? 1 / sqrt(variance) : 0;
  }
}

static thw_status measure(seq_gen *g, concept_data *c) {
  const struct concept_params *p = (const void *)g->p;
  const int64_t blocks = MEASURE_ROWS / MEASURE_BLOCK, cells = (p->length - 2) * p->outputs;
  struct measure m = {.g = g, .c = c, .room = (p->length - 2) * (p->dim - 1) + p->outputs};
  THW_TRY(seq_stream(g, "normalisation", &m.stream));
  m.stream.left = 0;
  c->mean = td_array(g->env, cells, sizeof *c->mean, "the concept");
  c->scale = c->mean ? td_array(g->env, cells, sizeof *c->scale, "the concept") : NULL;
  m.sum = c->scale ? td_array(g->env, blocks * cells * 2, sizeof *m.sum, "the concept") : NULL;
  m.token = m.sum ? td_array(g->env, blocks * m.room, sizeof *m.token, "the concept") : NULL;
  if (m.token) {
    double pairs = (double)c->start[p->length + 1] * (double)(p->outputs * p->terms);
    g->env.host->parallel(g->env.ctx, blocks, MEASURE_ROWS * pairs * (double)(p->dim + 20),
                          measure_block, &m);
    finish(&m, c, cells);
  }
  td_array_free(m.sum);
  td_array_free(m.token);
  return m.token ? THW_OK : THW_E_NOMEM;
}

thw_status concept_make(seq_gen *g, concept_data *c) {
  const struct concept_params *p = (const void *)g->p;
  double most = 0;
  THW_TRY(phi_parse(g->env, p->phi, c->phi, &c->n_phi));
  THW_TRY(draw_concept(g, c));
  THW_TRY(measure(g, c));
  for (int64_t r = 0; r < p->terms && r < c->n_phi; r++)
    most = fmax(most, phi_complexity(&c->phi[r], 1));
  td_log(g->env, THW_LOG_INFO,
         "%lld functions phi of one earlier token, complexity Cs(phi, 1) at most %.3g with C0 = 1",
         (long long)(c->start[p->length + 1] * p->outputs * p->terms), most);
  return THW_OK;
}

void concept_free(concept_data *c) {
  td_array_free(c->start);
  td_array_free(c->w);
  td_array_free(c->mean);
  td_array_free(c->scale);
}
