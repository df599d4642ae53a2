/* SPDX-License-Identifier: BSD-3-Clause */
/* Losses from a file, one line or one row of an array per round; or from a pipe, as they come. */
#include <config.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <thalweg/thalweg.h>

#include "kernels/data/file.h"
#include "kernels/data/npy.h"
#include "kernels/data/number.h"
#include "kernels/online/env.h"

struct recorded_params {
  const char *path;
  int32_t live;
  double scale;
};

static const thw_param params[] = {
    THW_PARAM_PATH(struct recorded_params, path, NULL, THW_P_REQUIRED,
                   "Losses: text with one round a line, or a NumPy array of rounds by coordinates; "
                   "gzip is unpacked."),
    THW_PARAM_BOOL(struct recorded_params, live, 0,
                   "Read lines from path (a named pipe) when they come, after the decision of the "
                   "round has been written to decisions.jsonl."),
    THW_PARAM_REAL(struct recorded_params, scale, 1.0, 0.0, THW_NO_BOUND,
                   THW_P_MIN_OPEN | THW_P_LOG, NULL, "All losses are multiplied by it."),
};

typedef struct recorded {
  on_env e;
  const struct recorded_params *p;
  const thw_linear_facts *oracle;
  int64_t n, rounds;
  td_file file;
  npy_array array;
  int is_array;
  int64_t *line, *offset; /* of each round: its line, where it begins                        */
  int64_t room_line, room_offset;
  int64_t *at; /* coordinate of each column; NULL: column i is coordinate i        */
  FILE *live;
  char *text; /* of the live line; getline's */
  size_t text_room;
  int64_t live_line;
} recorded;

static void destroy(void *self) {
  recorded *s = self;
  on_env e = s->e;
  td_file_free(&s->file);
  if (s->live) fclose(s->live);
  free(s->text);
  on_free(e, s->line);
  on_free(e, s->offset);
  on_free(e, s->at);
  on_free(e, s);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  recorded *s = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  s->p = params_;
  *self = s;
  return THW_OK;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int is_gap(char c) {
  return c == ' ' || c == '\t' || c == ',' || c == ';' || c == '\r';
}

static const char *skip_gaps(const char *p) {
  while (is_gap(*p)) p++;
  return p;
}

static int is_blank(const char *p) {
  p = skip_gaps(p);
  return *p == '\n' || *p == '\0' || *p == '#';
}

static thw_status wrong_count(recorded *s, int64_t line, int64_t found) {
  return on_fail(
      s->e, THW_E_FORMAT,
      "%s:%lld: expected %lld losses, one for each coordinate of the oracle, found %s%lld",
      s->p->path, (long long)line, (long long)s->n, found > s->n ? "more than " : "",
      (long long)(found > s->n ? s->n : found));
}

static thw_status parse(recorded *s, const char *p, int64_t line, double *f) {
  int64_t k = 0;
  for (p = skip_gaps(p); *p && *p != '\n' && *p != '#'; p = skip_gaps(p), k++) {
    double v;
    const char *end = td_number(p, &v);
    if (!end || !(is_gap(*end) || *end == '\n' || *end == '\0') || !isfinite(v))
      return on_fail(s->e, THW_E_FORMAT, "%s:%lld: a finite number is expected, found \"%.*s\"",
                     s->p->path, (long long)line, (int)strcspn(p, " \t,;\r\n"), p);
    if (k == s->n) return wrong_count(s, line, k + 1);
    f[s->at ? s->at[k] : k] = s->p->scale * v;
    p = end;
  }
  return k == s->n ? THW_OK : wrong_count(s, line, k);
}

/* ---- names of columns ------------------------------------------------------------------------ */

static int64_t coordinate(const recorded *s, const char *name, size_t n) {
  for (int64_t i = 0; s->oracle->name && i < s->n; i++)
    if (strlen(s->oracle->name[i]) == n && memcmp(s->oracle->name[i], name, n) == 0) return i;
  return -1;
}

/* A first line that is no numbers names the coordinates, in any order; names that hold commas are
 * in quotes. */
static thw_status header(recorded *s, const char *p, int64_t line) {
  int64_t k = 0;
  THW_TRY(ON_NEW(s->e, s->at, s->n));
  for (int64_t i = 0; i < s->n; i++) s->at[i] = -1;
  for (p = skip_gaps(p); *p && *p != '\n'; p = skip_gaps(p), k++) {
    int quoted = *p == '"';
    p += quoted;
    size_t n = quoted ? strcspn(p, "\"\n") : strcspn(p, " \t,;\r\n");
    int64_t i = coordinate(s, p, n);
    if (i < 0)
      return on_fail(s->e, THW_E_FORMAT,
                     "%s:%lld: column \"%.*s\" is no coordinate of the oracle, whose first is "
                     "\"%s\"",
                     s->p->path, (long long)line, (int)n, p,
                     s->oracle->name ? s->oracle->name[0] : "without a name");
    for (int64_t j = 0; j < k; j++)
      if (s->at[j] == i)
        return on_fail(s->e, THW_E_FORMAT, "%s:%lld: column \"%.*s\" is there twice", s->p->path,
                       (long long)line, (int)n, p);
    if (k == s->n) return wrong_count(s, line, k + 1);
    s->at[k] = i;
    p += n + (quoted && p[n] == '"');
  }
  return k == s->n ? THW_OK : wrong_count(s, line, k);
}

static int is_header(const char *p) {
  double v;
  p = skip_gaps(p);
  const char *end = td_number(p, &v);
  return !end || !(is_gap(*end) || *end == '\n' || *end == '\0');
}

/* ---- beginning ------------------------------------------------------------------------------- */

static thw_status scan_text(recorded *s) {
  const char *p = s->file.p, *end = p + s->file.n;
  int64_t line = 1;
  for (int first = 1; p < end; line++) {
    if (!is_blank(p)) {
      if (first && is_header(p)) {
        THW_TRY(header(s, p, line));
      } else {
        THW_TRY(ON_GROW(s->e, s->line, s->room_line, s->rounds + 1));
        THW_TRY(ON_GROW(s->e, s->offset, s->room_offset, s->rounds + 1));
        s->line[s->rounds] = line;
        s->offset[s->rounds++] = p - s->file.p;
      }
      first = 0;
    }
    while (p < end && *p != '\n') p++;
    p++;
  }
  if (s->rounds > 0) return THW_OK;
  return on_fail(s->e, THW_E_FORMAT, "%s: there is no round in it", s->p->path);
}

static thw_status scan_array(recorded *s) {
  char why[128] = "";
  if (npy_parse(s->file.p, s->file.n, &s->array, why, sizeof why) != 0)
    return on_fail(s->e, THW_E_FORMAT, "%s: %s", s->p->path, why);
  if (s->array.n_dims != 2 || s->array.dims[1] != s->n)
    return on_fail(s->e, THW_E_FORMAT,
                   "%s: expected an array of rounds by %lld coordinates, found %d dimensions%s",
                   s->p->path, (long long)s->n, s->array.n_dims,
                   s->array.n_dims == 2 ? " and another number of columns" : "");
  s->is_array = 1;
  s->rounds = s->array.dims[0];
  return THW_OK;
}

static thw_status start(void *self, const thw_game *game) {
  recorded *s = self;
  s->n = game->n;
  s->oracle = game->oracle;
  s->rounds = 0;
  if (s->p->live) {
    s->rounds = -1;
    return THW_OK;
  }
  td_file_free(&s->file);
  THW_TRY(td_file_read((td_env){s->e.host, s->e.ctx}, s->p->path, &s->file));
  if (s->file.n > 6 && memcmp(s->file.p, "\x93NUMPY", 6) == 0) return scan_array(s);
  return scan_text(s);
}

static thw_status facts(void *self, thw_rounds_facts *out) {
  const recorded *s = self;
  out->rounds = s->rounds;
  if (s->p->live) out->flags = THW_ROUNDS_LIVE;
  return THW_OK;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* Opening a pipe waits for somebody to write into it. */
static thw_status next_live(recorded *s, double *f) {
  if (!s->live) s->live = fopen(s->p->path, "r");
  if (!s->live)
    return on_fail(s->e, THW_E_IO, "%s: cannot be read: %s", s->p->path, strerror(errno));
  for (;;) {
    if (getline(&s->text, &s->text_room, s->live) < 0) {
      if (s->e.host->cancelled(s->e.ctx)) return THW_CANCELLED;
      return THW_DONE;
    }
    s->live_line++;
    if (is_blank(s->text)) continue;
    if (s->at || !is_header(s->text)) return parse(s, s->text, s->live_line, f);
    THW_TRY(header(s, s->text, s->live_line));
  }
}

static thw_status loss(void *self, const thw_past *past, double *f) {
  recorded *s = self;
  if (s->p->live) return next_live(s, f);
  if (past->t >= s->rounds) return THW_DONE;
  if (!s->is_array) return parse(s, s->file.p + s->offset[past->t], s->line[past->t], f);
  npy_rows_f64(&s->array, past->t, 1, f);
  for (int64_t i = 0; i < s->n; i++) f[i] *= s->p->scale;
  return THW_OK;
}

/* The names that a live writer has put first will not come again. */
static thw_status save(void *self, thw_writer *w) {
  recorded *s = self;
  int named = s->p->live && s->at;
  THW_TRY(w->i64(w, "named", named));
  return named ? w->blob(w, "columns", s->at, (size_t)s->n * sizeof *s->at) : THW_OK;
}

static thw_status load(void *self, thw_reader *r) {
  recorded *s = self;
  int64_t named;
  size_t n = (size_t)s->n * sizeof *s->at;
  THW_TRY(r->i64(r, "named", &named));
  if (!named) return THW_OK;
  THW_TRY(ON_NEW(s->e, s->at, s->n));
  THW_TRY(r->blob(r, "columns", s->at, &n));
  for (int64_t i = 0; i < s->n; i++)
    if (s->at[i] < 0 || s->at[i] >= s->n) return THW_E_STATE;
  return n == (size_t)s->n * sizeof *s->at ? THW_OK : THW_E_STATE;
}

static const void *ext(void *self, const char *id) {
  static const thw_ext_state table = {
      .size = sizeof(thw_ext_state), .version = 1, .save = save, .load = load};
  (void)self;
  return strcmp(id, THW_EXT_STATE) == 0 ? &table : NULL;
}

static const char *const offers[] = {THW_EXT_STATE, NULL};

static const thw_rounds_ops ops = {
    .size = sizeof(thw_rounds_ops), .start = start, .facts = facts, .loss = loss};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_ROUNDS),
    .id = "recorded",
    .version = PACKAGE_VERSION,
    .summary = "losses recorded in a file, or coming from a pipe",
    .doc = "Text has one round a line: a number for each coordinate of the oracle, separated by "
           "commas, semicolons or blanks; empty lines and what follows a # are left out. A first "
           "line of names puts the columns in the oracle's order: edges, nodes, sets by the names "
           "that the instance gives them. A NumPy array has rounds as rows.\n\n"
           "With live = true the path is a pipe: the decision of each round stands in "
           "decisions.jsonl before its losses are read, so that whoever acts on the decision can "
           "answer with what it cost. The state is saved after every such round; when the writer "
           "closes the pipe the run ends.",
    .reference = NULL,
    THW_PARAMS(params, struct recorded_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "recorded",  .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
