/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/optim/rig.h"

#include <unistd.h>

#include "tests/optim/models.h"

static tw_registry *registry(void) {
  static tw_registry *r;
  static const char *const names[] = {
      "adam",         "catalyst", "csv",       "cubic",     "finite-sum", "gd",   "idx",
      "kernels",      "lbfgs",    "linear",    "natasha15", "natasha2",   "nets", "newton",
      "perturbed-gd", "problems", "recurrent", "scsg",      "sequence",   "sgd",  "spider",
      "stream",       "svmlight", "svrg",      "synthetic", "targets",
  };
  enum { N = sizeof names / sizeof names[0] };
  const thw_plugin *plugins[N + 1];
  if (r) return r;
  tw_diags d = {0};
  for (size_t i = 0; i < N; i++) {
    char *file = tw_sprintf("%s/.libs/%s.so", getenv("top_builddir"), names[i]);
    plugins[i] = tw_plugin_load(file, &d);
    free(file);
  }
  plugins[N] = &rig_models;
  if (d.errors == 0) r = tw_registry_of(plugins, N + 1, &d);
  if (!r) tw_diags_print(&d);
  assert_non_null(r);
  return r;
}

static void check(rig *r, thw_status st) {
  if (st == THW_OK) return;
  tw_diags_print(&r->d);
  char *text = tw_setup_text(&r->s, st);
  fail_msg("status %d: %s", st, text);
  free(text);
}

void rig_open(rig *r, ...) {
  *r = (rig){.config = tw_config_new()};
  char *all = tw_strdup("");
  va_list ap;
  va_start(ap, r);
  for (const char *part; (part = va_arg(ap, const char *));) {
    char *longer = tw_sprintf("%s%s", all, part);
    free(all);
    all = longer;
  }
  va_end(ap);
  thw_status st = tw_config_read_text(r->config, all, "test.cfg", ".", &r->d);
  free(all);
  tw_plan *plan = st == THW_OK ? tw_plan_new(r->config, registry(), &r->d) : NULL;
  if (!plan || tw_setup_begin(&r->s, plan, NULL, NULL, &r->d) != THW_OK) {
    tw_diags_print(&r->d);
    fail_msg("the pipeline cannot be used");
  }
  r->n = r->s.space->n;
  check(r, thw_vec_new(r->s.space, &r->x));
  check(r, thw_vec_new(r->s.space, &r->g));
  thw_rng rng;
  tw_stream(r->s.session.seed, "run", "init", &rng);
  check(r, thw_oracle_(r->s.object)->start_point(r->s.object->self, r->x, &rng));
  check(r, thw_optimizer_start(r->s.method, r->s.object, r->x));
}

void rig_close(rig *r) {
  thw_vec_free(r->x);
  thw_vec_free(r->g);
  tw_setup_end(&r->s);
  tw_config_free(r->config);
  tw_diags_free(&r->d);
}

static thw_status step(rig *r, thw_step *io) {
  r->s.session.step = ++r->steps;
  thw_status st = thw_optimizer_step(r->s.method, io);
  if (st < 0 && st != THW_E_NONFINITE) check(r, st); /* callers ask for THW_OK where it must be */
  return st;
}

thw_status rig_step(rig *r, int64_t units) {
  thw_step io = {.size = sizeof io, .max_units = units};
  return step(r, &io);
}

thw_status rig_run(rig *r, double passes) {
  thw_status st = THW_OK;
  while (st == THW_OK && rig_passes(r) < passes) st = rig_step(r, r->s.pass);
  return st;
}

thw_status rig_epoch(rig *r, int64_t units) {
  for (;;) {
    thw_step io = {.size = sizeof io, .max_units = units};
    thw_status st = step(r, &io);
    if (st != THW_OK || io.epoch_end) return st;
  }
}

double rig_passes(const rig *r) {
  return (double)r->s.ledger->spent / (double)r->s.pass;
}

double rig_f(rig *r) {
  double f;
  size_t before = tw_ledger_enter(r->s.ledger, "monitor", 0);
  check(r, thw_optimizer_point(r->s.method, r->x));
  check(r, thw_oracle_eval(r->s.object, r->x, NULL, &f, r->g));
  tw_ledger_leave(r->s.ledger, before);
  return f;
}

double rig_norm(rig *r) {
  double norm;
  rig_f(r);
  check(r, thw_norm2(r->g, &norm));
  return norm;
}

double *rig_point(rig *r) {
  double *out = tw_calloc((size_t)r->n, sizeof *out);
  thw_view v;
  check(r, thw_optimizer_point(r->s.method, r->x));
  check(r, r->x->ops->map(r->x, THW_READ, &v));
  for (int64_t i = 0; i < r->n; i++)
    out[i] = v.dtype == THW_F32 ? (double)((float *)v.data)[i] : ((double *)v.data)[i];
  check(r, r->x->ops->unmap(r->x, THW_READ));
  return out;
}

/* Passes as the papers' tables count them: gradients only. */
static double gradient_passes(const rig *r) {
  return (double)tw_ledger_total(r->s.ledger, 1).gradients / (double)r->s.pass;
}

void rig_levels(rig *r, int64_t units, double passes, const double *level, int n, double *at) {
  int i = 0;
  for (int k = 0; k < n; k++) at[k] = INFINITY;
  for (;;) {
    double norm = rig_norm(r);
    while (i < n && norm <= level[i]) at[i++] = gradient_passes(r);
    if (i == n || gradient_passes(r) >= passes) return;
    if ((units > 0 ? rig_step(r, units) : rig_epoch(r, INT64_MAX / 4)) != THW_OK) return;
  }
}

tw_state *rig_save(rig *r) {
  tw_state *s = tw_state_new();
  size_t n;
  tw_node *const *node = tw_plan_nodes(r->s.plan, &n);
  for (size_t i = 0; i < n; i++) {
    const thw_ext_state *e = thw_ext(&node[i]->raw, THW_EXT_STATE);
    if (e) check(r, e->save(node[i]->raw.self, tw_state_writer(s, node[i]->path, e->version)));
  }
  return s;
}

void rig_load(rig *r, tw_state *s) {
  size_t n;
  tw_node *const *node = tw_plan_nodes(r->s.plan, &n);
  for (size_t i = n; i-- > 0;) {
    const thw_ext_state *e = thw_ext(&node[i]->raw, THW_EXT_STATE);
    if (e) check(r, e->load(node[i]->raw.self, tw_state_reader(s, node[i]->path)));
  }
}

char *rig_data(const char *name) {
  char *file = tw_sprintf("%s/../shared/data/libsvm/%s", getenv("top_srcdir"), name);
  if (access(file, R_OK) == 0) return file;
  print_message("skipped: %s is not here\n", file);
  free(file);
  skip();
  return NULL;
}
