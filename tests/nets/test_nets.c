/* SPDX-License-Identifier: BSD-3-Clause */
/* The networks: gradients of every variant against differences, Hessian products, layers computed
 * by hand, scales of the start, groups, noise that belongs to the batch, and the targets. */
#include "core/pool.h"
#include "kernels/nets/nets.h"
#include "tests/optim/rig.h"

typedef struct net {
  rig r;
  const thw_model_ops *ops;
  const thw_source_ops *source;
  void *self;
  thw_batch *all, *some; /* set 0; rows of it, by number */
  double *x, *g, *y, *h; /* points */
} net;

static const int64_t picked[] = {3, 1, 4, 1, 5, 9, 2, 6, 0, 7};
#define SOME (int64_t)(sizeof picked / sizeof picked[0])

static thw_view view_of(const net *t, double *p) {
  return (thw_view){p, t->r.n, 0, THW_F64, THW_MEM_HOST};
}

static void open_net(net *t, const char *source, const char *model) {
  memset(t, 0, sizeof *t);
  rig_open(&t->r, "run: { seed = 3; }; oracle: { type = \"finite-sum\"; };",
           "optimizer: { type = \"gd\"; step = 1e-3; }; stop: { passes = 1.0; };", source, model,
           NULL);
  t->ops = t->r.s.model->raw.ops;
  t->self = t->r.s.model->raw.self;
  t->source = t->r.s.source->raw.ops;
  void *src = t->r.s.source->raw.self;
  thw_source_info info = {.size = sizeof info};
  assert_int_equal(t->source->info(src, 0, &info), THW_OK);
  assert_int_equal(t->source->take(src, 0, info.n, NULL, 0, &t->all), THW_OK);
  assert_int_equal(t->source->take(src, 0, SOME, picked, 0, &t->some), THW_OK);
  double **all[] = {&t->x, &t->g, &t->y, &t->h};
  for (int i = 0; i < 4; i++) *all[i] = aligned_alloc(64, ((size_t)t->r.n * 8 + 63) / 64 * 64);
  thw_rng r = {.key = {5, 6}};
  thw_view v = view_of(t, t->x);
  assert_int_equal(t->ops->init(t->self, &v, &r), THW_OK);
  for (int64_t i = 0; i < t->r.n; i++) t->x[i] += 0.1 * thw_rng_normal(&r);
}

static void close_net(net *t) {
  void *src = t->r.s.source->raw.self;
  t->source->release(src, t->all);
  t->source->release(src, t->some);
  free(t->x), free(t->g), free(t->y), free(t->h);
  rig_close(&t->r);
}

static double eval(net *t, double *x, const thw_batch *b, double *g) {
  double f = (double)NAN;
  thw_view xv = view_of(t, x), gv = view_of(t, g);
  assert_int_equal(t->ops->eval(t->self, &xv, b, &f, g ? &gv : NULL), THW_OK);
  return f;
}

static double norm_of(const double *v, int64_t n) {
  double s = 0;
  for (int64_t i = 0; i < n; i++) s += v[i] * v[i];
  return sqrt(s);
}

/* ---- every variant ---------------------------------------------------------------------------
 */

#define SOURCE                                                                                     \
  "source: { type = \"smooth-target\"; target = \"three-layer\"; d = 5; k = 3; n = 40; test = 0; " \
  "};"
#define CLASSES(w) "source: { type = \"gaussian-classes\"; n = 40; d = 6; classes = " w "; };"
#define MODEL(text) "model: { width = 9; " text " };"

static const struct variant {
  const char *source, *model;
  int smooth;
} variants[] = {
    {SOURCE, MODEL("type = \"mlp\"; depth = 2;"), 0},
    {SOURCE, MODEL("type = \"mlp\"; depth = 2; train = \"all\"; activation = \"tanh\";"), 1},
    {SOURCE, MODEL("type = \"mlp\"; train = \"hidden-weights\";"), 0},
    {SOURCE, MODEL("type = \"mlp\"; train = \"all\"; init = \"glorot\"; output_bias = true;"), 0},
    {SOURCE, MODEL("type = \"mlp\"; train = \"last\";"), 1},
    {SOURCE, MODEL("type = \"mlp\"; train = \"V, A\"; activation = \"gelu\";"), 1},
    {SOURCE, MODEL("type = \"mlp\"; train = \"W b2\"; activation = \"softplus\"; bias = true;"), 1},
    {SOURCE, MODEL("type = \"mlp\"; activation = \"identity\"; bias = false;"), 1},
    {SOURCE,
     MODEL("type = \"mlp\"; hidden = [7, 49, 5]; train = \"all\"; activation = \"gelu\"; init = "
           "\"he\"; output_scale = 0.5; l2 = 0.1;"),
     1},
    {SOURCE, MODEL("type = \"mlp\"; depth = 6; train = \"all\"; activation = \"softplus\";"), 1},
    {SOURCE, MODEL("type = \"mlp\"; reg_w4 = 0.3; reg_v2 = 0.2; activation = \"tanh\";"), 1},
    {SOURCE, MODEL("type = \"mlp\"; perturb_w = 0.1; perturb_v = 0.1; activation = \"tanh\";"), 1},
    {SOURCE, MODEL("type = \"mlp\"; signs = true; perturb_w = 0.1; reg_w4 = 0.1;"), 0},
    {SOURCE, MODEL("type = \"mlp\"; linearised = true;"), 1},
    {SOURCE, MODEL("type = \"resnet-mlp\";"), 0},
    {SOURCE, MODEL("type = \"resnet-mlp\"; train = \"all\"; activation = \"gelu\";"), 1},
    {SOURCE, MODEL("type = \"resnet-mlp\"; train = \"first\"; activation = \"tanh\";"), 1},
    {SOURCE, MODEL("type = \"resnet-mlp\"; train = \"second\"; activation = \"tanh\";"), 1},
    {SOURCE, MODEL("type = \"resnet-mlp\"; skip = false; train = \"all\"; activation = \"tanh\";"),
     1},
    {SOURCE, MODEL("type = \"resnet-mlp\"; form = \"full\";"), 0},
    {SOURCE,
     MODEL("type = \"resnet-mlp\"; form = \"full\"; train = \"all\"; activation = \"gelu\";"), 1},
    {SOURCE, MODEL("type = \"resnet-mlp\"; form = \"full\"; skip = false;"), 0},
    {SOURCE, MODEL("type = \"resnet-mlp\"; linearised = true; train = \"all\";"), 1},
    {CLASSES("2"), MODEL("type = \"mlp\"; train = \"all\"; activation = \"tanh\";"), 1},
    {CLASSES("2"), MODEL("type = \"mlp\"; label_smoothing = 0.2; activation = \"gelu\";"), 1},
    {CLASSES("2"), MODEL("type = \"mlp\"; loss = \"squared\";"), 0},
    {CLASSES("4"), MODEL("type = \"mlp\"; train = \"all\"; activation = \"softplus\";"), 1},
    {CLASSES("4"), MODEL("type = \"mlp\"; label_smoothing = 0.1; activation = \"tanh\";"), 1},
    {CLASSES("4"), MODEL("type = \"mlp\"; loss = \"squared\"; activation = \"tanh\";"), 1},
    {CLASSES("4"), MODEL("type = \"mlp\"; linearised = true; train = \"all\";"), 1},
    {CLASSES("4"), MODEL("type = \"resnet-mlp\"; activation = \"gelu\"; train = \"all\";"), 1},
};

/* Along a random unit direction within each block: central differences. */
static void check_gradient(net *t, const struct variant *v, const thw_batch *b) {
  thw_layout lay = {.size = sizeof lay};
  assert_int_equal(t->ops->layout(t->self, &lay), THW_OK);
  assert_int_equal((lay.flags & THW_MODEL_SMOOTH) != 0, v->smooth && !strstr(v->model, "\"last\""));
  thw_rng r = {.key = {7, 8}};
  eval(t, t->x, b, t->g);
  for (uint32_t k = 0; k < lay.n_blocks; k++) {
    const thw_block *block = &lay.blocks[k];
    double got = 0, f[4], d[4096], h = v->smooth ? 1e-3 : 1e-6, want;
    static const double at[] = {1, -1, 2, -2};
    for (int64_t i = 0; i < block->n; i++) d[i] = thw_rng_normal(&r);
    double size = norm_of(d, block->n);
    for (int64_t i = 0; i < block->n; i++) got += t->g[block->offset + i] * (d[i] /= size);
    for (int p = 0; p < 4; p++) {
      memcpy(t->y, t->x, (size_t)t->r.n * 8);
      for (int64_t i = 0; i < block->n; i++) t->y[block->offset + i] += at[p] * h * d[i];
      f[p] = eval(t, t->y, b, NULL);
    }
    want = (f[0] - f[1]) / (2 * h);
    if (v->smooth) want = (8 * (f[0] - f[1]) - (f[2] - f[3])) / (12 * h);
    double scale = norm_of(t->g + block->offset, block->n) / sqrt((double)block->n);
    if (!(fabs(got - want) <= 1e-7 * (scale + fabs(want)) + 1e-9 * f[0]))
      fail_msg("%s: block %s: %.12g, differences %.12g", v->model, block->name, got, want);
  }
}

static void check_product(net *t, const struct variant *v, const thw_batch *b) {
  thw_rng r = {.key = {9, 8}};
  double h = 1e-3, size = 0, apart = 0, *d = t->h, *sum = calloc((size_t)t->r.n, 8);
  static const double at[] = {1, -1, 2, -2}, weight[] = {8, -8, -1, 1};
  for (int64_t i = 0; i < t->r.n; i++) d[i] = thw_rng_normal(&r) / sqrt((double)t->r.n);
  for (int p = 0; p < 4; p++) {
    for (int64_t i = 0; i < t->r.n; i++) t->y[i] = t->x[i] + at[p] * h * d[i];
    eval(t, t->y, b, t->g);
    for (int64_t i = 0; i < t->r.n; i++) sum[i] += weight[p] * t->g[i] / (12 * h);
  }
  thw_view x = view_of(t, t->x), dv = view_of(t, d), out = view_of(t, t->g);
  assert_int_equal(t->ops->hvp(t->self, &x, &dv, b, &out), THW_OK);
  for (int64_t i = 0; i < t->r.n; i++) {
    apart = fmax(apart, fabs(t->g[i] - sum[i]));
    size = fmax(size, fabs(sum[i]));
  }
  if (!(apart <= 1e-6 * size + 1e-9))
    fail_msg("%s: product off by %g of %g", v->model, apart, size);
  free(sum);
}

static void gradients_and_products(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
    net t;
    open_net(&t, variants[i].source, variants[i].model);
    check_gradient(&t, &variants[i], t.all);
    check_gradient(&t, &variants[i], t.some);
    if (variants[i].smooth) check_product(&t, &variants[i], t.all);
    if (variants[i].smooth) check_product(&t, &variants[i], t.some);
    close_net(&t);
  }
}

/* ---- layers by hand --------------------------------------------------------------------------
 */

static void layer(const double *w, const double *b, int64_t out, int64_t in, const double *x,
                  double *y) {
  for (int64_t i = 0; i < out; i++) {
    y[i] = b ? b[i] : 0;
    for (int64_t j = 0; j < in; j++) y[i] += w[i * in + j] * x[j];
  }
}
static void relu(double *y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = y[i] >= 0 ? y[i] : 0;
}

static double by_hand(const net *t, int residual, const double *target) {
  enum { M = 9, D = 5, K = 3 };
  const double *w = t->x, *b1 = w + M * D, *v = b1 + M;
  const double *b2 = v + M * (residual ? K : M), *a = b2 + M;
  double f = 0;
  for (int64_t s = 0; s < t->all->n; s++) {
    double h[M], g[M], o[K], o2[K] = {0};
    layer(w, b1, M, D, (const double *)t->all->rows->x + s * D, h);
    relu(h, M);
    if (residual) layer(a, NULL, K, M, h, o2);
    layer(v, b2, M, residual ? K : M, residual ? o2 : h, g);
    relu(g, M);
    layer(a, NULL, K, M, g, o);
    for (int c = 0; c < K; c++) {
      double e = o[c] + o2[c] - target[s * K + c];
      f += 0.5 * e * e;
    }
  }
  return f / (double)t->all->n;
}

static void values_by_hand(void **state) {
  (void)state;
  for (int residual = 0; residual < 2; residual++) {
    net t;
    open_net(&t, SOURCE,
             residual ? MODEL("type = \"resnet-mlp\"; train = \"all\";")
                      : MODEL("type = \"mlp\"; train = \"all\";"));
    double f = eval(&t, t.x, t.all, NULL), want = by_hand(&t, residual, t.all->rows->y);
    assert_true(fabs(f - want) <= 1e-13 * want);
    close_net(&t);
  }
}

/* V = 0, b2 = 0: the network is its first block. */
static void second_block_off(void **state) {
  (void)state;
  enum { M = 9, D = 5, K = 3 };
  net t, one;
  open_net(&t, SOURCE, MODEL("type = \"resnet-mlp\"; train = \"all\";"));
  open_net(&one, SOURCE, MODEL("type = \"mlp\"; depth = 2; train = \"all\";"));
  memset(t.x + M * D + M, 0, (M * K + M) * sizeof(double));
  memcpy(one.x, t.x, (M * D + M) * sizeof(double));
  memcpy(one.x + M * D + M, t.x + M * D + M + M * K + M, M * K * sizeof(double));
  double f = eval(&t, t.x, t.all, NULL), g = eval(&one, one.x, one.all, NULL);
  assert_true(fabs(f - g) <= 1e-13 * f);
  close_net(&t);
  close_net(&one);
}

/* ---- scales ----------------------------------------------------------------------------------
 */

/* Mean square of the outputs at the start. */
static double output_size(int64_t width, const char *type) {
  char model[200];
  net t;
  snprintf(model, sizeof model, "model: { type = \"%s\"; width = %d; train = \"last\"; };", type,
           (int)width);
  open_net(&t, "source: { type = \"smooth-target\"; n = 500; test = 0; };", model);
  thw_rng r = {.key = {1, 1}};
  thw_view x = view_of(&t, t.x);
  t.ops->init(t.self, &x, &r);
  double out[500], s = 0;
  assert_int_equal(t.ops->predict(t.self, &x, t.all, out), THW_OK);
  for (int i = 0; i < 500; i++) s += out[i] * out[i] / 500;
  close_net(&t);
  return s;
}

static void start_does_not_depend_on_width(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++)
    for (int64_t m = 50; m <= 2000; m *= 40) {
      double s = output_size(m, i ? "resnet-mlp" : "mlp");
      if (!(s > 0.05 && s < 10)) fail_msg("width %d: outputs of mean square %g", (int)m, s);
    }
}

/* ---- batches ---------------------------------------------------------------------------------
 */

/* More rows than a group: the mean of the parts. */
static void groups_add_up(void **state) {
  (void)state;
  net t;
  open_net(&t, "source: { type = \"smooth-target\"; n = 700; test = 0; };",
           MODEL("type = \"mlp\"; train = \"all\"; l2 = 0.1;"));
  double f = eval(&t, t.x, t.all, t.g), mean = 0;
  memset(t.h, 0, (size_t)t.r.n * 8);
  for (int p = 0; p < 7; p++) {
    thw_batch b = *t.all;
    b.first = 100 * p;
    b.n = 100;
    mean += eval(&t, t.x, &b, t.y) / 7;
    for (int64_t i = 0; i < t.r.n; i++) t.h[i] += t.y[i] / 7;
  }
  assert_true(fabs(f - mean) <= 1e-13 * f);
  for (int64_t i = 0; i < t.r.n; i++)
    assert_true(fabs(t.h[i] - t.g[i]) <= 1e-12 * norm_of(t.g, t.r.n));
  close_net(&t);
}

/* The same bits on one thread and on eight. */
static void threads_agree(void **state) {
  (void)state;
  static const char *const models[] = {
      "model: { type = \"mlp\"; width = 500; train = \"all\"; };",
      "model: { type = \"resnet-mlp\"; width = 500; form = \"full\"; train = \"all\"; };"};
  for (int k = 0; k < 2; k++) {
    net t;
    open_net(&t, "source: { type = \"smooth-target\"; n = 300; test = 0; };", models[k]);
    tw_pool_threads(1);
    double f = eval(&t, t.x, t.all, t.g);
    tw_pool_threads(8);
    assert_true(f == eval(&t, t.x, t.all, t.y));
    assert_memory_equal(t.g, t.y, (size_t)t.r.n * 8);
    close_net(&t);
  }
}

/* Noise is a function of the rows: other rows, other noise; the whole sum sees none. */
static void noise_belongs_to_the_batch(void **state) {
  (void)state;
  static const int64_t other[SOME] = {3, 1, 4, 1, 5, 9, 2, 6, 0, 8};
  net t, plain;
  open_net(&t, SOURCE, MODEL("type = \"mlp\"; perturb_w = 0.5; signs = true;"));
  open_net(&plain, SOURCE, MODEL("type = \"mlp\";"));
  double f = eval(&t, t.x, t.some, NULL);
  assert_true(f == eval(&t, t.x, t.some, t.g));
  assert_true(fabs(f - eval(&plain, t.x, plain.some, NULL)) > 1e-3 * f);
  assert_true(eval(&t, t.x, t.all, NULL) == eval(&plain, t.x, plain.all, NULL));
  thw_batch b = *t.some;
  b.index = other;
  double g = eval(&t, t.x, &b, NULL), h = eval(&plain, t.x, &b, NULL);
  assert_true(fabs(g - h) > 1e-3 * g);
  close_net(&t);
  close_net(&plain);
}

/* ---- kernels ---------------------------------------------------------------------------------
 */

/* Both kernels on odd shapes: products within rounding of plain loops. */
static void check_kernel(const thwn_kernel *k, int64_t out, int64_t in, int64_t n) {
  int64_t p = k->panel, panels = thwn_panels(k, n);
  size_t real = k->real;
  thw_rng r = {.key = {2, 2}};
  double *w = calloc((size_t)(out * in), 8), *x = calloc((size_t)(in * n), 8),
         *d = calloc((size_t)(out * n), 8);
  for (int64_t i = 0; i < out * in; i++) w[i] = thw_rng_normal(&r);
  for (int64_t i = 0; i < in * n; i++) x[i] = thw_rng_normal(&r);
  for (int64_t i = 0; i < out * n; i++) d[i] = thw_rng_normal(&r);
  char *wk = aligned_alloc(64, (size_t)(out * in + 16) * 8),
       *g = calloc((size_t)(out * in + 16), 8);
  char *xk = calloc((size_t)(in * panels * p), 8), *dk = calloc((size_t)(out * panels * p), 8);
  char *y = calloc((size_t)(out * panels * p), 8), *z = calloc((size_t)(in * panels * p), 8);
#define PUT(a, i, v)                                                                               \
  do {                                                                                             \
    if (real == 4)                                                                                 \
      ((float *)(void *)(a))[i] = (float)(v);                                                      \
    else                                                                                           \
      ((double *)(void *)(a))[i] = (v);                                                            \
  } while (0)
#define GET(a, i) (real == 4 ? (double)((float *)(void *)(a))[i] : ((double *)(void *)(a))[i])
#define AT(rows, i, s) (((s) / p * (rows) + (i)) * p + (s) % p)
  for (int64_t i = 0; i < out * in; i++) PUT(wk, i, w[i]);
  for (int64_t s = 0; s < n; s++) {
    for (int64_t i = 0; i < in; i++) PUT(xk, AT(in, i, s), x[i * n + s]);
    for (int64_t i = 0; i < out; i++) PUT(dk, AT(out, i, s), d[i * n + s]);
  }
  thwn_job j = {out, in, n, wk, xk, dk};
  double tolerance = (real == 4 ? 2e-5 : 1e-13) * sqrt((double)(out + in + n));
  k->forward(&j, 0, out, NULL, 0, y);
  k->backward(&j, 0, in, 0, z);
  k->outer(&j, 0, in, 0, g);
  for (int64_t i = 0; i < out; i++)
    for (int64_t s = 0; s < n; s++) {
      double sum = 0;
      for (int64_t q = 0; q < in; q++) sum += w[i * in + q] * x[q * n + s];
      assert_true(fabs(sum - GET(y, AT(out, i, s))) <= tolerance);
    }
  for (int64_t q = 0; q < in; q++)
    for (int64_t s = 0; s < n; s++) {
      double sum = 0;
      for (int64_t i = 0; i < out; i++) sum += w[i * in + q] * d[i * n + s];
      assert_true(fabs(sum - GET(z, AT(in, q, s))) <= tolerance);
    }
  for (int64_t i = 0; i < out; i++)
    for (int64_t q = 0; q < in; q++) {
      double sum = 0;
      for (int64_t s = 0; s < n; s++) sum += d[i * n + s] * x[q * n + s];
      assert_true(fabs(sum - GET(g, i * in + q)) <= tolerance);
    }
  free(w), free(x), free(d), free(wk), free(g), free(xk), free(dk), free(y), free(z);
}

static void products(void **state) {
  (void)state;
  static const int64_t shape[][3] = {{1, 1, 1},     {7, 4, 50},    {48, 48, 16}, {50, 97, 33},
                                     {300, 5, 256}, {61, 450, 17}, {13, 770, 64}};
  for (size_t real = 4; real <= 8; real += 4)
    for (int v = 0; v < 2; v++)
      for (size_t i = 0; thwn_at(real, v) && i < sizeof shape / sizeof shape[0]; i++)
        check_kernel(thwn_at(real, v), shape[i][0], shape[i][1], shape[i][2]);
}

/* ---- kernel ridge ----------------------------------------------------------------------------
 */

#define SPHERE "source: { type = \"smooth-target\"; n = 6; test = 0; };"

/* K (x_i, x_j) of the model: predictions of a unit vector. */
static void kernel_matrix(const char *model, double *k) {
  net t;
  open_net(&t, SPHERE, model);
  for (int j = 0; j < 6; j++) {
    double out[6];
    for (int i = 0; i < 6; i++) t.x[i] = i == j;
    thw_view x = view_of(&t, t.x);
    assert_int_equal(t.ops->predict(t.self, &x, t.all, out), THW_OK);
    for (int i = 0; i < 6; i++) k[i * 6 + j] = out[i];
  }
  close_net(&t);
}

/* The same from the gradients of the outputs of a network at its start, over its width. */
static void finite_matrix(const char *model, int64_t width, double *k) {
  net t;
  open_net(&t, SPHERE, model);
  thw_rng r = {.key = {1, 1}};
  thw_view x = view_of(&t, t.x);
  t.ops->init(t.self, &x, &r);
  double out[6], *g = calloc((size_t)(6 * t.r.n), sizeof *g);
  assert_int_equal(t.ops->predict(t.self, &x, t.all, out), THW_OK);
  for (int i = 0; i < 6; i++) {
    thw_batch one = *t.all;
    one.first = i;
    one.n = 1;
    eval(&t, t.x, &one, t.g);
    double slope = out[i] - ((const double *)one.rows->y)[i];
    for (int64_t p = 0; p < t.r.n; p++) g[i * t.r.n + p] = t.g[p] / slope;
  }
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 6; j++) {
      double sum = 0;
      for (int64_t p = 0; p < t.r.n; p++) sum += g[i * t.r.n + p] * g[j * t.r.n + p];
      k[i * 6 + j] = sum / (double)width;
    }
  free(g);
  close_net(&t);
}

static void kernels_are_those_of_wide_networks(void **state) {
  (void)state;
  static const struct {
    const char *kernel, *model;
    int64_t width;
    double diagonal; /* K(x, x) at |x| = 1 */
  } cases[] = {
      {"ntk2", "depth = 2; width = 20000; train = \"hidden-weights\";", 20000, 0.5},
      {"ntk2h", "depth = 2; width = 20000; train = \"hidden\";", 20000, 1},
      {"ck2", "depth = 2; width = 20000; train = \"last\";", 1, 1},
      {"ntk3", "width = 1500; train = \"hidden-weights\";", 1500, 0.75},
      {"ntk3h", "width = 1500; train = \"hidden\";", 1500, 1.5},
      {"ck3", "width = 1500; train = \"last\";", 1, 1},
  };
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    char text[300];
    double k[36], finite[36];
    snprintf(text, sizeof text,
             "model: { type = \"kernel-ridge\"; kernel = \"%s\"; lambda = [1.0]; };",
             cases[c].kernel);
    kernel_matrix(text, k);
    snprintf(text, sizeof text, "model: { type = \"mlp\"; %s };", cases[c].model);
    finite_matrix(text, cases[c].width, finite);
    for (int i = 0; i < 6; i++) {
      assert_true(fabs(k[i * 7] - cases[c].diagonal) <= 1e-6);
      for (int j = 0; j < 6; j++)
        if (!(fabs(k[i * 6 + j] - finite[i * 6 + j]) <= 0.15 * cases[c].diagonal))
          fail_msg("%s (%d, %d): %g, of a wide network %g", cases[c].kernel, i, j, k[i * 6 + j],
                   finite[i * 6 + j]);
    }
  }
}

/* One step of newton ends where K a + lambda t a = Y; other kernels' mean diagonals t are 1. */
static void ridge_is_solved(void **state) {
  (void)state;
  static const double lambda = 1e-3;
  rig r;
  rig_open(
      &r, "run: { seed = 3; }; oracle: { type = \"finite-sum\"; };",
      "optimizer: { type = \"newton\"; };",
      "source: { type = \"smooth-target\"; target = \"two-layer\"; k = 2; n = 60; test = 0; };",
      "model: { type = \"kernel-ridge\"; kernel = \"gaussian\"; bandwidth = [0.5]; lambda = "
      "[1e-3]; };",
      NULL);
  assert_int_equal(rig_step(&r, 1), THW_OK);
  double *a = rig_point(&r), out[120];
  thw_batch *b;
  const thw_source_ops *source = r.s.source->raw.ops;
  assert_int_equal(source->take(r.s.source->raw.self, 0, 60, NULL, 0, &b), THW_OK);
  thw_view x = {a, r.n, 0, THW_F64, THW_MEM_HOST};
  assert_int_equal(
      ((const thw_model_ops *)r.s.model->raw.ops)->predict(r.s.model->raw.self, &x, b, out),
      THW_OK);
  for (int i = 0; i < 120; i++) {
    double y = ((const double *)b->rows->y)[i];
    assert_true(fabs(out[i] + lambda * a[i] - y) <= 1e-9);
  }
  source->release(r.s.source->raw.self, b);
  free(a);
  rig_close(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products),
      cmocka_unit_test(values_by_hand),
      cmocka_unit_test(gradients_and_products),
      cmocka_unit_test(second_block_off),
      cmocka_unit_test(start_does_not_depend_on_width),
      cmocka_unit_test(groups_add_up),
      cmocka_unit_test(threads_agree),
      cmocka_unit_test(noise_belongs_to_the_batch),
      cmocka_unit_test(kernels_are_those_of_wide_networks),
      cmocka_unit_test(ridge_is_solved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
