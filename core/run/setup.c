/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/run/setup.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/cli/command.h"

/* What fills the first slot of that kind. */
static tw_node *filler(const tw_plan *p, const tw_node *of, uint32_t kind) {
  if (!of) return NULL;
  size_t n;
  tw_node *const *node = tw_plan_nodes(p, &n);
  for (uint32_t i = 0; i < of->wired.n; i++) {
    const thw_object *o = &of->wired.object[i];
    if (!o->ops || o->kind != kind) continue;
    for (size_t j = 0; j < n; j++)
      if (node[j]->raw.self == o->self && node[j]->raw.kind == kind) return node[j];
  }
  return NULL;
}

char *tw_plan_text(const tw_plan *p, thw_status st) {
  size_t n;
  tw_node *const *node = tw_plan_nodes(p, &n);
  char *found = NULL;
  for (size_t i = 0; i < n; i++) {
    if (!node[i]->ctx) continue;
    char *text = tw_ctx_take_text(node[i]->ctx, st);
    if (!found && strcmp(text, tw_status_text(st)) != 0)
      found = text;
    else
      free(text);
  }
  return found ? found : tw_strdup(tw_status_text(st));
}

char *tw_setup_text(tw_setup *s, thw_status st) {
  return tw_plan_text(s->plan, st);
}

thw_status tw_setup_error(tw_setup *s, thw_status st, const char *doing, tw_diags *d) {
  char *text = tw_setup_text(s, st);
  tw_error(d, st, "%s: %s", doing, text);
  free(text);
  return st;
}

int tw_exit_of(thw_status st) {
  switch (st) {
  case THW_E_ARG:
  case THW_E_FORMAT:
  case THW_E_UNSUPPORTED:
    return TW_EXIT_USAGE;
  case THW_E_INTERNAL:
    return TW_EXIT_PLUGIN;
  case THW_CANCELLED:
    return TW_EXIT_INTERRUPTED;
  default:
    return TW_EXIT_FAILED;
  }
}

/* Before the first step nothing but input has been touched. */
int tw_exit_of_input(thw_status st) {
  return st == THW_E_IO ? TW_EXIT_USAGE : tw_exit_of(st);
}

thw_status tw_setup_need(const tw_plan *plan, const char *path, tw_diags *d) {
  if (tw_plan_node(plan, path)) return THW_OK;
  return tw_error(d, THW_E_ARG,
                  "the pipeline has no group `%s': add %s: { type = \"...\"; }; "
                  "`thalweg list %s' shows what there is",
                  path, path, path);
}

static thw_status oracle_up(tw_setup *s, tw_diags *d) {
  tw_node *n = s->oracle_node;
  struct timespec began, now;
  clock_gettime(CLOCK_MONOTONIC, &began);
  thw_status st = tw_oracle_new(&s->session, n->ctx, &n->raw, 1, &s->oracle);
  clock_gettime(CLOCK_MONOTONIC, &now); /* it asks for the facts */
  s->facts_seconds =
      (double)(now.tv_sec - began.tv_sec) + 1e-9 * (double)(now.tv_nsec - began.tv_nsec);
  if (st != THW_OK) return tw_setup_error(s, st, n->path, d);
  s->object = tw_oracle_object(s->oracle);
  st = thw_oracle_space(s->object, &s->space);
  if (st != THW_OK) return tw_setup_error(s, st, n->path, d);
  s->rows = tw_oracle_rows(s->oracle);
  s->pass = s->rows > 0 ? s->rows : TW_STREAM_PASS;
  thw_facts facts = {.size = sizeof facts, .want = THW_FACT_ROWS};
  st = thw_oracle_facts(s->object, &facts);
  if (st != THW_OK) return tw_setup_error(s, st, n->path, d);
  s->smooth = (facts.flags & THW_MODEL_SMOOTH) != 0;
  return THW_OK;
}

static thw_status model_up(tw_setup *s, tw_diags *d) {
  s->model = filler(s->plan, s->oracle_node, THW_MODEL);
  s->source = filler(s->plan, s->model ? s->model : s->oracle_node, THW_SOURCE);
  if (!s->source) s->source = filler(s->plan, s->oracle_node, THW_SOURCE);
  if (!s->model) return THW_OK;
  const thw_model_ops *ops = s->model->raw.ops;
  s->layout.size = sizeof s->layout;
  thw_status st = ops->layout(s->model->raw.self, &s->layout);
  if (st != THW_OK) return tw_setup_error(s, st, s->model->path, d);
  s->smooth = (s->layout.flags & THW_MODEL_SMOOTH) != 0;
  return THW_OK;
}

static void method_up(tw_setup *s) {
  tw_node *n = s->optimizer;
  if (!n) return;
  if (n->object.self == n->raw.self)
    s->method = s->proxy = tw_optimizer_proxy_new(&s->session, n->ctx, &n->raw);
  else
    s->method = &n->object;
}

thw_status tw_setup_begin(tw_setup *s, tw_plan *plan, tw_log_fn log, void *log_arg, tw_diags *d) {
  *s = (tw_setup){.plan = plan,
                  .opt = tw_plan_options(plan),
                  .oracle_node = tw_plan_node(plan, "oracle"),
                  .optimizer = tw_plan_node(plan, "optimizer")};
  const tw_options *o = s->opt;
  thw_status st = tw_setup_need(plan, "oracle", d);
  if (tw_plan_is_online(plan))
    st = tw_error(d, THW_E_ARG,
                  "this is an online pipeline, which has no point: this command is "
                  "for pipelines with an optimizer");
  if (st == THW_OK) {
    tw_session_init(&s->session, (uint64_t)o->run.seed, o->run.precision ? THW_F64 : THW_F32,
                    (int)o->run.threads);
    s->session.ledger = s->ledger = tw_ledger_new();
    s->session.epsilon = o->stop.epsilon;
    s->session.delta = o->stop.delta;
    s->session.confidence = o->stop.confidence;
    s->session.passes = o->stop.passes;
    s->session.log = log;
    s->session.log_arg = log_arg;
    st = tw_plan_create(plan, &s->session, d);
  }
  if (st == THW_OK) st = oracle_up(s, d);
  if (st == THW_OK) st = model_up(s, d);
  if (st == THW_OK)
    method_up(s);
  else
    tw_setup_end(s);
  return st;
}

void tw_setup_end(tw_setup *s) {
  tw_oracle_detach(s->oracle);
  tw_plan_free(s->plan);
  tw_optimizer_proxy_free(s->proxy);
  tw_oracle_free(s->oracle);
  tw_ledger_free(s->ledger);
  *s = (tw_setup){0};
}
