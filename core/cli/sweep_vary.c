/* SPDX-License-Identifier: BSD-3-Clause */
/* What a sweep varies, and the combinations of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/sweep.h"

#define MOST_VALUES 100000

static void add_value(tw_vary *v, char *value) {
  v->value = tw_realloc(v->value, (v->n + 1) * sizeof *v->value);
  v->value[v->n++] = value;
}

/* The end of the value at `s`: a comma that is in no brackets and no string. */
static const char *value_end(const char *s) {
  int depth = 0, quoted = 0;
  for (; *s; s++) {
    if (quoted) {
      if (*s == '\\' && s[1])
        s++;
      else if (*s == '"')
        quoted = 0;
    } else if (*s == '"') {
      quoted = 1;
    } else if (strchr("[({", *s)) {
      depth++;
    } else if (strchr("])}", *s)) {
      depth--;
    } else if (*s == ',' && depth <= 0) {
      break;
    }
  }
  return s;
}

/* A..B; 0 when it is something else. */
static int add_range(tw_vary *v, const char *value) {
  char *end;
  errno = 0;
  long from = strtol(value, &end, 10);
  if (end == value || strncmp(end, "..", 2) != 0) return 0;
  const char *second = end + 2;
  long to = strtol(second, &end, 10);
  if (end == second || *end || errno || to < from || to - from >= MOST_VALUES) return 0;
  for (long i = from; i <= to; i++) add_value(v, tw_sprintf("%ld", i));
  return 1;
}

static tw_vary *add(tw_varies *all, char *path, int layers) {
  all->v = tw_realloc(all->v, (all->n + 1) * sizeof *all->v);
  all->v[all->n] = (tw_vary){.path = path, .layers = layers};
  return &all->v[all->n++];
}

static thw_status add_values(tw_vary *v, const char *s, const char *text, tw_diags *d) {
  for (;; s++) {
    const char *end = value_end(s);
    char *value = tw_sprintf("%.*s", (int)(end - s), s);
    if (!*value) {
      free(value);
      return tw_error(d, THW_E_ARG, "\"%s\": a value is empty: PATH=VALUE,VALUE,... is expected",
                      text);
    }
    if (v->layers || !add_range(v, value))
      add_value(v, value);
    else
      free(value);
    s = end;
    if (!*s) return THW_OK;
  }
}

thw_status tw_vary_add(tw_varies *all, const char *text, tw_diags *d) {
  const char *eq = strchr(text, '=');
  if (!eq || eq == text || !eq[1])
    return tw_error(d, THW_E_ARG,
                    "--vary %s: PATH=VALUE,VALUE,... is expected, as in "
                    "--vary optimizer.step=0.1,0.2",
                    text);
  char *path = tw_sprintf("%.*s", (int)(eq - text), text);
  for (size_t i = 0; i < all->n; i++)
    if (strcmp(all->v[i].path, path) == 0) {
      thw_status st = tw_error(d, THW_E_ARG, "--vary %s: %s is varied already", text, path);
      free(path);
      return st;
    }
  return add_values(add(all, path, 0), eq + 1, text, d);
}

thw_status tw_vary_add_layers(tw_varies *all, const char *text, tw_diags *d) {
  return add_values(add(all, tw_strdup("run.name"), 1), text, text, d);
}

size_t tw_vary_count(const tw_varies *all) {
  size_t n = 1;
  for (size_t i = 0; i < all->n; i++) {
    if (n > MOST_VALUES) return n; /* refused anyway */
    n *= all->v[i].n;
  }
  return n;
}

/* ---- combinations -------------------------------------------------------------------------------
 */

/* A file's name without folder and ending. */
static char *stem(const char *file) {
  const char *slash = strrchr(file, '/'), *from = slash ? slash + 1 : file;
  const char *dot = strrchr(from, '.');
  return tw_sprintf("%.*s", dot && dot > from ? (int)(dot - from) : (int)strlen(from), from);
}

static void copy_list(const char ***to, size_t *n_to, const char *const *from, size_t n,
                      size_t more) {
  *to = tw_calloc(n + more + 1, sizeof **to);
  if (n) memcpy((void *)*to, (const void *)from, n * sizeof *from);
  *n_to = n;
}

static void take_one(const tw_vary *v, size_t i, tw_combination *c) {
  char *name = v->layers ? stem(v->value[i]) : NULL;
  if (v->layers) c->args.files[c->args.n_files++] = v->value[i];
  char *set = v->layers ? tw_sprintf("%s=\"%s\"", v->path, name)
                        : tw_sprintf("%s=%s", v->path, v->value[i]);
  char *label =
      tw_sprintf("%s%s%s=%s", c->label, *c->label ? ", " : "", v->path, name ? name : v->value[i]);
  c->args.sets[c->args.n_sets++] = c->made[c->n_made++] = set;
  free(c->label);
  c->label = label;
  free(name);
}

void tw_vary_take(const tw_varies *all, size_t i, const tw_pipeline_args *base, tw_combination *c) {
  *c = (tw_combination){.args = *base, .label = tw_strdup("")};
  copy_list(&c->args.files, &c->args.n_files, base->files, base->n_files, all->n);
  copy_list(&c->args.sets, &c->args.n_sets, base->sets, base->n_sets, all->n);
  c->made = tw_calloc(all->n + 1, sizeof *c->made);
  size_t below = tw_vary_count(all);
  for (size_t k = 0; k < all->n; k++) { /* the first changes slowest */
    below /= all->v[k].n;
    take_one(&all->v[k], i / below % all->v[k].n, c);
  }
}

void tw_vary_drop(tw_combination *c) {
  for (size_t i = 0; i < c->n_made; i++) free(c->made[i]);
  free(c->made);
  free((void *)c->args.files);
  free((void *)c->args.sets);
  free(c->label);
}

void tw_vary_free(tw_varies *all) {
  for (size_t i = 0; i < all->n; i++) {
    for (size_t k = 0; k < all->v[i].n; k++) free(all->v[i].value[k]);
    free(all->v[i].value);
    free(all->v[i].path);
  }
  free(all->v);
  *all = (tw_varies){0};
}
