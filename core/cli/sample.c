/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg sample: a trained model of sequences goes on writing one. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/past.h"
#include "core/npy.h"

static const char *const allowed[] = {"run.threads"};

typedef struct sample_args {
  tw_pipeline_args a;
  const char *length, *prompt, *temperature, *seed;
} sample_args;

typedef struct writer {
  tw_setup *s;
  const thw_generate *gen;
  thw_source_info info;
  uint32_t first; /* output that is the probability of token 0 */
  double *out;    /* outputs, then a weight for each token */
  int64_t length;
  double temperature;
  uint64_t seed;
  thw_vec *x;
  tw_diags *d;
} writer;

/* ---- options --------------------------------------------------------------------------------- */

static thw_status number(const char *option, const char *text, double least, int whole, double *v,
                         tw_diags *d) {
  char *end;
  if (!text) return THW_OK;
  *v = strtod(text, &end);
  if (*text && !*end && isfinite(*v) && *v >= least && (!whole || (*v == floor(*v) && *v < 0x1p53)))
    return THW_OK;
  return tw_error(d, THW_E_ARG, "%s: expected a %snumber of at least %g, found \"%s\"", option,
                  whole ? "whole " : "", least, text);
}

static thw_status read_options(writer *w, const sample_args *o) {
  double length = 500, temperature = 1, seed = 1;
  thw_status st = number("--length", o->length, 0, 1, &length, w->d);
  if (st == THW_OK) st = number("--temperature", o->temperature, 0, 0, &temperature, w->d);
  if (st == THW_OK) st = number("--seed", o->seed, 0, 1, &seed, w->d);
  w->length = (int64_t)length;
  w->temperature = temperature;
  w->seed = (uint64_t)seed;
  return st;
}

/* ---- the model ------------------------------------------------------------------------------- */

static thw_status cannot(writer *w, const char *why) {
  return tw_error(w->d, THW_E_UNSUPPORTED, "this run has nothing to write with: %s", why);
}

/* A model that tells the next token's chances, and a source that names the tokens. */
static thw_status open_writer(writer *w) {
  tw_setup *s = w->s;
  if (!s->model || !s->source) return cannot(w, "its pipeline has no model and source");
  w->gen = thw_ext(&s->model->raw, THW_EXT_GENERATE);
  if (!w->gen) return cannot(w, "its model offers no " THW_EXT_GENERATE);
  w->info.size = sizeof w->info;
  thw_status st =
      ((const thw_source_ops *)s->source->raw.ops)->info(s->source->raw.self, 0, &w->info);
  if (st != THW_OK) return tw_setup_error(s, st, s->source->path, w->d);
  if (w->info.layout != THW_ROWS_SEQ || !w->info.tokens || !w->info.token_name)
    return cannot(w, "the steps of its source are no tokens with names");
  while (w->first < s->layout.n_outputs && strncmp(s->layout.output_name[w->first], "p:", 2) != 0)
    w->first++;
  if (w->info.target != THW_TARGET_STEP || w->info.classes != w->info.width ||
      w->first + w->info.width > s->layout.n_outputs)
    return cannot(w, "what the model predicts at a step is not the next token");
  w->out = tw_calloc((size_t)s->layout.n_outputs + (size_t)w->info.width, sizeof *w->out);
  return THW_OK;
}

static thw_status load_point(writer *w, const char *dir) {
  char *file = tw_sprintf("%s/point.npy", dir);
  thw_status st = thw_vec_new(w->s->space, &w->x);
  if (st != THW_OK)
    tw_error(w->d, st, "no memory for %lld parameters", (long long)w->s->space->n);
  else
    st = tw_npy_load(file, w->x, w->d);
  free(file);
  return st == THW_E_IO ? THW_E_ARG : st; /* a folder without a point is no failure of ours */
}

/* ---- writing --------------------------------------------------------------------------------- */

/* The token whose name is the longest beginning of `text`; -1: none. */
static int64_t match(const writer *w, const char *text) {
  int64_t best = -1;
  size_t longest = 0;
  for (int64_t t = 0; t < w->info.width; t++) {
    size_t n = strlen(w->info.token_name[t]);
    if (n > longest && strncmp(text, w->info.token_name[t], n) == 0) longest = n, best = t;
  }
  return best;
}

static thw_status read_token(writer *w, const thw_view *x, int64_t token) {
  thw_status st = w->gen->next(w->s->model->raw.self, x, token, NULL, w->out);
  return st == THW_OK ? THW_OK : tw_setup_error(w->s, st, "writing", w->d);
}

/* The prompt; where there is none, the end of a line or else token 0, unseen. */
static thw_status read_prompt(writer *w, const thw_view *x, const char *prompt) {
  if (!prompt || !*prompt) {
    int64_t t = match(w, "\n");
    return read_token(w, x, t < 0 ? 0 : t);
  }
  for (const char *p = prompt; *p;) {
    int64_t t = match(w, p);
    if (t < 0)
      return tw_error(
          w->d, THW_E_ARG,
          "--prompt: the text that the model was trained on has nothing like \"%.12s\": "
          "leave it out",
          p);
    THW_TRY(read_token(w, x, t));
    fputs(w->info.token_name[t], stdout);
    p += strlen(w->info.token_name[t]);
  }
  return THW_OK;
}

/* A token with chance p^(1/temperature); at temperature 0 the likeliest. */
static int64_t choose(writer *w, thw_rng *r) {
  const double *p = w->out + w->first;
  double *weight = w->out + w->s->layout.n_outputs, sum = 0;
  int64_t best = 0;
  for (int64_t t = 1; t < w->info.width; t++)
    if (p[t] > p[best]) best = t;
  if (w->temperature == 0) return best;
  for (int64_t t = 0; t < w->info.width; t++)
    sum += weight[t] = p[t] > 0 ? exp(log(p[t] / p[best]) / w->temperature) : 0;
  double u = thw_rng_uniform(r) * sum;
  for (int64_t t = 0; t < w->info.width; t++)
    if ((u -= weight[t]) < 0) return t;
  return best;
}

static thw_status write_text(writer *w, const thw_view *x, const char *prompt) {
  thw_rng r;
  tw_stream(w->seed, "sample", "draw", &r);
  thw_status st = w->gen->reset(w->s->model->raw.self);
  if (st != THW_OK) return tw_setup_error(w->s, st, "writing", w->d);
  THW_TRY(read_prompt(w, x, prompt));
  const char *last = "";
  for (int64_t i = 0; i < w->length && !ferror(stdout); i++) {
    int64_t t = choose(w, &r);
    last = w->info.token_name[t];
    fputs(last, stdout);
    THW_TRY(read_token(w, x, t));
  }
  if (strcmp(last, "\n") != 0) fputc('\n', stdout);
  if (fflush(stdout) != 0 || ferror(stdout))
    return tw_error(w->d, THW_E_IO, "cannot write to the standard output: %s", strerror(errno));
  return THW_OK;
}

static int sample_in(writer *w, const char *dir, const char *prompt) {
  thw_view x;
  thw_status st = open_writer(w);
  if (st == THW_OK) st = load_point(w, dir);
  if (st == THW_OK) st = w->x->ops->map(w->x, THW_READ, &x);
  if (st == THW_OK) {
    st = write_text(w, &x, prompt);
    w->x->ops->unmap(w->x, THW_READ);
  }
  thw_vec_free(w->x);
  free(w->out);
  return st == THW_OK ? TW_EXIT_OK : tw_exit_of(st);
}

static int go(sample_args *o, tw_diags *d) {
  writer w = {.d = d};
  tw_past past;
  tw_setup s;
  if (read_options(&w, o) != THW_OK) return TW_EXIT_USAGE;
  if (tw_past_open(&past, o->a.files[0], &o->a, allowed, 1, d) != THW_OK) return TW_EXIT_USAGE;
  thw_status st = tw_setup_begin(&s, past.plan, NULL, NULL, d);
  past.plan = NULL;
  int status = tw_exit_of_input(st);
  if (st == THW_OK) {
    w.s = &s;
    status = sample_in(&w, o->a.files[0], o->prompt);
    tw_setup_end(&s);
  }
  tw_past_close(&past);
  return status;
}

static int sample(int argc, char **argv) {
  sample_args o = {0};
  tw_diags d = {0};
  const tw_cli_option options[] = {
      {.name = "--length", .value = &o.length},
      {.name = "--prompt", .value = &o.prompt},
      {.name = "--temperature", .value = &o.temperature},
      {.name = "--seed", .value = &o.seed},
      {.name = "--set", .list = &o.a.sets, .n_list = &o.a.n_sets},
      {.name = "--plugin-path", .list = &o.a.plugin_dirs, .n_list = &o.a.n_plugin_dirs},
  };
  int status = TW_EXIT_USAGE;
  thw_status st = tw_cli_parse(argc, argv, options, sizeof options / sizeof options[0], &o.a.files,
                               &o.a.n_files, &d);
  if (st == THW_OK && o.a.n_files != 1)
    st = tw_error(&d, THW_E_ARG, "sample needs one run folder: thalweg sample DIR");
  if (st == THW_OK) status = go(&o, &d);
  free((void *)o.a.files);
  free((void *)o.a.sets);
  free((void *)o.a.plugin_dirs);
  tw_diags_print(&d);
  return status;
}

const tw_command tw_cmd_sample = {
    .name = "sample",
    .usage = "DIR [--length N] [--prompt TEXT] [--temperature T] [--seed S] [--plugin-path DIR]...",
    .summary = "write text with a trained model of sequences",
    .help = "DIR                run folder\n"
            "--length N         tokens to write after the prompt (default 500)\n"
            "--prompt TEXT      what the model reads, and the output shows, first\n"
            "--temperature T    below 1 likely tokens become likelier, above 1 less so; 0: always\n"
            "                   the likeliest (default 1)\n"
            "--seed S           of the choices; the same seed gives the same text (default 1)\n"
            "--set PATH=VALUE   run.threads\n"
            "--plugin-path DIR  look for plugins in DIR first; may be repeated\n",
    .run = sample,
};
