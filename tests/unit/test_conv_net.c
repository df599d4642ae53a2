/* SPDX-License-Identifier: BSD-3-Clause */
/* Convolutional networks: numbers of parameters, gradients against differences, statistics of the
 * batch normalisations, noise, precisions, threads. */
#include "core/pool.h"
#include "core/state.h"
#include "tests/unit/linear_fixture.h"

/* ---- images ---------------------------------------------------------------------------------- */

enum { PLANES = 3, CLASSES = 10 };

typedef struct images {
  int64_t n, side, width;
  void *x;
  int32_t *label;
  thw_rows rows;
  thw_object source;
} images;

static thw_status images_info(void *self, uint32_t set, thw_source_info *out) {
  const images *s = self;
  (void)set;
  *out = (thw_source_info){.size = out->size,
                           .layout = THW_ROWS_DENSE,
                           .label = THW_LABEL_CLASS,
                           .n = s->n,
                           .width = s->width,
                           .set = "train",
                           .classes = CLASSES,
                           .n_dims = 3,
                           .dims = {PLANES, s->side, s->side}};
  return THW_OK;
}

static thw_status images_take(void *self, uint32_t set, int64_t n, const int64_t *index,
                              int64_t first, thw_batch **out) {
  *out = calloc(1, sizeof **out);
  **out = (thw_batch){.size = sizeof **out,
                      .set = set,
                      .n = n,
                      .first = first,
                      .index = index,
                      .rows = &((images *)self)->rows};
  return THW_OK;
}

static void images_release(void *self, thw_batch *b) {
  (void)self;
  free(b);
}

static const thw_source_ops images_ops = {
    sizeof(thw_source_ops), 0, fixture_sets, images_info, images_take, images_release};

static images *images_new(int64_t n, int64_t side, uint32_t dtype) {
  images *s = calloc(1, sizeof *s);
  thw_rng r = {.key = {3, 9}};
  s->n = n;
  s->side = side;
  s->width = PLANES * side * side;
  double *x = calloc((size_t)(n * s->width), sizeof *x);
  s->label = calloc((size_t)n, sizeof *s->label);
  for (int64_t i = 0; i < n * s->width; i++) x[i] = (double)(float)thw_rng_normal(&r);
  for (int64_t i = 0; i < n; i++) s->label[i] = (int32_t)(i % CLASSES);
  s->x = fixture_typed(x, n * s->width, dtype);
  free(x);
  s->rows = (thw_rows){.size = sizeof s->rows,
                       .layout = THW_ROWS_DENSE,
                       .dtype = dtype,
                       .n = n,
                       .width = s->width,
                       .ld = s->width,
                       .x = s->x,
                       .label = s->label};
  s->source = (thw_object){sizeof s->source, THW_SOURCE, &images_ops, s, NULL};
  return s;
}

static void images_free(images *s) {
  free(s->x);
  free(s->label);
  free(s);
}

static thw_batch all_of(const images *s) {
  return (thw_batch){.size = sizeof(thw_batch), .n = s->n, .rows = &s->rows};
}

/* ---- models ---------------------------------------------------------------------------------- */

static const thw_model_ops *ops_of(const made *m) {
  return m->object.ops;
}

static thw_layout layout_of(const made *m) {
  thw_layout l = {.size = sizeof l};
  assert_int_equal(ops_of(m)->layout(m->object.self, &l), THW_OK);
  return l;
}

static void open_net(made *m, const char *params, images *s) {
  make_path = "model";
  if (make(m, "conv", "conv-resnet", s->rows.dtype, params, &s->source, NULL) != THW_OK)
    fail_msg("%s", m->error);
}

static thw_view numbers_new(int64_t n, uint32_t dtype) {
  return (thw_view){calloc((size_t)n, sizeof(double)), n, 0, dtype, THW_MEM_HOST};
}

static void start(const made *m, thw_view *x) {
  thw_rng r = {.key = {1, 1}};
  assert_int_equal(ops_of(m)->init(m->object.self, x, &r), THW_OK);
}

static double value(const made *m, const thw_view *x, const thw_batch *b, thw_view *g) {
  double f = (double)NAN;
  assert_int_equal(ops_of(m)->eval(m->object.self, x, b, &f, g), THW_OK);
  return f;
}

static double *at(const thw_view *v) {
  return v->data;
}

/* ---- numbers of parameters ------------------------------------------------------------------- */

static void parameters(void **state) {
  (void)state;
  static const struct {
    const char *params;
    int64_t n;
  } nets[] = {
      {"depth=20", 269722},
      {"depth=20 shortcut=B", 272474},
      {"depth=32", 464154},
      {"depth=56", 853018},
      {"depth=110", 1727962},
      {"family=wide depth=10", 77850},
      {"family=wide depth=16", 175066},
      {"family=wide depth=16 widen=2", 691674},
      {"family=wide depth=16 widen=4", 2748890},
      {"family=wide depth=16 widen=8", 10961370},
      {"family=wide depth=16 widen=10", 17116634},
      {"family=wide depth=28 widen=10", 36479194},
  };
  images *s = images_new(2, 32, THW_F32);
  for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
    made m;
    open_net(&m, nets[i].params, s);
    assert_int_equal(layout_of(&m).n, nets[i].n);
    unmake(&m);
  }
  images_free(s);
}

/* ---- gradients ------------------------------------------------------------------------------- */

/* Along a direction, by a central difference of the fourth order. */
static double slope(const made *m, thw_view *x, const double *d, const thw_batch *b, double h) {
  static const double to[] = {-2, -1, 1, 2};
  double f[4];
  thw_view y = numbers_new(x->n, THW_F64);
  for (int k = 0; k < 4; k++) {
    for (int64_t i = 0; i < x->n; i++) at(&y)[i] = at(x)[i] + to[k] * h * d[i];
    f[k] = value(m, &y, b, NULL);
  }
  free(y.data);
  return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
}

/* One direction in each block of parameters, of the size of the block's numbers; relative to the
 * gradient in that block. A relu may have a kink within the step: then a shorter one decides. */
static void check_gradient(const char *params, int64_t side, int64_t n, double limit) {
  images *s = images_new(n, side, THW_F64);
  made m;
  open_net(&m, params, s);
  thw_layout l = layout_of(&m);
  thw_batch b = all_of(s);
  thw_view x = numbers_new(l.n, THW_F64), g = numbers_new(l.n, THW_F64);
  double *d = calloc((size_t)l.n, sizeof *d);
  thw_rng r = {.key = {5, 5}};
  start(&m, &x);
  for (int64_t i = 0; i < l.n; i++) at(&x)[i] += 0.1 * thw_rng_normal(&r);
  b.pass = 1;
  value(&m, &x, &b, &g);
  double whole = 0;
  for (int64_t i = 0; i < l.n; i++) whole += at(&g)[i] * at(&g)[i];
  for (uint32_t k = 0; k < l.n_blocks; k++) {
    const thw_block *p = &l.blocks[k];
    double got = 0, error = INFINITY;
    memset(d, 0, (size_t)l.n * sizeof *d);
    for (int64_t i = p->offset; i < p->offset + p->n; i++) {
      d[i] = thw_rng_normal(&r) / sqrt((double)p->n);
      got += d[i] * at(&g)[i];
    }
    for (double h = 1e-3; h > 1e-7 && !(error <= limit); h /= 5)
      error = fabs(slope(&m, &x, d, &b, h) - got) / (sqrt(whole) + 1e-3);
    if (!(error <= limit)) fail_msg("%s: block %s is off by %g", params, p->name, error);
  }
  free(d);
  free(x.data);
  free(g.data);
  unmake(&m);
  images_free(s);
}

static void gradients(void **state) {
  (void)state;
  check_gradient("family=wide depth=10 channels=2 activation=softplus", 8, 2, 1e-7);
  check_gradient("family=wide depth=10 channels=2", 8, 2, 1e-7);
  check_gradient("family=wide depth=10 channels=2 widen=2 activation=tanh l2=0.01", 8, 4, 1e-7);
  check_gradient("family=wide depth=16 channels=2 activation=gelu label_smoothing=0.1", 8, 3, 1e-7);
  check_gradient("depth=8 channels=3 activation=gelu", 7, 3, 1e-7);
  check_gradient("depth=14 channels=2 activation=softplus", 8, 10, 1e-7);
  check_gradient("depth=14 channels=2 shortcut=B activation=softplus", 8, 3, 1e-7);
  check_gradient("depth=8 channels=2 shortcut=B", 8, 3, 1e-7);
  check_gradient("depth=14 channels=4", 8, 3, 1e-7);
  check_gradient("depth=8 channels=2 activation=tanh act_noise=0.4", 8, 3, 1e-7);
  check_gradient("depth=8 channels=2 activation=tanh group=4", 8, 10, 1e-7);
}

/* ---- statistics ------------------------------------------------------------------------------ */

/* The value of a batch that is cut into groups is the mean over them. */
static void groups(void **state) {
  (void)state;
  images *s = images_new(12, 8, THW_F64);
  made m;
  open_net(&m, "depth=8 channels=2 group=5", s);
  thw_view x = numbers_new(layout_of(&m).n, THW_F64);
  thw_batch b = all_of(s), part = b;
  double mean = 0;
  start(&m, &x);
  part.n = 4;
  for (part.first = 0; part.first < 12; part.first += 4) mean += value(&m, &x, &part, NULL) / 3;
  assert_true(fabs(value(&m, &x, &b, NULL) - mean) <= 1e-14 * mean);
  free(x.data);
  unmake(&m);
  images_free(s);
}

static void measure(const made *m, const thw_view *x, const thw_batch *b, double out[2]) {
  assert_int_equal(ops_of(m)->measure(m->object.self, x, b, out), THW_OK);
}

/* With momentum 1 the running statistics are the last batch's, which on that batch, but for the
 * variance's n/(n-1), gives the training loss; what is evaluated outside of steps leaves no
 * trace, and neither does a step that failed. */
static void running(void **state) {
  (void)state;
  images *s = images_new(40, 8, THW_F64);
  made m;
  open_net(&m, "depth=8 channels=2 bn_momentum=1", s);
  const thw_step_model *step = thw_ext(&m.object, THW_EXT_STEP_MODEL);
  thw_view x = numbers_new(layout_of(&m).n, THW_F64), g = numbers_new(x.n, THW_F64);
  thw_batch b = all_of(s), other = b;
  double out[2], again[2], f;
  other.n = 7;
  start(&m, &x);
  step->begin(m.object.self);
  f = value(&m, &x, &b, &g);
  step->end(m.object.self, 1);
  measure(&m, &x, &b, out);
  assert_true(fabs(out[1] - f) <= 0.02 * f);
  value(&m, &x, &other, &g);
  step->begin(m.object.self);
  value(&m, &x, &other, &g);
  step->end(m.object.self, 0);
  measure(&m, &x, &b, again);
  assert_memory_equal(out, again, sizeof out);
  step->begin(m.object.self);
  value(&m, &x, &other, &g);
  step->end(m.object.self, 1);
  measure(&m, &x, &b, again);
  assert_true(out[1] != again[1]);
  free(x.data);
  free(g.data);
  unmake(&m);
  images_free(s);
}

/* Recomputed statistics are the training rows': a row's prediction is the same alone. */
static void recomputed(void **state) {
  (void)state;
  images *s = images_new(20, 8, THW_F64);
  made m;
  open_net(&m, "depth=8 channels=2", s);
  thw_view x = numbers_new(layout_of(&m).n, THW_F64);
  thw_batch b = all_of(s);
  double all[20 * 11], one[11], sum = 0, out[2];
  start(&m, &x);
  assert_int_equal(ops_of(&m)->predict(m.object.self, &x, &b, all), THW_OK);
  measure(&m, &x, &b, out);
  assert_true(fabs(out[1] - value(&m, &x, &b, NULL)) <= 0.05 * out[1]);
  b.first = 13;
  b.n = 1;
  assert_int_equal(ops_of(&m)->predict(m.object.self, &x, &b, one), THW_OK);
  assert_memory_equal(one, all + 13 * 11, sizeof one);
  for (int k = 1; k < 11; k++) sum += one[k];
  assert_true(fabs(sum - 1) <= 1e-14);
  free(x.data);
  unmake(&m);
  images_free(s);
}

/* What one instance saves gives another the same metrics. */
static void saved(void **state) {
  (void)state;
  images *s = images_new(10, 8, THW_F64);
  made m, n;
  open_net(&m, "depth=8 channels=2", s);
  open_net(&n, "depth=8 channels=2", s);
  const thw_step_model *step = thw_ext(&m.object, THW_EXT_STEP_MODEL);
  const thw_ext_state *e = thw_ext(&m.object, THW_EXT_STATE);
  thw_view x = numbers_new(layout_of(&m).n, THW_F64), g = numbers_new(x.n, THW_F64);
  thw_batch b = all_of(s);
  double out[2], again[2];
  start(&m, &x);
  step->begin(m.object.self);
  value(&m, &x, &b, &g);
  step->end(m.object.self, 1);
  tw_state *t = tw_state_new();
  assert_int_equal(e->save(m.object.self, tw_state_writer(t, "model", e->version)), THW_OK);
  assert_int_equal(e->load(n.object.self, tw_state_reader(t, "model")), THW_OK);
  measure(&m, &x, &b, out);
  measure(&n, &x, &b, again);
  assert_memory_equal(out, again, sizeof out);
  tw_state_free(t);
  free(x.data);
  free(g.data);
  unmake(&m);
  unmake(&n);
  images_free(s);
}

/* ---- noise, precisions, threads -------------------------------------------------------------- */

static void noise(void **state) {
  (void)state;
  images *s = images_new(6, 8, THW_F64);
  made m, quiet;
  open_net(&m, "depth=8 channels=2 act_noise=0.4 act_noise_passes=2", s);
  open_net(&quiet, "depth=8 channels=2", s);
  thw_view x = numbers_new(layout_of(&m).n, THW_F64);
  thw_batch b = all_of(s);
  start(&m, &x);
  double f = value(&quiet, &x, &b, NULL), first, second;
  assert_true(value(&m, &x, &b, NULL) == f);
  b.pass = 1;
  first = value(&m, &x, &b, NULL);
  b.pass = 2;
  second = value(&m, &x, &b, NULL);
  assert_true(first != f && second != f && first != second);
  b.pass = 1;
  assert_true(value(&m, &x, &b, NULL) == first);
  b.pass = 3;
  assert_true(value(&m, &x, &b, NULL) == f);
  free(x.data);
  unmake(&m);
  unmake(&quiet);
  images_free(s);
}

static void precisions(void **state) {
  (void)state;
  images *s = images_new(20, 16, THW_F64), *t = images_new(20, 16, THW_F32);
  made m, n;
  open_net(&m, "depth=20", s);
  open_net(&n, "depth=20", t);
  int64_t many = layout_of(&m).n;
  thw_view x = numbers_new(many, THW_F64), g = numbers_new(many, THW_F64),
           y = numbers_new(many, THW_F32), h = numbers_new(many, THW_F32);
  thw_batch b = all_of(s), c = all_of(t);
  start(&m, &x);
  start(&n, &y);
  double f = value(&m, &x, &b, &g), apart = 0, size = 0;
  assert_true(fabs(value(&n, &y, &c, &h) - f) <= 1e-5 * f);
  for (int64_t i = 0; i < many; i++) {
    double e = (double)((float *)h.data)[i] - at(&g)[i];
    apart += e * e;
    size += at(&g)[i] * at(&g)[i];
  }
  if (!(sqrt(apart) <= 1e-3 * sqrt(size))) fail_msg("gradients are %g apart", sqrt(apart / size));
  void *all[] = {x.data, g.data, y.data, h.data};
  for (size_t i = 0; i < 4; i++) free(all[i]);
  unmake(&m);
  unmake(&n);
  images_free(s);
  images_free(t);
}

static void threads(void **state) {
  (void)state;
  images *s = images_new(70, 16, THW_F32);
  float *kept = NULL;
  double f = 0;
  for (int k = 1; k <= 4; k *= 2) {
    made m;
    tw_pool_threads(k);
    open_net(&m, "family=wide depth=10", s);
    thw_view x = numbers_new(layout_of(&m).n, THW_F32), g = numbers_new(x.n, THW_F32);
    thw_batch b = all_of(s);
    start(&m, &x);
    double now = value(&m, &x, &b, &g);
    if (kept) {
      assert_true(now == f);
      assert_memory_equal(kept, g.data, (size_t)x.n * sizeof *kept);
      free(g.data);
    } else {
      kept = g.data;
      f = now;
    }
    free(x.data);
    unmake(&m);
  }
  tw_pool_threads(1);
  free(kept);
  images_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parameters), cmocka_unit_test(gradients),  cmocka_unit_test(groups),
      cmocka_unit_test(running),    cmocka_unit_test(recomputed), cmocka_unit_test(saved),
      cmocka_unit_test(noise),      cmocka_unit_test(precisions), cmocka_unit_test(threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
