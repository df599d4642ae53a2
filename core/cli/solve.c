/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg solve: a linear oracle asked once, without rounds and learner. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <thalweg/rounds.h>

#include "core/cli/command.h"
#include "core/file.h"
#include "core/online/linear.h"
#include "core/online/plain.h"
#include "core/run/run.h"
#include "core/run/signals.h"

/* Parts of a decision that are shown; the rest goes to the file. */
#define SHOWN 24

typedef struct solve_args {
  tw_pipeline_args a;
  const char *round, *effort, *out;
  int json;
} solve_args;

typedef struct question {
  tw_plan *plan;
  tw_session session;
  tw_linear *linear;
  const thw_linear_facts *facts;
  const char *oracle;
  int64_t round, effort; /* round: 0, the instance's own costs where there are any */
  double *c;
  char *costs; /* which they are, in words */
  thw_linear_answer answer;
  double seconds;
  tw_diags *d;
} question;

static thw_status whole(const char *option, const char *text, int64_t least, int64_t most,
                        int64_t *v, tw_diags *d) {
  char *end;
  if (!text) return THW_OK;
  long long got = strtoll(text, &end, 10);
  *v = got;
  if (*text && !*end && got >= least && got <= most) return THW_OK;
  return tw_error(d, THW_E_ARG, "%s: expected a whole number from %lld to %lld, found \"%s\"",
                  option, (long long)least, (long long)most, text);
}

static thw_status explain(question *q, thw_status st, const char *doing) {
  char *text = tw_plan_text(q->plan, st);
  tw_error(q->d, st, "%s: %s", doing, text);
  free(text);
  return st;
}

/* ---- the costs ------------------------------------------------------------------------------- */

static thw_status ask_rounds(question *q, const tw_node *rounds, const thw_game *game, double *f) {
  const thw_rounds_ops *ops = rounds->raw.ops;
  thw_rounds_facts facts = {.size = sizeof facts, .rounds = -1};
  facts.norm = facts.norm1 = facts.norminf = (double)NAN;
  THW_TRY(ops->start(rounds->raw.self, game));
  THW_TRY(ops->facts(rounds->raw.self, &facts));
  if (q->round > 1 && (facts.flags & THW_ROUNDS_WATCH))
    return tw_error(q->d, THW_E_ARG, "--round %lld: what %s does then depends on what was played",
                    (long long)q->round, rounds->found->component->id);
  thw_status st = THW_OK;
  for (int64_t t = 0; t < q->round && st == THW_OK; t++) {
    thw_past past = {.size = sizeof past, .t = t};
    st = ops->loss(rounds->raw.self, &past, f);
    if (st == THW_DONE)
      return tw_error(q->d, THW_E_ARG, "--round %lld: there are only %lld rounds",
                      (long long)q->round, (long long)t);
  }
  return st;
}

static thw_status costs_of_round(question *q, const tw_node *rounds) {
  const tw_options *o = tw_plan_options(q->plan);
  thw_game game = {.size = sizeof game,
                   .sense = q->facts->sense,
                   .n = q->facts->n,
                   .horizon = o->stop.rounds,
                   .oracle = q->facts};
  game.loss_norm = game.loss_norm1 = game.loss_norminf = (double)NAN;
  size_t errors = q->d->errors;
  thw_status st = ask_rounds(q, rounds, &game, q->c);
  if (st != THW_OK) return q->d->errors > errors ? st : explain(q, st, rounds->path);
  q->costs = tw_sprintf("round %lld of %s", (long long)q->round, rounds->found->component->id);
  return THW_OK;
}

static const char *name_of(const question *q, int64_t i, char room[32]) {
  if (q->facts->name && q->facts->name[i]) return q->facts->name[i];
  snprintf(room, 32, "%lld", (long long)i);
  return room;
}

static thw_status check_costs(const question *q) {
  const thw_linear_facts *f = q->facts;
  char room[32];
  for (int64_t i = 0; i < f->n; i++) {
    if (isfinite(q->c[i]) && (q->c[i] >= 0 || (f->free_sign && f->free_sign[i]))) continue;
    return tw_error(q->d, THW_E_ARG,
                    "the %s of %s is %g (%s): %s takes finite ones that are not negative",
                    f->sense == THW_REWARD ? "reward" : "cost", name_of(q, i, room), q->c[i],
                    q->costs, q->oracle);
  }
  return THW_OK;
}

static thw_status take_costs(question *q) {
  const tw_node *rounds = tw_plan_node(q->plan, "rounds");
  if (q->round > 0 && !rounds)
    return tw_error(q->d, THW_E_ARG,
                    "--round %lld: the pipeline has no rounds: write rounds: { type = ...; }",
                    (long long)q->round);
  if (!q->facts->own && !rounds)
    return tw_error(q->d, THW_E_ARG,
                    "%s has no costs of its own: write rounds: { type = \"recorded\"; path = "
                    "...; }, whose first line is taken",
                    q->oracle);
  q->c = tw_calloc((size_t)q->facts->n, sizeof *q->c);
  if (q->round > 0 || !q->facts->own) {
    if (q->round == 0) q->round = 1;
    THW_TRY(costs_of_round(q, rounds));
  } else {
    memcpy(q->c, q->facts->own, (size_t)q->facts->n * sizeof *q->c);
    q->costs = tw_strdup("the instance's own");
  }
  return check_costs(q);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static thw_status ask(question *q) {
  thw_linear_query query = {.size = sizeof query, .effort = (uint32_t)q->effort, .c = q->c};
  q->answer = (thw_linear_answer){sizeof q->answer, 0, NULL, (double)NAN, (double)NAN};
  double began = now();
  thw_status st = thw_linear_solve(tw_linear_object(q->linear), &query, &q->answer);
  q->seconds = now() - began;
  if (st != THW_OK) return explain(q, st, q->oracle);
  return THW_OK;
}

/* What is proved of this answer: value over bound; costs at least 1, rewards at most 1. */
static double achieved(const question *q) {
  const thw_linear_answer *a = &q->answer;
  if (!isfinite(a->bound)) return (double)NAN;
  if (a->bound == a->value) return 1;
  return a->bound != 0 && (a->value > 0) == (a->bound > 0) ? a->value / a->bound : (double)NAN;
}

static void print_text(const question *q, const json_t *decision, const char *out) {
  const thw_linear_facts *f = q->facts;
  double sign = f->sense == THW_REWARD ? -1 : 1, alpha = achieved(q);
  const char *what = sign < 0 ? "reward" : "cost";
  printf("%s: %lld coordinates; %ss: %s\n", q->oracle, (long long)f->n, what, q->costs);
  printf("%s %.10g", what, sign * q->answer.value);
  if (isfinite(q->answer.bound))
    printf(", proved: no decision has %s than %.10g", sign < 0 ? "more" : "less",
           sign * q->answer.bound);
  printf("\nalpha ");
  if (isfinite(alpha)) printf("%.6g here", alpha);
  if (isfinite(f->factor))
    printf("%s%.6g %s", isfinite(alpha) ? ", " : "", f->factor,
           f->flags & THW_LINEAR_PROVEN ? "promised on every call" : "promised in expectation");
  if (!isfinite(alpha) && !isfinite(f->factor)) printf("unknown");
  printf("\n%.3f seconds\n", q->seconds);
  if (out) {
    printf("decision: %zu parts, written to %s\n", json_array_size(decision), out);
    return;
  }
  printf("decision:");
  for (size_t i = 0; i < json_array_size(decision) && i < SHOWN; i++) {
    const json_t *p = json_array_get(decision, i);
    if (json_is_array(p))
      printf(" %s:%.10g", json_string_value(json_array_get(p, 0)),
             json_number_value(json_array_get(p, 1)));
    else
      printf(" %s", json_string_value(p));
  }
  if (json_array_size(decision) > SHOWN)
    printf(" ... %zu parts in all: --out FILE writes them", json_array_size(decision));
  putchar('\n');
}

static json_t *as_json(const question *q, json_t *decision) {
  const thw_linear_facts *f = q->facts;
  int reward = f->sense == THW_REWARD;
  double sign = reward ? -1 : 1;
  json_t *o = json_object();
  json_object_set_new(o, "oracle", json_string(q->oracle));
  json_object_set_new(o, "coordinates", json_integer(f->n));
  json_object_set_new(o, reward ? "rewards" : "costs", json_string(q->costs));
  json_object_set_new(o, reward ? "reward" : "cost", tw_json_real(sign * q->answer.value));
  json_object_set_new(o, "bound", tw_json_real(sign * q->answer.bound));
  json_object_set_new(o, "alpha", tw_json_real(achieved(q)));
  json_object_set_new(o, "alpha_promised", tw_json_real(f->factor));
  json_object_set_new(o, "proven", json_boolean(f->flags & THW_LINEAR_PROVEN));
  json_object_set_new(o, "seconds", tw_json_real(q->seconds));
  json_object_set(o, "decision", decision);
  return o;
}

/* One part a line; an amount that is not 1 follows after a tab. */
static thw_status write_parts(const question *q, const json_t *decision, const char *file) {
  tw_out out;
  THW_TRY(tw_out_open(&out, file, q->d));
  for (size_t i = 0; i < json_array_size(decision); i++) {
    const json_t *p = json_array_get(decision, i);
    if (json_is_array(p))
      fprintf(out.f, "%s\t%.17g\n", json_string_value(json_array_get(p, 0)),
              json_number_value(json_array_get(p, 1)));
    else
      fprintf(out.f, "%s\n", json_string_value(p));
  }
  return tw_out_commit(&out, q->d);
}

static thw_status deliver(const question *q, const solve_args *args) {
  json_t *decision = tw_decision_json(q->answer.x, q->facts);
  thw_status st = args->out ? write_parts(q, decision, args->out) : THW_OK;
  if (st == THW_OK && args->json) {
    json_t *o = as_json(q, decision);
    json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    putchar('\n');
    json_decref(o);
  } else if (st == THW_OK) {
    print_text(q, decision, args->out);
  }
  json_decref(decision);
  return st;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static thw_status begin(question *q) {
  const tw_options *o = tw_plan_options(q->plan);
  tw_session_init(&q->session, (uint64_t)o->run.seed, o->run.precision ? THW_F64 : THW_F32,
                  (int)o->run.threads);
  THW_TRY(tw_setup_need(q->plan, "oracle", q->d));
  tw_signals_catch(&q->session);
  THW_TRY(tw_plan_create(q->plan, &q->session, q->d));
  const tw_node *n = tw_plan_node(q->plan, "oracle");
  q->oracle = n->found->component->id;
  thw_status st = tw_linear_new(&q->session, n->ctx, &n->raw, o->monitor.check, &q->linear);
  if (st != THW_OK) return explain(q, st, n->path);
  q->facts = tw_linear_facts(q->linear);
  return THW_OK;
}

static int with_plan(question *q, const solve_args *args) {
  thw_status st = begin(q);
  if (st == THW_OK) st = take_costs(q);
  int status = tw_exit_of_input(st);
  if (st == THW_OK) {
    st = ask(q);
    if (st == THW_OK) st = deliver(q, args);
    status = st == THW_OK ? TW_EXIT_OK : tw_exit_of(st);
  }
  thw_release(q->answer.x);
  tw_linear_forget(q->linear);
  tw_plan_free(q->plan);
  tw_linear_free(q->linear);
  tw_signals_release();
  free(q->c);
  free(q->costs);
  return status;
}

static int go(const solve_args *args, tw_diags *d) {
  question q = {.d = d};
  if (whole("--round", args->round, 1, INT32_MAX, &q.round, d) != THW_OK ||
      whole("--effort", args->effort, 0, 30, &q.effort, d) != THW_OK)
    return TW_EXIT_USAGE;
  tw_value *config = tw_cli_config(&args->a, d);
  if (!config) return TW_EXIT_USAGE;
  tw_registry *registry = tw_cli_registry(&args->a, d);
  q.plan = tw_plan_for(TW_PLAN_SOLVE, config, registry, d);
  int status = q.plan ? with_plan(&q, args) : TW_EXIT_USAGE;
  tw_registry_free(registry);
  tw_config_free(config);
  return status;
}

static int solve(int argc, char **argv) {
  solve_args s = {0};
  tw_diags d = {0};
  const tw_cli_option options[] = {
      {.name = "--set", .list = &s.a.sets, .n_list = &s.a.n_sets},
      {.name = "--plugin-path", .list = &s.a.plugin_dirs, .n_list = &s.a.n_plugin_dirs},
      {.name = "--round", .value = &s.round},
      {.name = "--effort", .value = &s.effort},
      {.name = "--out", .value = &s.out},
      {.name = "--json", .flag = &s.json},
  };
  thw_status st = tw_cli_parse(argc, argv, options, sizeof options / sizeof options[0], &s.a.files,
                               &s.a.n_files, &d);
  if (st == THW_OK && s.a.n_files == 0 && s.a.n_sets == 0)
    st = tw_error(&d, THW_E_ARG, "solve needs a pipeline file: thalweg solve FILE...");
  int status = st == THW_OK ? go(&s, &d) : TW_EXIT_USAGE;
  free((void *)s.a.files);
  free((void *)s.a.sets);
  free((void *)s.a.plugin_dirs);
  tw_diags_print(&d);
  return status;
}

const tw_command tw_cmd_solve = {
    .name = "solve",
    .usage = "FILE... [--set PATH=VALUE]... [--round T] [--effort K] [--out FILE] [--json] "
             "[--plugin-path DIR]...",
    .summary = "ask the linear oracle of an online pipeline once",
    .help = "FILE               pipeline files, each laid over the ones before it; rounds and\n"
            "                   learner may be missing\n"
            "--set PATH=VALUE   set one value, over all files; may be repeated\n"
            "--round T          take the costs of round T of the pipeline's rounds; otherwise the\n"
            "                   instance's own, or where it has none those of round 1\n"
            "--effort K         try about 2^K times as hard (default 0)\n"
            "--out FILE         write the parts of the decision to FILE, one a line\n"
            "--json             print all as JSON\n"
            "--plugin-path DIR  look for plugins in DIR first; may be repeated\n",
    .run = solve,
};
