/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of models: each on every built-in source that the model accepts. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/verify/model.h"

/* ---- a model with what a check needs around it
 * --------------------------------------------------- */

int vf_model_new(vf_case *k, int variant, int64_t rows, vf_model **out) {
  vf_inst *in = NULL;
  char *why = NULL;
  int missing = 0;
  *out = NULL;
  vf_setup s = {.variant = variant, .rows = rows};
  thw_status st = vf_inst_new(k, &s, &in, &why, &missing);
  if (st != THW_OK) {
    if (missing) vf_skip(k, "%s", why);
    if (st != THW_E_UNSUPPORTED && st != THW_E_ARG)
      vf_fail(k,
              "on %s, create answers %d (%s): THW_E_UNSUPPORTED or THW_E_ARG would say that "
              "such rows are not for it",
              vf_variant_name(variant), (int)st, why);
    free(why);
    return missing ? -1 : 0;
  }
  free(why);
  vf_model *m = tw_calloc(1, sizeof *m);
  m->in = in;
  m->ops = in->object.ops;
  m->self = in->object.self;
  m->where = vf_variant_name(variant);
  m->lay.size = sizeof m->lay;
  const thw_rows *raw = in->rows ? vf_rows_raw(in->rows, 0) : NULL;
  m->all = (thw_batch){.size = sizeof m->all, .n = raw ? raw->n : 16, .rows = raw};
  if (m->ops->layout(m->self, &m->lay) != THW_OK || m->lay.n < 1) {
    vf_fail(k, "on %s, layout fails or has no parameters", m->where);
    m->lay.n = 1;
    vf_model_free(m);
    return -1;
  }
  *out = m;
  return 0;
}

void vf_model_free(vf_model *m) {
  if (!m) return;
  vf_inst_free(m->in);
  free(m);
}

/* Skipped only when all of them are. */
int vf_each_model(vf_case *k, int64_t rows, int (*body)(vf_case *k, vf_model *m)) {
  int ran = 0, skipped = 0;
  char *reason = NULL;
  for (int v = 0; v < VF_VARIANTS && k->outcome != VF_FAIL; v++) {
    vf_model *m;
    if (vf_model_new(k, v, rows, &m) != 0) break;
    if (!m) continue;
    ran++;
    body(k, m);
    vf_model_free(m);
    if (k->outcome == VF_SKIP) {
      skipped++;
      free(reason);
      reason = k->reason;
      k->reason = NULL;
      k->outcome = VF_PASS;
    }
  }
  if (k->outcome == VF_PASS && !ran) vf_skip(k, "it takes none of the built-in sources");
  if (k->outcome == VF_PASS && skipped == ran) vf_skip(k, "%s", reason);
  free(reason);
  return 0;
}

double vf_model_value(vf_case *k, const vf_model *m, const vf_buf *x, const thw_batch *b,
                      vf_buf *g) {
  double f = (double)NAN;
  thw_status st = m->ops->eval(m->self, &x->view, b, &f, g ? &g->view : NULL);
  if (st != THW_OK) {
    char *text = vf_inst_text(m->in, st);
    vf_fail(k, "on %s, eval answers: %s", m->where, text);
    free(text);
  }
  return f;
}

double vf_dot(const vf_buf *a, const vf_buf *b) {
  double s = 0;
  for (int64_t i = 0; i < a->view.n; i++) s += vf_get(&a->view, i) * vf_get(&b->view, i);
  return s;
}

/* y = x + t d */
void vf_move(vf_buf *y, const vf_buf *x, double t, const vf_buf *d) {
  for (int64_t i = 0; i < y->view.n; i++)
    vf_set(&y->view, i, vf_get(&x->view, i) + t * vf_get(&d->view, i));
}

/* max |a - b| / (floor + max |b|) */
double vf_apart(const vf_buf *a, const vf_buf *b, double floor_) {
  double diff = 0, size = 0;
  for (int64_t i = 0; i < a->view.n; i++) {
    double u = vf_get(&a->view, i), v = vf_get(&b->view, i), e = fabs(u - v);
    if (!(e <= diff)) diff = e;
    size = fmax(size, fabs(v));
  }
  return diff / (floor_ + size);
}

/* ---- layout -----------------------------------------------------------------------------------
 */

static int layout_of(vf_case *k, vf_model *m) {
  const thw_layout *l = &m->lay;
  int64_t end = 0;
  if (l->n_blocks && (!l->blocks || l->block_stride < sizeof(thw_block)))
    return vf_fail(k, "on %s, the layout's blocks have no table or a stride that is too small",
                   m->where);
  for (uint32_t i = 0; i < l->n_blocks; i++) {
    const thw_block *b =
        (const thw_block *)(const void *)((const char *)l->blocks + (size_t)i * l->block_stride);
    int64_t product = 1;
    if (!b->name || !*b->name) return vf_fail(k, "block %u has no name", i);
    if (b->offset < end || b->n < 1 || b->offset + b->n > l->n)
      return vf_fail(k, "block \"%s\" overlaps the one before or leaves the vector", b->name);
    if (b->n_dims > 4) return vf_fail(k, "block \"%s\" has more than 4 dimensions", b->name);
    for (uint32_t j = 0; j < b->n_dims; j++) product *= b->dims[j];
    if (b->n_dims && product != b->n)
      return vf_fail(k, "the dimensions of block \"%s\" do not multiply to its length", b->name);
    end = b->offset + b->n;
  }
  for (uint32_t i = 0; i < l->n_metrics; i++)
    if (!l->metric_name || !l->metric_name[i]) return vf_fail(k, "metric %u has no name", i);
  for (uint32_t i = 0; i < l->n_outputs; i++)
    if (!l->output_name || !l->output_name[i]) return vf_fail(k, "output %u has no name", i);
  if (l->n_metrics && !m->ops->measure) return vf_fail(k, "there are metrics, but no measure");
  if (l->n_outputs && !m->ops->predict) return vf_fail(k, "there are outputs, but no predict");
  return 0;
}

static int layout(vf_case *k) {
  return vf_each_model(k, 0, layout_of);
}

/* ---- gradient ---------------------------------------------------------------------------------
 */

/* Fourth-order central difference of f along d at x. */
static double slope(vf_case *k, const vf_model *m, const vf_buf *x, const vf_buf *d, double h) {
  vf_buf y = vf_buf_new(x->view.dtype, x->view.n);
  double f[4];
  static const double at[] = {-2, -1, 1, 2};
  for (int i = 0; i < 4; i++) {
    vf_move(&y, x, at[i] * h, d);
    f[i] = vf_model_value(k, m, &y, &m->all, NULL);
  }
  vf_buf_free(&y);
  return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
}

/* How far the gradient along d is from differences of f. A model that is not smooth may have a kink
 * within the step: then a shorter one decides. */
static double mismatch(vf_case *k, const vf_model *m, const vf_buf *x, const vf_buf *d, double got,
                       double limit, double *want) {
  int smooth = (m->lay.flags & THW_MODEL_SMOOTH) != 0;
  double h = 1e-3, error;
  do {
    *want = slope(k, m, x, d, h);
    error = fabs(*want - got);
    h /= 10;
  } while (!smooth && !(error <= limit) && h > 1e-7);
  return error;
}

static void gradient_at(vf_case *k, vf_model *m, const vf_buf *x, const char *point) {
  vf_buf g = vf_buf_new(THW_F64, m->lay.n), d = vf_buf_new(THW_F64, m->lay.n);
  vf_model_value(k, m, x, &m->all, &g);
  double norm = sqrt(vf_dot(&g, &g));
  int64_t n = m->lay.n < 60 ? m->lay.n : 60;
  for (int64_t j = -3; j < n && k->outcome != VF_FAIL; j++) {
    char purpose[32];
    for (int64_t i = 0; i < m->lay.n; i++) vf_set(&d.view, i, i == j);
    snprintf(purpose, sizeof purpose, "direction%d", (int)j);
    if (j < 0) vf_buf_random(&d, purpose, 1 / sqrt((double)m->lay.n));
    double want, got = vf_dot(&g, &d), limit = 1e-7 * (1 + norm);
    if (!(mismatch(k, m, x, &d, got, limit, &want) <= limit))
      vf_fail(k, "on %s, at %s, along %s %d: the gradient says %.9g, differences of f say %.9g",
              m->where, point, j < 0 ? "random direction" : "coordinate", (int)(j < 0 ? -j : j),
              got, want);
  }
  vf_buf_free(&g);
  vf_buf_free(&d);
}

static int gradient_of(vf_case *k, vf_model *m) {
  vf_buf x = vf_buf_new(THW_F64, m->lay.n);
  thw_rng r;
  tw_host.rng(m->in->ctx, "init", &r);
  if (m->ops->init(m->self, &x.view, &r) == THW_OK) gradient_at(k, m, &x, "the starting point");
  vf_buf_random(&x, "small", 0.1);
  gradient_at(k, m, &x, "a small random point");
  vf_buf_random(&x, "large", 1);
  gradient_at(k, m, &x, "a random point");
  vf_buf_free(&x);
  return 0;
}

static int gradient(vf_case *k) {
  return vf_each_model(k, 0, gradient_of);
}

static int parts_of(vf_case *k, vf_model *m) {
  vf_buf x = vf_buf_new(THW_F64, m->lay.n), g = vf_buf_new(THW_F64, m->lay.n),
         alone = vf_buf_new(THW_F64, m->lay.n);
  vf_buf_random(&x, "x", 0.5);
  double f = vf_model_value(k, m, &x, &m->all, &g);
  double f_alone = vf_model_value(k, m, &x, &m->all, NULL);
  thw_status st = m->ops->eval(m->self, &x.view, &m->all, NULL, &alone.view);
  if (!(fabs(f - f_alone) <= 1e-13 * (1 + fabs(f))))
    vf_fail(k, "on %s, f is %.17g with the gradient and %.17g without", m->where, f, f_alone);
  if (st != THW_OK)
    vf_fail(k, "on %s, eval without f answers %d", m->where, (int)st);
  else if (!(vf_apart(&alone, &g, 1e-3) <= 1e-12))
    vf_fail(k, "on %s, the gradient depends on whether f is asked for", m->where);
  vf_buf_free(&x);
  vf_buf_free(&g);
  vf_buf_free(&alone);
  return 0;
}

static int parts(vf_case *k) {
  return vf_each_model(k, 0, parts_of);
}

/* ---- diff, hvp --------------------------------------------------------------------------------
 */

static int diff_of(vf_case *k, vf_model *m) {
  if (!m->ops->diff) return vf_skip(k, "it has no diff: the host asks for two gradients");
  vf_buf x = vf_buf_new(THW_F64, m->lay.n), y = vf_buf_new(THW_F64, m->lay.n),
         gx = vf_buf_new(THW_F64, m->lay.n), gy = vf_buf_new(THW_F64, m->lay.n),
         d = vf_buf_new(THW_F64, m->lay.n);
  vf_buf_random(&x, "x", 0.5);
  vf_buf_random(&y, "y", 0.5);
  vf_model_value(k, m, &x, &m->all, &gx);
  vf_model_value(k, m, &y, &m->all, &gy);
  double size = sqrt(vf_dot(&gx, &gx)) + sqrt(vf_dot(&gy, &gy));
  thw_status st = m->ops->diff(m->self, &x.view, &y.view, &m->all, &d.view);
  vf_move(&gx, &gx, -1, &gy);
  if (st != THW_OK)
    vf_fail(k, "on %s, diff answers %d", m->where, (int)st);
  else if (!(vf_apart(&d, &gx, size) <= 1e-12))
    vf_fail(k, "on %s, diff is not gradient(x) - gradient(y): relative error %.2g", m->where,
            vf_apart(&d, &gx, size));
  vf_buf_free(&x);
  vf_buf_free(&y);
  vf_buf_free(&gx);
  vf_buf_free(&gy);
  vf_buf_free(&d);
  return 0;
}

static int diff(vf_case *k) {
  return vf_each_model(k, 0, diff_of);
}

/* Differences of gradients at x along v, in `to`; y and g are scratch. */
static void differences(vf_case *k, vf_model *m, double h, const vf_buf *x, const vf_buf *v,
                        vf_buf *y, vf_buf *g, vf_buf *to) {
  static const double weight[] = {1, -8, 8, -1}, at[] = {-2, -1, 1, 2};
  for (int64_t i = 0; i < m->lay.n; i++) vf_set(&to->view, i, 0);
  for (int i = 0; i < 4; i++) {
    vf_move(y, x, at[i] * h, v);
    vf_model_value(k, m, y, &m->all, g);
    vf_move(to, to, weight[i] / (12 * h), g);
  }
}

/* Where the Hessian itself changes quickly only a short step shows it. */
static int hvp_of(vf_case *k, vf_model *m) {
  if (!m->ops->hvp) return vf_skip(k, "it has no hvp");
  if (!(m->lay.flags & THW_MODEL_SMOOTH)) return vf_skip(k, "it is not twice differentiable");
  enum { N = 6 };
  vf_buf b[N]; /* x, v, moved x, gradient, difference, product */
  for (int i = 0; i < N; i++) b[i] = vf_buf_new(THW_F64, m->lay.n);
  vf_buf_random(&b[0], "x", 0.5);
  vf_buf_random(&b[1], "v", 1);
  thw_status st = m->ops->hvp(m->self, &b[0].view, &b[1].view, &m->all, &b[5].view);
  double best = INFINITY;
  for (double h = 1e-3; h > 1e-6 && !(best <= 1e-6); h /= 10) {
    differences(k, m, h, &b[0], &b[1], &b[2], &b[3], &b[4]);
    best = fmin(best, vf_apart(&b[5], &b[4], 0.1));
  }
  if (st != THW_OK)
    vf_fail(k, "on %s, hvp answers %d", m->where, (int)st);
  else if (!(best <= 1e-6))
    vf_fail(k, "on %s, hvp is not the derivative of the gradient: relative error %.2g", m->where,
            best);
  for (int i = 0; i < N; i++) vf_buf_free(&b[i]);
  return 0;
}

static int hvp(vf_case *k) {
  return vf_each_model(k, 0, hvp_of);
}

/* ---- batches ----------------------------------------------------------------------------------
 */

static int twice_of(vf_case *k, vf_model *m) {
  vf_buf x = vf_buf_new(THW_F64, m->lay.n), y = vf_buf_new(THW_F64, m->lay.n),
         g = vf_buf_new(THW_F64, m->lay.n), h = vf_buf_new(THW_F64, m->lay.n);
  thw_batch some = m->all;
  vf_buf_random(&x, "x", 0.5);
  vf_buf_random(&y, "y", 0.5);
  some.first = 2;
  some.n = m->all.n / 2;
  double f = vf_model_value(k, m, &x, &m->all, &g);
  vf_model_value(k, m, &y, &some, &h);
  double again = vf_model_value(k, m, &x, &m->all, &h);
  if (memcmp(&f, &again, sizeof f) != 0 ||
      memcmp(g.view.data, h.view.data, (size_t)m->lay.n * sizeof(double)) != 0)
    vf_fail(k, "on %s, the same point and batch give other bits the second time", m->where);
  vf_buf_free(&x);
  vf_buf_free(&y);
  vf_buf_free(&g);
  vf_buf_free(&h);
  return 0;
}

static int twice(vf_case *k) {
  return vf_each_model(k, 0, twice_of);
}

/* The rows cut in three, the middle part by index and back to front. */
static int mean_of(vf_case *k, vf_model *m) {
  if (m->lay.flags & THW_MODEL_BATCH)
    return vf_skip(k, "the loss of its rows depends on their batch");
  int64_t n = m->all.n, cut[] = {0, 1, n / 2, n}, *index = tw_calloc((size_t)n, sizeof *index);
  vf_buf x = vf_buf_new(THW_F64, m->lay.n), g = vf_buf_new(THW_F64, m->lay.n),
         sum = vf_buf_new(THW_F64, m->lay.n), whole = vf_buf_new(THW_F64, m->lay.n);
  vf_buf_random(&x, "x", 0.5);
  double f = vf_model_value(k, m, &x, &m->all, &whole), mean = 0;
  for (int p = 0; p < 3; p++) {
    thw_batch part = m->all;
    part.first = cut[p];
    part.n = cut[p + 1] - cut[p];
    for (int64_t i = 0; i < part.n; i++) index[i] = cut[p + 1] - 1 - i;
    if (p == 1) part.index = index;
    double weight = (double)part.n / (double)n;
    mean += weight * vf_model_value(k, m, &x, &part, &g);
    vf_move(&sum, &sum, weight, &g);
  }
  if (!(fabs(mean - f) <= 1e-12 * (1 + fabs(f))))
    vf_fail(k, "on %s, the mean over all rows is %.17g, over three batches of them %.17g", m->where,
            f, mean);
  if (!(vf_apart(&sum, &whole, 1e-2) <= 1e-11))
    vf_fail(k, "on %s, the gradients of three batches do not add up to the whole one", m->where);
  free(index);
  vf_buf_free(&x);
  vf_buf_free(&g);
  vf_buf_free(&sum);
  vf_buf_free(&whole);
  return 0;
}

static int mean(vf_case *k) {
  return vf_each_model(k, 0, mean_of);
}

/* A row that is twice in a batch counts twice. */
static int repeated_of(vf_case *k, vf_model *m) {
  static const int64_t index[] = {2, 2, 0};
  if (m->lay.flags & THW_MODEL_BATCH)
    return vf_skip(k, "the loss of its rows depends on their batch");
  vf_buf x = vf_buf_new(THW_F64, m->lay.n);
  thw_batch three = m->all, two = m->all, zero = m->all;
  vf_buf_random(&x, "x", 0.5);
  three.index = index;
  three.n = 3;
  two.first = 2;
  two.n = zero.n = 1;
  double got = vf_model_value(k, m, &x, &three, NULL);
  double want =
      (2 * vf_model_value(k, m, &x, &two, NULL) + vf_model_value(k, m, &x, &zero, NULL)) / 3;
  if (!(fabs(got - want) <= 1e-12 * (1 + fabs(want))))
    vf_fail(k, "on %s, rows 2, 2, 0 have the mean %.17g, not %.17g", m->where, got, want);
  vf_buf_free(&x);
  return 0;
}

static int repeated(vf_case *k) {
  return vf_each_model(k, 0, repeated_of);
}

/* ---- memory that is not the model's -------------------------------------------------------------
 */

static int outputs_bounded(vf_case *k, vf_model *m, const vf_buf *x) {
  size_t cells = (size_t)m->all.n * m->lay.n_outputs;
  vf_buf metrics = vf_buf_new(THW_F64, m->lay.n_metrics),
         outputs = vf_buf_new(THW_F64, (int64_t)cells);
  if (m->lay.n_metrics) m->ops->measure(m->self, &x->view, &m->all, metrics.view.data);
  if (cells) m->ops->predict(m->self, &x->view, &m->all, outputs.view.data);
  if (!vf_buf_intact(&metrics)) vf_fail(k, "on %s, measure writes outside", m->where);
  if (!vf_buf_intact(&outputs)) vf_fail(k, "on %s, predict writes outside", m->where);
  for (uint32_t i = 0; i < m->lay.n_metrics; i++)
    if (!isfinite(vf_get(&metrics.view, i)))
      vf_fail(k, "on %s, metric \"%s\" is not finite", m->where, m->lay.metric_name[i]);
  for (size_t i = 0; i < cells; i++)
    if (!isfinite(vf_get(&outputs.view, (int64_t)i))) {
      vf_fail(k, "on %s, a prediction is not finite", m->where);
      break;
    }
  vf_buf_free(&metrics);
  vf_buf_free(&outputs);
  return 0;
}

static int bounds_of(vf_case *k, vf_model *m) {
  vf_buf x = vf_buf_new(THW_F64, m->lay.n), g = vf_buf_new(THW_F64, m->lay.n),
         copy = vf_buf_new(THW_F64, m->lay.n);
  vf_buf_random(&x, "x", 0.5);
  vf_buf_random(&copy, "x", 0.5);
  vf_buf_random(&g, "old", 1e30); /* the old content of g must not be felt */
  vf_model_value(k, m, &x, &m->all, &g);
  if (memcmp(x.view.data, copy.view.data, (size_t)m->lay.n * sizeof(double)) != 0)
    vf_fail(k, "on %s, eval writes to the point", m->where);
  if (!vf_buf_intact(&x) || !vf_buf_intact(&g))
    vf_fail(k, "on %s, eval writes outside of the vector", m->where);
  vf_model_value(k, m, &x, &m->all, &copy);
  if (!(vf_apart(&g, &copy, 1e-3) <= 1e-12))
    vf_fail(k, "on %s, the gradient depends on what was in its place before", m->where);
  outputs_bounded(k, m, &x);
  vf_buf_free(&x);
  vf_buf_free(&g);
  vf_buf_free(&copy);
  return 0;
}

static int bounds(vf_case *k) {
  return vf_each_model(k, 0, bounds_of);
}

static int sources(vf_case *k) {
  int64_t accepted = 0;
  for (int v = 0; v < VF_VARIANTS; v++) {
    vf_model *m;
    if (vf_model_new(k, v, 0, &m) != 0) return -1;
    if (m) accepted++;
    vf_model_free(m);
  }
  if (!accepted)
    vf_fail(k, "it takes neither dense nor sparse rows, with classes, numbers or no labels, nor "
               "row numbers or sequences");
  return 0;
}

const vf_check vf_checks_model[] = {
    {"sources", VF_KIND(THW_MODEL), "takes rows of some kind and refuses the others with a reason",
     sources},
    {"layout", VF_KIND(THW_MODEL), "blocks, metrics and outputs are named and in order", layout},
    {"gradient", VF_KIND(THW_MODEL), "the gradient agrees with central differences to 1e-7",
     gradient},
    {"gradient-alone", VF_KIND(THW_MODEL), "f and gradient do not depend on being asked together",
     parts},
    {"diff", VF_KIND(THW_MODEL), "diff is the difference of two gradients", diff},
    {"hvp", VF_KIND(THW_MODEL), "hvp is the derivative of the gradient", hvp},
    {"same-batch", VF_KIND(THW_MODEL), "the same batch gives the same bits twice", twice},
    {"mean", VF_KIND(THW_MODEL), "the mean over batches equals the whole", mean},
    {"repeated-rows", VF_KIND(THW_MODEL), "a row that is twice in a batch counts twice", repeated},
    {"bounds", VF_KIND(THW_MODEL), "writes its results and nothing else", bounds},
    {NULL, 0, NULL, NULL},
};
