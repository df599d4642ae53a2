/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/conv/stats.c - statistics of the batch normalisations.
 *
 * eval normalises with the statistics of its group of images, so it is a function of point and
 * batch. The running statistics are for measure and predict alone. They move with the gradients
 * that the method takes inside a step, and the step's end keeps or drops what they became: what
 * monitors, tests and verdicts evaluate leaves no trace. Where no step has been made yet, or with
 * bn_eval = "recompute", they are means over the groups of the first bn_rows training rows at the
 * point itself. */
#include <math.h>
#include <string.h>

#include "conv.h"

/* The affine map of evaluation and training alike, from mean and variance. */
static void set_affine(const cn *m, const void *x, cn_map *map, const double *mean,
                       const double *var) {
  for (int64_t c = 0; c < map->room; c++) {
    double inv = 1 / sqrt(var[c] + m->params->bn_eps), gamma = 0, beta = 0;
    if (c < map->channels) {
      gamma = cn_real(m, x, map->gamma + c);
      beta = cn_real(m, x, map->beta + c);
    }
    cn_set(m, map->centre, c, mean[c]);
    cn_set(m, map->inv, c, inv);
    cn_set(m, map->scale, c, gamma * inv);
    cn_set(m, map->shift, c, beta - mean[c] * gamma * inv);
    cn_set(m, map->coef, c, 0);
    cn_set(m, map->coef, map->room + c, gamma * inv);
    cn_set(m, map->coef, 2 * map->room + c, 0);
    cn_set(m, map->coef, 3 * map->room + c, beta - mean[c] * gamma * inv);
  }
}

/* Means and squares of the images, one after the other: Chan's update. */
void cn_normalise(const cn_pass *p, cn_map *map, int second) {
  cn *m = p->m;
  const double *one = second ? m->three : m->one, *two = second ? m->pooled : m->two;
  double each = (double)(map->h * map->w);
  for (int64_t c = 0; c < map->room; c++) {
    double mean = 0, square = 0;
    for (int64_t i = 0; i < p->n; i++) {
      double d = one[i * m->most_room + c] - mean, k = (double)i;
      mean += d / (k + 1);
      square += two[i * m->most_room + c] + d * d * each * k / (k + 1);
    }
    map->mean[c] = mean;
    map->var[c] = square / (each * (double)p->n);
  }
  set_affine(m, p->x, map, map->mean, map->var);
}

static double unbiased(const cn_map *map, int64_t images) {
  double n = (double)(images * map->h * map->w);
  return n > 1 ? n / (n - 1) : 1;
}

/* The statistics of the group that was evaluated last join those of the open step. */
void cn_note_statistics(cn *m, int64_t images) {
  double t = m->params->bn_momentum;
  for (int i = 0; i < m->n_maps; i++) {
    cn_map *map = &m->map[i];
    for (int64_t c = 0; c < map->room; c++) {
      double *mean = map->next + c, *var = mean + map->room;
      *mean = (1 - t) * *mean + t * map->mean[c];
      *var = (1 - t) * *var + t * map->var[c] * unbiased(map, images);
    }
  }
  m->fresh++;
}

/* ---- recomputed ------------------------------------------------------------------------------ */

static void add_means(cn *m, int64_t images, double weight) {
  for (int i = 0; i < m->n_maps; i++) {
    cn_map *map = &m->map[i];
    for (int64_t c = 0; c < map->room; c++) {
      map->fixed[c] += weight * map->mean[c];
      map->fixed[map->room + c] += weight * map->var[c] * unbiased(map, images);
    }
  }
}

static thw_status recompute_on(cn *m, const void *x, const thw_batch *b) {
  int64_t groups = (b->n + m->params->group - 1) / m->params->group;
  cn_pass p = {.m = m, .x = x, .b = b, .train = 1, .stop = m->n_phases - 1};
  THW_TRY(cn_room(m, (b->n + groups - 1) / groups));
  for (int i = 0; i < m->n_maps; i++)
    memset(m->map[i].fixed, 0, 2 * (size_t)m->map[i].room * sizeof(double));
  cn_weights(&p);
  cn_make_noise(&p);
  for (int64_t j = 0; j < groups; j++) {
    p.lo = b->n * j / groups;
    p.n = b->n * (j + 1) / groups - p.lo;
    cn_forward(&p);
    add_means(m, p.n, (double)p.n / (double)b->n);
  }
  return THW_OK;
}

static thw_status recompute(cn *m, const void *x) {
  const thw_source_ops *ops = m->source.ops;
  size_t bytes = (size_t)m->n * m->kern->real;
  int64_t n = m->params->bn_rows;
  thw_batch *b = NULL;
  if (m->have_checked && memcmp(m->checked, x, bytes) == 0) return THW_OK;
  m->have_checked = 0;
  if (m->info.n >= 0 && n > m->info.n) n = m->info.n;
  THW_TRY(ops->take(m->source.self, 0, n, NULL, 0, &b));
  thw_status st = cn_check(m, b, 0);
  if (st == THW_OK) st = recompute_on(m, x, b);
  ops->release(m->source.self, b);
  if (st != THW_OK) return st;
  memcpy(m->checked, x, bytes);
  m->have_checked = 1;
  return THW_OK;
}

thw_status cn_fix_statistics(cn *m, const void *x) {
  int running = m->params->bn_eval == CN_RUNNING && m->seen > 0;
  if (!running) THW_TRY(recompute(m, x));
  for (int i = 0; i < m->n_maps; i++) {
    cn_map *map = &m->map[i];
    const double *from = running ? map->running : map->fixed;
    set_affine(m, x, map, from, from + map->room);
  }
  return THW_OK;
}

/* ---- steps and state ------------------------------------------------------------------------- */

static void step_begin(void *self) {
  cn *m = self;
  memcpy(m->next, m->running, (size_t)m->n_running * sizeof *m->next);
  m->fresh = m->seen;
  m->open = 1;
}

static void step_end(void *self, int32_t accepted) {
  cn *m = self;
  if (m->open && accepted) {
    memcpy(m->running, m->next, (size_t)m->n_running * sizeof *m->next);
    m->seen = m->fresh;
  }
  m->open = 0;
}

const thw_step_model cn_step_ext = {
    .size = sizeof(thw_step_model), .begin = step_begin, .end = step_end};

static thw_status save(void *self, thw_writer *w) {
  cn *m = self;
  THW_TRY(w->i64(w, "batches", m->seen));
  return w->blob(w, "running", m->running, (size_t)m->n_running * sizeof *m->running);
}

static thw_status load(void *self, thw_reader *r) {
  cn *m = self;
  size_t bytes = (size_t)m->n_running * sizeof *m->running, n = bytes;
  int64_t seen = 0;
  THW_TRY(r->i64(r, "batches", &seen));
  THW_TRY(r->blob(r, "running", m->running, &n));
  if (n != bytes || seen < 0)
    return cn_fail(m, THW_E_STATE, "the saved statistics belong to a network of another size");
  m->seen = seen;
  return THW_OK;
}

const thw_ext_state cn_state_ext = {
    .size = sizeof(thw_ext_state), .version = 1, .save = save, .load = load};
