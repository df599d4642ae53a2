/* SPDX-License-Identifier: BSD-3-Clause */
/* @ID@ - least squares: a working example of a model to start from. Replace the loss and keep the
 * frame; thalweg-plugin(7) is the manual, the headers are the reference. */
#include <stddef.h>
#include <string.h>

#include <thalweg/thalweg.h>

/* The parameters as the host stores them. The table below says where each goes, and is all that
 * checking, defaults and `thalweg info` need. */
struct params {
  double l2;
};

static const thw_param params[] = {
    THW_PARAM_REAL(struct params, l2, 0.0, 0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Weight of |x|^2 / 2, which is part of every row's loss."),
};

struct model {
  const thw_host *host;
  thw_ctx *ctx;
  const struct params *params;
  int64_t width;
  double *sum; /* the gradient, accumulated in double whatever the element type */
  thw_block block;
};

/* ---- rows: dense or compressed, float32 or float64 --------------------------------------------
 */

static double element(const void *p, uint32_t dtype, int64_t i) {
  return dtype == THW_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static double row_dot(const thw_rows *r, int64_t row, const thw_view *x) {
  double sum = 0;
  int64_t i;
  if (r->layout == THW_ROWS_DENSE) {
    for (i = 0; i < r->width; i++)
      sum += element(r->x, r->dtype, row * r->ld + i) * element(x->data, x->dtype, i);
    return sum;
  }
  for (i = r->start[row]; i < r->start[row + 1]; i++)
    sum += (r->x ? element(r->x, r->dtype, i) : 1.0) * element(x->data, x->dtype, r->col[i]);
  return sum;
}

static void add_row(const thw_rows *r, int64_t row, double a, double *sum) {
  int64_t i;
  if (r->layout == THW_ROWS_DENSE) {
    for (i = 0; i < r->width; i++) sum[i] += a * element(r->x, r->dtype, row * r->ld + i);
    return;
  }
  for (i = r->start[row]; i < r->start[row + 1]; i++)
    sum[r->col[i]] += a * (r->x ? element(r->x, r->dtype, i) : 1.0);
}

/* ---- the model --------------------------------------------------------------------------------
 */

static thw_status layout(void *self, thw_layout *out) {
  struct model *s = self;
  out->flags = THW_MODEL_SMOOTH | THW_MODEL_CONVEX;
  out->n = s->width;
  out->n_blocks = 1;
  out->block_stride = (uint32_t)sizeof(thw_block);
  out->blocks = &s->block;
  return THW_OK;
}

static thw_status init(void *self, thw_view *x, thw_rng *r) {
  (void)self;
  (void)r;
  memset(x->data, 0, (size_t)x->n * (x->dtype == THW_F32 ? sizeof(float) : sizeof(double)));
  return THW_OK;
}

static void store(const struct model *s, const thw_view *x, double scale, thw_view *g) {
  int64_t i;
  for (i = 0; i < s->width; i++) {
    double v = scale * s->sum[i] + s->params->l2 * element(x->data, x->dtype, i);
    if (g->dtype == THW_F32)
      ((float *)g->data)[i] = (float)v;
    else
      ((double *)g->data)[i] = v;
  }
}

/* Mean over the batch of (a_i . x - y_i)^2 / 2 + l2 |x|^2 / 2. A pure function: same batch, same
 * bits. */
static thw_status eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  struct model *s = self;
  double loss = 0, square = 0;
  int64_t k, i;
  if (g) memset(s->sum, 0, (size_t)s->width * sizeof *s->sum);
  for (k = 0; k < b->n; k++) {
    int64_t row = b->index ? b->index[k] : b->first + k;
    double error = row_dot(b->rows, row, x) - element(b->rows->y, b->rows->dtype, row);
    loss += 0.5 * error * error;
    if (g) add_row(b->rows, row, error, s->sum);
  }
  for (i = 0; i < s->width; i++)
    square += element(x->data, x->dtype, i) * element(x->data, x->dtype, i);
  if (f) *f = loss / (double)b->n + 0.5 * s->params->l2 * square;
  if (g) store(s, x, 1.0 / (double)b->n, g);
  return THW_OK;
}

static const thw_model_ops ops = {
    .size = (uint32_t)sizeof(thw_model_ops), .layout = layout, .init = init, .eval = eval};

/* ---- life and description ---------------------------------------------------------------------
 */

/* Wired before create is called; in the order of the table. */
static const thw_slot slots[] = {
    {"source", THW_SOURCE, 1, NULL, "Rows with a number to be predicted."},
};

static thw_status create(const thw_component *me, const thw_host *host, thw_ctx *ctx,
                         const void *params_, const thw_wired *wired, void **self) {
  const thw_object *source = &wired->object[0];
  thw_source_info info = {.size = (uint32_t)sizeof info};
  struct model *s;
  (void)me;
  THW_TRY(((const thw_source_ops *)source->ops)->info(source->self, 0, &info));
  if ((info.layout != THW_ROWS_DENSE && info.layout != THW_ROWS_CSR) ||
      info.label == THW_LABEL_NONE || info.width < 1)
    return host->fail(ctx, THW_E_UNSUPPORTED,
                      "expected dense or sparse rows with labels: choose another source");
  s = host->alloc(ctx, sizeof *s);
  if (s) s->sum = host->alloc(ctx, (size_t)info.width * sizeof *s->sum);
  if (!s || !s->sum) return host->fail(ctx, THW_E_NOMEM, "out of memory");
  s->host = host;
  s->ctx = ctx;
  s->params = params_;
  s->width = info.width;
  s->block.name = "weights";
  s->block.n = s->block.dims[0] = info.width;
  s->block.n_dims = 1;
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  struct model *s = self;
  s->host->release(s->ctx, s->sum);
  s->host->release(s->ctx, s);
}

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_MODEL),
    .id = "@ID@",
    .version = "0.1.0",
    .summary = "least squares",
    .doc = "The loss of row i is (a_i . x - y_i)^2 / 2 + l2 |x|^2 / 2.",
    THW_PARAMS(params, struct params),
    THW_SLOTS(slots),
    .ops = &ops,
    .create = create,
    .destroy = destroy,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "@ID@",      .version = "0.1.0",
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
