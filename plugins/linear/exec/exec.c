/* SPDX-License-Identifier: BSD-3-Clause */
/* The user's own solver: an external program that is asked and answers by lines through pipes. */
#include <config.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <thalweg/thalweg.h>

#include "kernels/online/sparse.h"
#include "plugins/linear/exec/child.h"
#include "plugins/linear/exec/lines.h"

/* Longest line before the number of coordinates is known; of names always. */
#define SHORT_LINE 4096

struct exec_params {
  const char *command, *folder;
  double timeout;
  int64_t restarts;
  int32_t fresh;
};

static const thw_param params[] = {
    THW_PARAM_STR(struct exec_params, command, NULL, THW_P_REQUIRED,
                  "The program and its arguments, \"python3 solver.py graph.txt\"; quotes keep "
                  "blanks, no shell is involved."),
    THW_PARAM_PATH(struct exec_params, folder, ".", 0,
                   "Where the program is started: names of files in command are seen from there."),
    THW_PARAM_REAL(struct exec_params, timeout, 60.0, 0.0, 1e6, THW_P_MIN_OPEN, "seconds",
                   "How long an answer may take."),
    THW_PARAM_INT(struct exec_params, restarts, 1, 0, 1000, NULL,
                  "How often the program is started again and asked once more when it has died, "
                  "hangs or writes what is no answer, before the run stops."),
    THW_PARAM_BOOL(struct exec_params, fresh, 0,
                   "Start the program anew for each question: for solvers that cannot answer "
                   "twice."),
};

static const thw_slot slots_[] = {
    {"reference", THW_LINEAR, 0, NULL,
     "an oracle of the same decisions, by which monitor.check = true tries the answers"},
};

typedef struct solver {
  on_env e;
  const struct exec_params *p;
  child c;
  exec_ready ready;
  on_pool *pool;
  const char **name;
  char *names; /* of all, one behind the other */
  int64_t names_used, names_room;
  char *query;
  double *x; /* the answer, all coordinates */
  double *value;
  int32_t *index;
  const thw_linear_ops *reference; /* or NULL */
  void *reference_self;
  int64_t restarts;
} solver;

/* ---- the beginning of a conversation --------------------------------------------------------- */

static child_end broken(solver *s, const char *what, const exec_fault *f) {
  snprintf(s->c.why, sizeof s->c.why, "line %lld of it: %s%s", (long long)s->c.line, what, f->text);
  return CHILD_BROKEN;
}

static child_end read_names(solver *s, int64_t n, int keep) {
  char *line;
  exec_fault none = {""};
  for (int64_t i = 0; i < n; i++) {
    child_end r = child_line(&s->c, s->p->timeout, SHORT_LINE, &line);
    if (r != CHILD_OK) return r;
    size_t len = strlen(line);
    if (strncmp(line, "name ", 5) != 0 || len == 5)
      return broken(s, "expected \"name <text>\", one for each coordinate", &none);
    if (!keep) continue;
    len -= 4;
    if (ON_GROW(s->e, s->names, s->names_room, s->names_used + (int64_t)len) != THW_OK)
      return CHILD_NOMEM;
    memcpy(s->names + s->names_used, line + 5, len);
    s->names_used += (int64_t)len;
  }
  return CHILD_OK;
}

static int same(double a, double b) {
  return a == b || (isnan(a) && isnan(b));
}

/* hello and ready. The first time its answer is taken, later it must say the same. */
static child_end greet(solver *s) {
  exec_ready r;
  exec_fault f = {""};
  char *line;
  int first = s->ready.n == 0;
  child_end got = child_start(&s->c);
  if (got == CHILD_OK) got = child_send(&s->c, "hello 1\n", 8, s->p->timeout);
  if (got == CHILD_OK) got = child_line(&s->c, s->p->timeout, SHORT_LINE, &line);
  if (got != CHILD_OK) return got;
  if (exec_read_ready(line, &r, &f) != 0) return broken(s, "", &f);
  if (!first &&
      (r.n != s->ready.n || r.sense != s->ready.sense || !same(r.factor, s->ready.factor) ||
       !same(r.norm, s->ready.norm) || r.binary != s->ready.binary || r.names != s->ready.names))
    return broken(s, "started again it says something else about itself", &f);
  got = r.names ? read_names(s, r.n, first) : CHILD_OK;
  if (got == CHILD_OK) s->ready = r;
  return got;
}

/* ---- questions ------------------------------------------------------------------------------- */

static int64_t longest_line(const solver *s) {
  return SHORT_LINE + 64 * s->ready.n;
}

/* One attempt. *said: the solver's own words why it has no answer. */
static child_end attempt(solver *s, uint64_t id, size_t n, double *bound, const char **said) {
  exec_fault f = {""};
  char *line;
  child_end got = s->c.pid ? CHILD_OK : greet(s);
  if (got == CHILD_OK) got = child_send(&s->c, s->query, n, s->p->timeout);
  if (got == CHILD_OK) got = child_line(&s->c, s->p->timeout, longest_line(s), &line);
  if (got != CHILD_OK) return got;
  if ((*said = exec_read_error(line))) return CHILD_OK;
  if (exec_read_point(line, id, &s->ready, s->x, bound, &f) != 0) return broken(s, "", &f);
  return CHILD_OK;
}

static thw_status give_up(solver *s, uint64_t id, const char *why) {
  return on_fail(s->e, THW_E_IO, "question %llu to `%s': %s", (unsigned long long)id, s->p->command,
                 why);
}

static thw_status ask(solver *s, uint64_t id, const double *c, double *bound) {
  size_t n = exec_write_query(s->query, id, s->ready.n, c);
  const char *said = NULL;
  for (int64_t tries = 0;; tries++) {
    child_end got = attempt(s, id, n, bound, &said);
    if (got == CHILD_OK) break;
    child_stop(&s->c, 0);
    if (got == CHILD_CANCELLED) return THW_CANCELLED;
    if (got == CHILD_NOMEM) return THW_E_NOMEM;
    if (tries >= s->p->restarts) return give_up(s, id, s->c.why);
    char text[800];
    snprintf(text, sizeof text, "question %llu to `%s': %s: it is started again",
             (unsigned long long)id, s->p->command, s->c.why);
    s->e.host->log(s->e.ctx, THW_LOG_WARN, text);
    s->restarts++;
  }
  if (said) {
    char text[400], room[80];
    snprintf(text, sizeof text, "line %lld of it: it has no answer: \"%s\"", (long long)s->c.line,
             child_quote(said, room));
    return give_up(s, id, text);
  }
  if (s->p->fresh) child_stop(&s->c, 1);
  return THW_OK;
}

/* A bound that the answer itself refutes is wrong. */
static thw_status check_bound(solver *s, uint64_t id, const double *c, double bound) {
  double value = 0;
  if (isnan(bound)) return THW_OK;
  for (int64_t i = 0; i < s->ready.n; i++) value += c[i] * s->x[i];
  double slack = 1e-9 * (fabs(value) + fabs(bound));
  int cost = s->ready.sense == THW_COST;
  if (cost ? bound <= value + slack : bound >= value - slack) return THW_OK;
  return on_fail(
      s->e, THW_E_INTERNAL,
      "question %llu to `%s': line %lld of it: it gives %.17g as a bound on all answers, "
      "and its own has %.17g",
      (unsigned long long)id, s->p->command, (long long)s->c.line, bound, value);
}

static thw_status solve(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  solver *s = self;
  double bound = (double)NAN;
  int64_t k = 0;
  THW_TRY(ask(s, q->call, q->c, &bound));
  THW_TRY(check_bound(s, q->call, q->c, bound));
  for (int64_t i = 0; i < s->ready.n; i++) {
    if (s->x[i] == 0) continue;
    s->index[k] = (int32_t)i;
    s->value[k++] = s->x[i];
  }
  out->bound = s->ready.sense == THW_COST ? bound : -bound;
  return on_sparse_new(s->pool, k, s->index, s->value, &out->x);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void destroy(void *self) {
  solver *s = self;
  on_env e = s->e;
  if (s->c.pid) child_send(&s->c, "quit\n", 5, 0.1);
  child_free(&s->c);
  void *all[] = {s->name, s->names, s->query, s->x, s->value, s->index};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) on_free(e, all[i]);
  on_pool_free(s->pool);
  on_free(e, s);
}

static thw_status make_room(solver *s) {
  int64_t n = s->ready.n;
  THW_TRY(ON_NEW(s->e, s->query, EXEC_QUERY_ROOM(n)));
  THW_TRY(ON_NEW(s->e, s->x, n));
  THW_TRY(ON_NEW(s->e, s->value, n));
  THW_TRY(ON_NEW(s->e, s->index, n));
  if (s->ready.names) {
    THW_TRY(ON_NEW(s->e, s->name, n));
    const char *p = s->names;
    for (int64_t i = 0; i < n; i++, p += strlen(p) + 1) s->name[i] = p;
  }
  return on_pool_new(s->e, n, n, s->name, s->ready.sense == THW_COST ? 1 : -1, &s->pool);
}

static thw_status take_reference(solver *s, const thw_object *o) {
  thw_linear_facts f = {.size = sizeof f};
  if (!o->ops) return THW_OK;
  s->reference = o->ops;
  s->reference_self = o->self;
  THW_TRY(thw_linear_facts_of(o, &f));
  if (f.n == s->ready.n && f.sense == s->ready.sense) return THW_OK;
  return on_fail(s->e, THW_E_ARG,
                 "reference decides about %lld coordinates as a %s, `%s' about %lld as a %s",
                 (long long)f.n, f.sense == THW_COST ? "cost" : "reward", s->p->command,
                 (long long)s->ready.n, s->ready.sense == THW_COST ? "cost" : "reward");
}

static thw_status begin(solver *s, const thw_object *reference) {
  THW_TRY(child_command(&s->c, s->e, s->p->command, s->p->folder));
  child_end got = greet(s);
  if (got == CHILD_CANCELLED) return THW_CANCELLED;
  if (got == CHILD_NOMEM) return THW_E_NOMEM;
  if (got != CHILD_OK)
    return on_fail(s->e, THW_E_FORMAT, "`%s': %s; it was sent \"hello 1\"", s->p->command,
                   s->c.why);
  THW_TRY(make_room(s));
  return take_reference(s, reference);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  solver *s = NULL;
  (void)me;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  s->p = params_;
  thw_status st = begin(s, &slots->object[0]);
  if (st != THW_OK) {
    destroy(s);
    return st;
  }
  *self = s;
  return THW_OK;
}

static thw_status facts(void *self, thw_linear_facts *out) {
  const solver *s = self;
  double n = (double)s->ready.n;
  out->flags = THW_LINEAR_OUTSIDE | (isnan(s->ready.factor) ? 0 : THW_LINEAR_PROVEN) |
               (s->ready.any_sign ? 0 : THW_LINEAR_ORTHANT);
  out->sense = s->ready.sense;
  out->n = s->ready.n;
  out->factor = s->ready.factor;
  out->norm = s->ready.norm;
  if (s->ready.binary) {
    out->norm = isnan(s->ready.norm) ? sqrt(n) : s->ready.norm;
    out->norm1 = n;
    out->norminf = 1;
  }
  out->name = s->name;
  return THW_OK;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  (void)self;
  return on_sparse_pack(x, p, n);
}
static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  return on_sparse_unpack(((solver *)self)->pool, p, n, out);
}

static thw_status exact(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  solver *s = self;
  if (!s->reference || !THW_HAS(thw_linear_ops, s->reference, exact) || !s->reference->exact)
    return THW_E_UNSUPPORTED;
  return s->reference->exact(s->reference_self, q, out);
}

static thw_status feasible(void *self, const thw_decision *x) {
  solver *s = self;
  if (!s->reference || !THW_HAS(thw_linear_ops, s->reference, feasible) || !s->reference->feasible)
    return THW_OK;
  return s->reference->feasible(s->reference_self, x);
}

static thw_status report(void *self, thw_sink *sink) {
  const solver *s = self;
  sink->real(sink, "restarts", (double)s->restarts);
  return THW_OK;
}

static const void *ext(void *self, const char *id) {
  static const thw_ext_report table = {.size = sizeof(thw_ext_report), .report = report};
  (void)self;
  return strcmp(id, THW_EXT_REPORT) == 0 ? &table : NULL;
}

static const thw_linear_ops ops = {.size = sizeof(thw_linear_ops),
                                   .facts = facts,
                                   .solve = solve,
                                   .pack = pack,
                                   .unpack = unpack,
                                   .exact = exact,
                                   .feasible = feasible};

static const char *const offers[] = {THW_EXT_REPORT, NULL};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_LINEAR),
    .id = "exec",
    .version = PACKAGE_VERSION,
    .summary = "your own solver: an external program, asked by lines through pipes",
    .doc =
        "The program is started once, without a shell, and asked again and again through its "
        "standard input; it answers on its standard output, one line for each question. What it "
        "writes to the standard error goes where that of thalweg goes. Blanks separate words, "
        "numbers are decimal or as C's %a writes them:\n\n"
        "  thalweg: hello 1\n"
        "  solver:  ready 1 D cost|reward ALPHA|none [norm R] [binary] [signed] [names]\n"
        "  thalweg: query ID D C_1 ... C_D\n"
        "  solver:  point ID K I_1 X_1 ... I_K X_K [bound B]\n"
        "      or:  error ID TEXT\n"
        "  thalweg: quit\n\n"
        "D is the number of coordinates; answers list those that are not zero, numbered from 0. "
        "\"norm\": no decision is longer; \"binary\": all coordinates are 0 or 1; \"signed\": some "
        "may be negative; \"names\": D lines \"name TEXT\" follow, by which decisions are written "
        "down. A bound holds for all decisions: from below for a cost, from above for a reward.\n\n"
        "A program that dies, hangs, or writes anything else is started again and asked once more; "
        "then the run stops, with round, question and line, and goes on with `thalweg resume'. "
        "monitor.check = true compares every answer with the answers before it, and with a "
        "reference oracle where one is given. To run a pipeline with this oracle is to run the "
        "program that it names.",
    .reference = NULL,
    THW_PARAMS(params, struct exec_params),
    THW_SLOTS(slots_),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "exec",      .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
