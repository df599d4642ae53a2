/* SPDX-License-Identifier: BSD-3-Clause */
/* The groups of a pipeline file that are the host's own. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_tree.h"
#include "core/wire_plan.h"

#define AT(field) (uint32_t) offsetof(tw_options, field)
#define SWITCH(name_, field, dflt, help_)                                                          \
  {                                                                                                \
    .name = name_, .type = THW_P_BOOL, .offset = AT(field), .max = 1, .def_int = dflt,             \
    .help = help_                                                                                  \
  }
#define COUNT(name_, field, dflt, hi, unit_, help_)                                                \
  {                                                                                                \
    .name = name_, .type = THW_P_INT, .offset = AT(field), .max = hi, .def_int = dflt,             \
    .unit = unit_, .help = help_                                                                   \
  }
#define AMOUNT(name_, field, dflt, hi, flags_, unit_, help_)                                       \
  {                                                                                                \
    .name = name_, .type = THW_P_REAL, .flags = flags_, .offset = AT(field), .max = hi,            \
    .def_real = dflt, .unit = unit_, .help = help_                                                 \
  }

static const char *const precisions[] = {"single", "double", NULL};

static const thw_param run_params[] = {
    {.name = "name",
     .type = THW_P_STR,
     .offset = AT(run.name),
     .def_str = "run",
     .help = "Name of the run folder, runs/NAME-NNN: letters, digits, '.', '_' and '-'."},
    COUNT("seed", run.seed, 1, INFINITY, NULL,
          "Seed of every random stream; the same seed gives the same bits."),
    COUNT("threads", run.threads, 0, 4096, NULL,
          "Threads to use; 0: as many as OMP_NUM_THREADS says, else one per core. The results do "
          "not depend on it."),
    {.name = "precision",
     .type = THW_P_ENUM,
     .offset = AT(run.precision),
     .def_int = 1,
     .choices = precisions,
     .help = "Of data, points and gradients; sums are always accumulated in double."},
};

/* The pair (1e-4, 1e-2) is the classic one of second-order stationarity, delta = sqrt(L2 epsilon),
 * for L2 = 1, and within reach of single precision. */
static const thw_param stop_params[] = {
    AMOUNT("epsilon", stop.epsilon, 1e-4, INFINITY, THW_P_LOG, NULL,
           "The run ends when the norm of the full gradient is at most this (unless the optimizer "
           "looks for a local minimum itself, like neon2), and the verdict is about points of "
           "that kind; 0: the gradient does not end the run."),
    AMOUNT("delta", stop.delta, 1e-2, INFINITY, THW_P_LOG, NULL,
           "The verdict looks for directions of curvature below -delta; 0: it does not look at "
           "curvature."),
    AMOUNT("confidence", stop.confidence, 0.99, 1, THW_P_MIN_OPEN | THW_P_MAX_OPEN, NULL,
           "Probability with which the verdict's search would have found such a direction."),
    AMOUNT(
        "passes", stop.passes, 100, INFINITY, 0, "passes",
        "Budget in passes over the source: component gradients, values and Hessian-vector products "
        "of the method, divided by rows; 0: no limit."),
    COUNT("steps", stop.steps, 0, INFINITY, "steps", "Limit on steps of the optimizer; 0: none."),
    COUNT("rounds", stop.rounds, 0, INFINITY, "rounds",
          "Rounds of an online pipeline; 0: until the rounds or stop.seconds end it."),
    AMOUNT("seconds", stop.seconds, 0, INFINITY, 0, "seconds",
           "Limit on the time of the run; 0: none."),
    SWITCH("verdict", stop.verdict, 1,
           "Judge at the end whether the last point is an approximate local minimum."),
    AMOUNT("verdict_passes", stop.verdict_passes, 0, INFINITY, 0, "passes",
           "Budget of the verdict's own search, on top of passes; 0: no limit."),
};

static const thw_param monitor_params[] = {
    AMOUNT("every", monitor.every, 1, INFINITY, 0, "passes",
           "Passes between two records of metrics.jsonl; 0: a record after every step."),
    COUNT("batch", monitor.batch, 0, INFINITY, "rows",
          "Rows that a record is evaluated on; 0: all of them, of a stream 4096, of sequences as "
          "many as have 65,536 steps."),
    COUNT("probe_every", monitor.probe_every, 0, INFINITY, "records",
          "Records between two that ask the model for its own diagnostics, where it offers such; "
          "0: the first and the last record only."),
    SWITCH("test", monitor.test, 1, "Evaluate the further sets of the source at each record too."),
    COUNT(
        "rounds", monitor.rounds, 0, INFINITY, "rounds",
        "Online pipelines: rounds between two records; 0: records in rounds 1, 2, 3, ... that lie "
        "ever farther apart (2 % of the rounds before)."),
    SWITCH("decisions", monitor.decisions, 1,
           "Online pipelines: write the decision of every round to decisions.jsonl."),
    SWITCH("hindsight", monitor.hindsight, 1,
           "Online pipelines: ask the oracle at each record for the best fixed decision so far; "
           "without it only the end of the run knows its regret."),
    SWITCH("check", monitor.check, 0,
           "Online pipelines: check that every answer of the oracle is feasible and keeps its "
           "promise, where the oracle has a means to."),
};

static const thw_param watch_params[] = {
    {.name = "metric",
     .type = THW_P_STR,
     .offset = AT(watch.metric),
     .def_str = "",
     .help =
         "A number of the records: f, grad_norm, or a metric such as valid.error; empty: nothing "
         "is watched."},
    SWITCH("rises", watch.rises, 0, "It gets better by growing, as accuracy does."),
    AMOUNT("patience", watch.patience, 0, INFINITY, 0, "passes",
           "So long may it get no better than it was; 0: for ever."),
    COUNT("cuts", watch.cuts, 0, INFINITY, NULL,
          "So many times the end of patience cuts the step instead of ending the run."),
    AMOUNT("cut", watch.cut, 0.1, 1, THW_P_MIN_OPEN | THW_P_MAX_OPEN | THW_P_LOG, NULL,
           "What the step is multiplied by then."),
    {.name = "reach",
     .type = THW_P_REALS,
     .offset = AT(watch.reach),
     .min = -INFINITY,
     .max = INFINITY,
     .help = "A value that ends the run when it is reached, as [0.11]; empty: none."},
    SWITCH("keep_best", watch.keep_best, 0,
           "The run's last point is that of its best record, not that of its last step."),
};

static const thw_param checkpoint_params[] = {
    AMOUNT("every", checkpoint.every, 60, INFINITY, 0, "seconds",
           "Seconds between two checkpoints; 0: one after every step."),
};

#define GROUP(name_, params_, help_)                                                               \
  { name_, help_, params_, sizeof(params_) / sizeof((params_)[0]) }

const tw_option_group tw_option_groups[] = {
    GROUP("run", run_params, "what holds for the whole run"),
    GROUP("stop", stop_params, "when the run ends, and what is judged then"),
    GROUP("monitor", monitor_params, "what is recorded on the way"),
    GROUP("watch", watch_params,
          "a number of the records that cuts the step, or ends the run early"),
    GROUP("checkpoint", checkpoint_params, "how often the state is saved, for resume"),
};
const size_t tw_n_option_groups = sizeof tw_option_groups / sizeof tw_option_groups[0];

const tw_option_group *tw_option_group_find(const char *name) {
  for (size_t i = 0; i < tw_n_option_groups; i++)
    if (strcmp(tw_option_groups[i].name, name) == 0) return &tw_option_groups[i];
  return NULL;
}

/* The name becomes part of a folder's. */
static void check_name(const tw_plan *p, tw_diags *d) {
  static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  const char *s = p->options.run.name;
  if (!s || (*s && *s != '.' && *s != '-' && strlen(s) <= 100 && strspn(s, ok) == strlen(s)))
    return;
  const tw_value *v = tw_config_get(p->config, "run.name");
  char *where = v ? tw_config_where(v) : tw_strdup("default");
  tw_error(d, THW_E_ARG,
           "%s: run.name: \"%s\" cannot be the name of a folder: use up to 100 letters, digits, "
           "'.', '_' and '-', the first a letter, a digit or '_'",
           where, s);
  free(where);
}

void tw_plan_fill_options(tw_plan *p, tw_diags *d) {
  for (size_t i = 0; i < tw_n_option_groups; i++) {
    const tw_option_group *g = &tw_option_groups[i];
    const tw_value *v = tw_config_get(p->config, g->name);
    if (v && v->type != TW_GROUP) {
      char *where = tw_config_where(v), *found = tw_spell_value(v);
      tw_error(d, THW_E_ARG, "%s: %s: expected a group, %s: { ... }, found %s", where, g->name,
               g->name, found);
      free(found);
      free(where);
      v = NULL;
    }
    tw_schema s = {.params = g->params, .n = g->n, .stride = sizeof(thw_param)};
    tw_section in = {.path = g->name, .group = v, .file = NULL};
    tw_value *r = tw_value_new(g->name, TW_GROUP, v ? v->file : "default", v ? v->line : 0);
    tw_schema_fill(&s, &in, &p->options, &p->arena, tw_value_add(p->resolved, r), d);
  }
  check_name(p, d);
}
