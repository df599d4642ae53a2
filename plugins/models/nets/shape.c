/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/nets/shape.c - blocks and tape of a network, and which blocks are trained. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nets.h"

/* ---- tapes -----------------------------------------------------------------------------------
 */

static int add_block(nets *m, const char *name, int role, int64_t rows, int64_t cols) {
  nets_block *b = &m->block[m->n_blocks];
  snprintf(b->name, sizeof b->name, "%s", name);
  b->role = role;
  b->rows = rows;
  b->cols = cols;
  b->n = rows * (cols ? cols : 1);
  b->offset = -1;
  return m->n_blocks++;
}

static int add_node(nets *m, nets_node v) {
  m->node[m->n_nodes] = v;
  return m->n_nodes++;
}

static int add_layer(nets *m, int in, int w, int b, int act) {
  m->flops += 2 * m->block[w].n;
  return add_node(m, (nets_node){.kind = NODE_LAYER,
                                 .in = in,
                                 .in2 = -1,
                                 .w = w,
                                 .b = b,
                                 .act = act,
                                 .n = m->block[w].rows});
}

static int add_sum(nets *m, int in, int in2) {
  return add_node(m, (nets_node){.kind = NODE_SUM,
                                 .in = in,
                                 .in2 = in2,
                                 .w = -1,
                                 .b = -1,
                                 .act = THWN_IDENTITY,
                                 .n = m->node[in].n});
}

static int add_input(nets *m) {
  return add_node(m, (nets_node){.kind = NODE_INPUT,
                                 .in = -1,
                                 .in2 = -1,
                                 .w = -1,
                                 .b = -1,
                                 .act = THWN_IDENTITY,
                                 .n = m->info.width});
}

/* Weights of one layer, and their bias. */
static void add_weights(nets *m, const char *w, const char *b, int role, int64_t rows, int64_t cols,
                        int *iw, int *ib) {
  *iw = add_block(m, w, role, rows, cols);
  *ib = m->params->bias ? add_block(m, b, role == ROLE_FIRST ? ROLE_BIAS_FIRST : ROLE_BIAS, rows, 0)
                        : -1;
}

/* Names of the papers where there are at most three layers: W, b1, V, b2, A. */
static void names_of(int layer, int depth, char w[16], char b[16]) {
  if (depth <= 3)
    snprintf(w, 16, "%s", layer == 0 ? "W" : "V");
  else
    snprintf(w, 16, "W%d", layer + 1);
  snprintf(b, 16, "b%d", layer + 1);
}

thw_status nets_shape_mlp(nets *m) {
  const thw_ints *list = &m->params->hidden;
  int depth = list->n ? (int)list->n + 1 : (int)m->params->depth, last = add_input(m), w, b;
  int64_t in = m->info.width;
  if (list->n > NETS_DEPTH - 1)
    return nets_fail(m, THW_E_ARG, "hidden names %zu layers, at most %d are allowed", list->n,
                     NETS_DEPTH - 1);
  for (int k = 0; k + 1 < depth; k++) {
    char wn[16], bn[16];
    int64_t out = list->n ? list->v[k] : m->params->width;
    names_of(k, depth, wn, bn);
    add_weights(m, wn, bn, k == 0 ? ROLE_FIRST : ROLE_HIDDEN, out, in, &w, &b);
    last = add_layer(m, last, w, b, m->params->activation);
    in = out;
  }
  if (depth == 3) m->first_hidden = m->node[1].w;
  w = add_block(m, "A", ROLE_OUTPUT, m->outputs, in);
  b = m->params->output_bias ? add_block(m, "c", ROLE_BIAS_OUTPUT, m->outputs, 0) : -1;
  add_layer(m, last, w, b, THWN_IDENTITY);
  return THW_OK;
}

/* factored: o = A act(W x + b1), out = o + A act(V o + b2); full: A (h + act(U h + b2)). */
thw_status nets_shape_resnet(nets *m) {
  const nets_params *p = m->params;
  int64_t width = p->width, k = m->outputs;
  int x = add_input(m), w, b1, v, b2;
  add_weights(m, "W", "b1", ROLE_FIRST, width, m->info.width, &w, &b1);
  add_weights(m, p->form ? "V" : "U", "b2", ROLE_HIDDEN, width, p->form ? k : width, &v, &b2);
  int a = add_block(m, "A", ROLE_OUTPUT, k, width);
  int h1 = add_layer(m, x, w, b1, p->activation);
  if (p->form) {
    int o = add_layer(m, h1, a, -1, THWN_IDENTITY), h2 = add_layer(m, o, v, b2, p->activation);
    int o2 = add_layer(m, h2, a, -1, THWN_IDENTITY);
    if (p->skip) add_sum(m, o, o2);
  } else {
    int h2 = add_layer(m, h1, v, b2, p->activation);
    add_layer(m, p->skip ? add_sum(m, h1, h2) : h2, a, -1, THWN_IDENTITY);
  }
  return THW_OK;
}

/* What cannot be held is refused before anything is made: a trial that touches no memory. */
static thw_status check_size(const nets *m) {
  double bytes = 0;
  /* the point, a gradient, and what the method and the start keep */
  const double vectors = 4;
  for (int i = 0; i < m->n_blocks; i++) bytes += (double)m->block[i].n * (double)m->kern->real;
  void *trial = bytes < 1e13 ? malloc((size_t)(vectors * bytes) + 1) : NULL;
  int fits = trial != NULL;
  free(trial);
  return fits ? THW_OK
              : nets_fail(m, THW_E_NOMEM,
                          "out of memory for %.3g bytes of weights: make the "
                          "network narrower",
                          bytes);
}

/* ---- trained blocks --------------------------------------------------------------------------
 */

static int is_word(const char *text, const char *word) {
  return strcmp(text, word) == 0;
}

/* A preset's say on a block; -1: there is no such preset. */
static int preset(const char *name, const nets_block *b) {
  int bias = b->cols == 0, output = b->role == ROLE_OUTPUT || b->role == ROLE_BIAS_OUTPUT;
  int first = b->role == ROLE_FIRST || b->role == ROLE_BIAS_FIRST;
  if (is_word(name, "all")) return 1;
  if (is_word(name, "hidden")) return !output;
  if (is_word(name, "hidden-weights")) return !output && !bias;
  if (is_word(name, "last")) return output;
  if (is_word(name, "first")) return first;
  if (is_word(name, "second")) return !first && !output;
  return -1;
}

static thw_status mark_named(nets *m, const char *text, int *trained) {
  for (const char *p = text + strspn(text, " ,"); *p; p += strspn(p, " ,")) {
    size_t n = strcspn(p, " ,");
    int found = 0;
    for (int i = 0; i < m->n_blocks; i++)
      if (strlen(m->block[i].name) == n && strncmp(m->block[i].name, p, n) == 0)
        trained[i] = found = 1;
    if (!found)
      return nets_fail(m, THW_E_ARG,
                       "train: \"%.*s\" is neither all, hidden, hidden-weights, last, first, "
                       "second nor a block of this network (W, b1, V, b2, A, ...: see `thalweg "
                       "info`)",
                       (int)n, p);
    p += n;
  }
  return THW_OK;
}

/* Whether a gradient has to be carried down to a node. */
static void mark_wanting(nets *m) {
  for (int i = 0; i < m->n_nodes; i++) {
    nets_node *v = &m->node[i];
    v->wants = nets_trained(m, v->w) || nets_trained(m, v->b) ||
               (v->in >= 0 && m->node[v->in].wants) || (v->in2 >= 0 && m->node[v->in2].wants);
  }
}

thw_status nets_lay_out(nets *m) {
  int trained[NETS_BLOCKS] = {0};
  const char *train = m->params->train ? m->params->train : "hidden";
  THW_TRY(check_size(m));
  if (preset(train, &m->block[0]) < 0)
    THW_TRY(mark_named(m, train, trained));
  else
    for (int i = 0; i < m->n_blocks; i++) trained[i] = preset(train, &m->block[i]);
  for (int i = 0; i < m->n_blocks; i++) {
    nets_block *b = &m->block[i];
    if (!trained[i]) continue;
    b->offset = m->n;
    m->layout_block[m->n_layout++] = (thw_block){.name = b->name,
                                                 .offset = m->n,
                                                 .n = b->n,
                                                 .n_dims = b->cols ? 2 : 1,
                                                 .dims = {b->rows, b->cols}};
    m->n += b->n;
  }
  if (m->n == 0)
    return nets_fail(m, THW_E_ARG, "train = \"%s\" leaves no block of this network to be trained",
                     train);
  mark_wanting(m);
  return THW_OK;
}
