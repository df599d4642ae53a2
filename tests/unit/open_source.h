/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads a source straight from its plugin file, with parameters given as "name=value" texts. The
 * checks of the wiring are not in the way here: a test decides what create gets to see. */
#ifndef THALWEG_TESTS_OPEN_SOURCE_H
#define THALWEG_TESTS_OPEN_SOURCE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <dlfcn.h>
#include <unistd.h>

#include <thalweg/thalweg.h>

#include "core/host.h"

typedef struct opened {
  tw_session session;
  thw_ctx *ctx;
  const thw_component *component;
  const thw_source_ops *ops;
  void *self;
  void *params;
  char error[1200]; /* when create failed */
  char log[1200];
  char *words[32];
  int n_words;
} opened;

static void open_log(void *arg, uint32_t level, const char *path, const char *text) {
  (void)level;
  (void)path;
  snprintf(((opened *)arg)->log, sizeof((opened *)arg)->log, "%s", text);
}

static const thw_component *open_find(const char *plugin, const char *id) {
  char file[4096];
  const char *top = getenv("top_builddir");
  snprintf(file, sizeof file, "%s/.libs/%s.so", top ? top : ".", plugin);
  void *lib = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!lib) fail_msg("%s", dlerror());
  const thw_plugin *(*entry)(void);
  *(void **)&entry = dlsym(lib, THW_ENTRY);
  const thw_plugin *p = entry();
  for (uint32_t i = 0; i < p->n_components; i++)
    if (strcmp(p->components[i]->id, id) == 0) return p->components[i];
  fail_msg("%s has no %s", file, id);
  return NULL;
}

/* Numbers separated by spaces or commas; they stay for 64 further calls. */
static thw_reals open_reals(const char *text) {
  static double room[64][16];
  static int turn;
  thw_reals r = {room[turn], 0};
  for (char *end; text && *text && r.n < 16; text = end + strspn(end, " ,"))
    room[turn][r.n++] = strtod(text, &end);
  turn = (turn + 1) % 64;
  return r;
}

static void open_set(const thw_param *p, char *params, const char *value) {
  void *at = params + p->offset;
  switch (p->type) {
  case THW_P_BOOL:
    *(int32_t *)at = value ? atoi(value) : (int32_t)p->def_int;
    break;
  case THW_P_INT:
    *(int64_t *)at = value ? atoll(value) : p->def_int;
    break;
  case THW_P_REAL:
    *(double *)at = value ? atof(value) : p->def_real;
    break;
  case THW_P_ENUM:
    *(int32_t *)at = (int32_t)p->def_int;
    for (int32_t i = 0; value && p->choices[i]; i++)
      if (strcmp(p->choices[i], value) == 0) *(int32_t *)at = i;
    break;
  case THW_P_REALS:
    *(thw_reals *)at = open_reals(value ? value : p->def_str);
    break;
  default:
    *(const char **)at = value ? value : p->def_str;
  }
}

/* Texts end with NULL. Returns the status of create. */
static THW_UNUSED thw_status open_source(opened *o, const char *plugin, const char *id,
                                         uint32_t dtype, ...) {
  memset(o, 0, sizeof *o);
  tw_session_init(&o->session, 7, dtype, 0);
  o->session.log = open_log;
  o->session.log_arg = o;
  o->ctx = tw_ctx_new(&o->session, "source");
  o->component = open_find(plugin, id);
  o->params = calloc(1, o->component->params_size);
  const thw_param *p = o->component->params;
  for (uint32_t i = 0; i < o->component->n_params; i++) open_set(&p[i], o->params, NULL);
  va_list ap;
  va_start(ap, dtype);
  for (const char *s; (s = va_arg(ap, const char *));) {
    char *w = o->words[o->n_words++] = strdup(s), *eq = strchr(w, '=');
    *eq = '\0';
    uint32_t i = 0;
    while (i < o->component->n_params && strcmp(p[i].name, w) != 0) i++;
    if (i == o->component->n_params) fail_msg("no parameter %s", w);
    open_set(&p[i], o->params, eq + 1);
  }
  va_end(ap);
  o->ops = o->component->ops;
  thw_wired none = {0};
  thw_status s = o->component->check ? o->component->check(&tw_host, o->ctx, o->params) : THW_OK;
  if (s == THW_OK)
    s = o->component->create(o->component, &tw_host, o->ctx, o->params, &none, &o->self);
  if (s != THW_OK) {
    char *text = tw_ctx_take_text(o->ctx, s);
    snprintf(o->error, sizeof o->error, "%s", text);
    free(text);
    o->self = NULL;
  }
  return s;
}

static THW_UNUSED void close_source(opened *o) {
  if (o->self) o->component->destroy(o->self);
  tw_ctx_free(o->ctx);
  free(o->params);
  for (int i = 0; i < o->n_words; i++) free(o->words[i]);
  memset(o, 0, sizeof *o);
}

static THW_UNUSED thw_source_info source_info(opened *o, uint32_t set) {
  thw_source_info in = {.size = sizeof in};
  assert_int_equal(o->ops->info(o->self, set, &in), THW_OK);
  return in;
}

static THW_UNUSED thw_batch *source_take(opened *o, uint32_t set, int64_t n, const int64_t *index,
                                         int64_t first) {
  thw_batch *b = NULL;
  assert_int_equal(o->ops->take(o->self, set, n, index, first, &b), THW_OK);
  return b;
}

/* Feature j of row k of a batch, whatever the layout. */
static THW_UNUSED double batch_at(const thw_batch *b, int64_t k, int64_t j) {
  const thw_rows *r = b->rows;
  int64_t i = thw_batch_row(b, k), at = -1;
  if (r->layout == THW_ROWS_DENSE) at = i * r->ld + j;
  if (r->layout == THW_ROWS_CSR)
    for (int64_t p = r->start[i]; p < r->start[i + 1]; p++)
      if (r->col[p] == j) at = p;
  if (at < 0) return 0;
  if (!r->x) return 1;
  return r->dtype == THW_F32 ? (double)((const float *)r->x)[at] : ((const double *)r->x)[at];
}

static THW_UNUSED double batch_y(const thw_batch *b, int64_t k) {
  int64_t i = thw_batch_row(b, k);
  return b->rows->dtype == THW_F32 ? (double)((const float *)b->rows->y)[i]
                                   : ((const double *)b->rows->y)[i];
}

/* Group fixtures: a folder of one's own as the current one, so that messages name short paths. */
static char scratch_dir[256];

static THW_UNUSED int enter_scratch(void **state) {
  (void)state;
  const char *tmp = getenv("TMPDIR");
  snprintf(scratch_dir, sizeof scratch_dir, "%s/thw-XXXXXX", tmp ? tmp : "/tmp");
  return mkdtemp(scratch_dir) && chdir(scratch_dir) == 0 ? 0 : -1;
}

static THW_UNUSED int leave_scratch(void **state) {
  (void)state;
  DIR *d = opendir(".");
  for (struct dirent *e; d && (e = readdir(d));)
    if (e->d_name[0] != '.') unlink(e->d_name);
  if (d) closedir(d);
  return chdir("/") == 0 ? rmdir(scratch_dir) : -1;
}

/* "path=<shared>/FILE" for a data set beside the source tree; skips the test where there is none.
 */
static THW_UNUSED const char *shared_data(const char *param, const char *file) {
  static char text[4][1024];
  static int turn;
  const char *top = getenv("top_srcdir");
  char *t = text[turn++ % 4];
  snprintf(t, sizeof text[0], "%s=%s/../shared/data/%s", param, top ? top : ".", file);
  if (access(strchr(t, '=') + 1, R_OK) != 0) {
    print_message("no data set %s: skipped\n", strchr(t, '=') + 1);
    skip();
  }
  return t;
}

/* Writes a file in the current folder. */
static THW_UNUSED void put_bytes(const char *name, const void *p, size_t n) {
  FILE *f = fopen(name, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(p, 1, n, f), n);
  assert_int_equal(fclose(f), 0);
}

static THW_UNUSED void put_file(const char *name, const char *text) {
  put_bytes(name, text, strlen(text));
}

#define assert_opens(o, ...)                                                                       \
  do {                                                                                             \
    if (open_source(o, __VA_ARGS__) != THW_OK) fail_msg("%s", (o)->error);                         \
  } while (0)

/* create fails with exactly that text. */
#define assert_refused(text, ...)                                                                  \
  do {                                                                                             \
    opened refused_;                                                                               \
    assert_true(open_source(&refused_, __VA_ARGS__) < 0);                                          \
    assert_string_equal(refused_.error, text);                                                     \
    close_source(&refused_);                                                                       \
  } while (0)

#endif
