/* SPDX-License-Identifier: BSD-3-Clause */
/* A model of sequences of tokens that looks at the last one only: a table of scores for each pair,
 * the mean of -log of the next token's chance over the steps that count. It offers a probe and
 * generation, which is what tests of the host need. */
#include <thalweg/thalweg.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 64 };

typedef struct bigram {
  const thw_host *host;
  thw_ctx *ctx;
  int64_t v; /* tokens */
  const char *output[MOST + 1];
  char text[MOST][16];
} bigram;

static double score(const thw_view *x, int64_t i) {
  return x->dtype == THW_F32 ? (double)((const float *)x->data)[i] : ((const double *)x->data)[i];
}

static void add(thw_view *g, int64_t i, double d) {
  if (g->dtype == THW_F32)
    ((float *)g->data)[i] += (float)d;
  else
    ((double *)g->data)[i] += d;
}

/* Chances of the tokens after `token`. */
static void chances(const bigram *m, const thw_view *x, int64_t token, double *p) {
  double top = -INFINITY, sum = 0;
  for (int64_t k = 0; k < m->v; k++) top = fmax(top, score(x, token * m->v + k));
  for (int64_t k = 0; k < m->v; k++) sum += p[k] = exp(score(x, token * m->v + k) - top);
  for (int64_t k = 0; k < m->v; k++) p[k] /= sum;
}

static thw_status eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  const bigram *m = self;
  const thw_rows *r = b->rows;
  double sum = 0, p[MOST];
  if (g) memset(g->data, 0, (size_t)g->n * (g->dtype == THW_F32 ? 4 : 8));
  for (int64_t i = 0; i < b->n; i++) {
    int64_t row = thw_batch_row(b, i), from = r->first ? r->first[row] : row * r->steps;
    int64_t n = r->steps_of ? r->steps_of[row] : r->steps;
    double weight = 1 / ((double)n * (double)b->n);
    for (int64_t s = from; s < from + n; s++) {
      if (r->counts && !r->counts[s]) continue;
      int64_t at = r->token[s] * m->v;
      chances(m, x, r->token[s], p);
      sum -= weight * log(p[r->label[s]]);
      for (int64_t k = 0; g && k < m->v; k++) add(g, at + k, weight * (p[k] - (k == r->label[s])));
    }
  }
  if (f) *f = sum;
  return THW_OK;
}

static thw_status predict(void *self, const thw_view *x, const thw_batch *b, double *out) {
  const bigram *m = self;
  const thw_rows *r = b->rows;
  for (int64_t i = 0; i < b->n; i++, out += m->v + 1) {
    int64_t row = thw_batch_row(b, i), from = r->first ? r->first[row] : row * r->steps;
    int64_t last = from + (r->steps_of ? r->steps_of[row] : r->steps) - 1;
    chances(m, x, r->token[last], out + 1);
    out[0] = 0;
    for (int64_t k = 1; k < m->v; k++)
      if (out[1 + k] > out[1 + (int64_t)out[0]]) out[0] = (double)k;
  }
  return THW_OK;
}

static thw_status layout(void *self, thw_layout *out) {
  const bigram *m = self;
  *out = (thw_layout){.size = out->size, .flags = THW_MODEL_SMOOTH | THW_MODEL_CONVEX};
  out->n = m->v * m->v;
  out->n_outputs = (uint32_t)m->v + 1;
  out->output_name = m->output;
  return THW_OK;
}

static thw_status init(void *self, thw_view *x, thw_rng *r) {
  (void)self, (void)r;
  memset(x->data, 0, (size_t)x->n * (x->dtype == THW_F32 ? 4 : 8));
  return THW_OK;
}

/* The size of the scores of each token, and of their move. */
static thw_status probe(void *self, const thw_view *x, const thw_view *start, const thw_batch *b,
                        thw_sink *out) {
  const bigram *m = self;
  double size[MOST] = {0}, moved = 0;
  for (int64_t i = 0; i < x->n; i++) {
    size[i / m->v] += score(x, i) * score(x, i);
    moved += pow(score(x, i) - score(start, i), 2);
  }
  out->reals(out, "size", (size_t)m->v, size);
  out->real(out, "moved", sqrt(moved));
  out->real(out, "rows", (double)b->n);
  return THW_OK;
}

static thw_status reset(void *self) {
  (void)self;
  return THW_OK;
}

static thw_status next(void *self, const thw_view *x, int64_t token, const double *in,
                       double *out) {
  (void)in;
  out[0] = 0;
  chances(self, x, token, out + 1);
  return THW_OK;
}

static const void *ext(void *self, const char *id) {
  static const thw_probe p = {.size = sizeof p, .rows = 3, .probe = probe};
  static const thw_generate g = {.size = sizeof g, .reset = reset, .next = next};
  (void)self;
  if (strcmp(id, THW_EXT_PROBE) == 0) return &p;
  return strcmp(id, THW_EXT_GENERATE) == 0 ? &g : NULL;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                         const thw_wired *slots, void **self) {
  (void)me, (void)params;
  thw_source_info in = {.size = sizeof in};
  const thw_source_ops *source = slots->object[0].ops;
  THW_TRY(source->info(slots->object[0].self, 0, &in));
  if (in.layout != THW_ROWS_SEQ || !in.tokens || in.classes != in.width || in.width > MOST)
    return h->fail(c, THW_E_UNSUPPORTED, "bigram needs tokens, and the next one as the target");
  bigram *m = h->alloc(c, sizeof *m);
  if (!m) return THW_E_NOMEM;
  m->host = h;
  m->ctx = c;
  m->v = in.width;
  m->output[0] = "label";
  for (int64_t k = 0; k < m->v; k++) {
    snprintf(m->text[k], sizeof m->text[k], "p:%.8s", in.token_name[k]);
    m->output[k + 1] = m->text[k];
  }
  *self = m;
  return THW_OK;
}

static void destroy(void *self) {
  (void)self;
}

static const thw_model_ops ops = {.size = sizeof(thw_model_ops),
                                  .layout = layout,
                                  .init = init,
                                  .eval = eval,
                                  .predict = predict};

static const thw_slot slots_[] = {{"source", THW_SOURCE, 1, NULL, "Tokens."}};
static const char *const offers[] = {THW_EXT_PROBE, THW_EXT_GENERATE, NULL};

static const thw_component component = {THW_COMPONENT_HEAD(THW_MODEL),
                                        .id = "bigram",
                                        .version = "0.1.0",
                                        .summary = "the next token by the last one alone",
                                        THW_SLOTS(slots_),
                                        .offers = offers,
                                        .ops = &ops,
                                        .create = create,
                                        .destroy = destroy,
                                        .ext = ext};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {THW_PLUGIN_HEAD,    .id = "bigram",
                                  .version = "0.1.0", .license = "BSD-3-Clause",
                                  .n_components = 1,  .components = components};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
