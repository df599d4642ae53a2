/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config_scan.h"
#include "core/config_tree.h"

/* State of one call of tw_schema_fill. */
typedef struct filler {
  const tw_schema *s;
  const tw_section *in;
  char *out;
  tw_arena *a;
  tw_value *resolved;
  tw_diags *d;
} filler;

/* ---- small things -------------------------------------------------------------------------------
 */

void *tw_arena_own(tw_arena *a, void *p) {
  a->v = tw_realloc(a->v, (a->n + 1) * sizeof *a->v);
  return a->v[a->n++] = p;
}

void tw_arena_free(tw_arena *a) {
  for (size_t i = 0; i < a->n; i++) free(a->v[i]);
  free(a->v);
  *a = (tw_arena){0};
}

const thw_param *tw_schema_param(const tw_schema *s, size_t i) {
  return (const thw_param *)(const void *)((const char *)s->params + i * s->stride);
}

static const tw_value *given(const filler *f, const thw_param *p) {
  return f->in->group ? tw_config_get(f->in->group, p->name) : NULL;
}

static thw_status complain(const filler *f, const tw_value *at, const char *name, char *text) {
  char *where = at ? tw_config_where(at) : f->in->group ? tw_config_where(f->in->group) : NULL;
  tw_error(f->d, THW_E_ARG, "%s%s%s%s%s: %s", where ? where : "", where ? ": " : "", f->in->path,
           *f->in->path ? "." : "", name, text);
  free(where);
  free(text);
  return THW_E_ARG;
}

/* ---- ranges -------------------------------------------------------------------------------------
 */

static void spell_bound(char out[40], double bound) {
  if (bound == floor(bound) && fabs(bound) < 1e15)
    snprintf(out, 40, "%.0f", bound);
  else
    tw_spell_real(out, bound);
}

char *tw_schema_range(const thw_param *p) {
  char lo[40], hi[40];
  int open_lo = (p->flags & THW_P_MIN_OPEN) != 0, open_hi = (p->flags & THW_P_MAX_OPEN) != 0;
  spell_bound(lo, p->min);
  spell_bound(hi, p->max);
  if (isfinite(p->min) && isfinite(p->max))
    return tw_sprintf("in %c%s, %s%c", open_lo ? '(' : '[', lo, hi, open_hi ? ')' : ']');
  if (isfinite(p->min)) return tw_sprintf("%s %s", open_lo ? "greater than" : "at least", lo);
  if (isfinite(p->max)) return tw_sprintf("%s %s", open_hi ? "less than" : "at most", hi);
  return NULL;
}

static int in_range(const thw_param *p, double x) {
  if (!isfinite(x)) return 0;
  if (p->flags & THW_P_MIN_OPEN ? x <= p->min : x < p->min) return 0;
  return !(p->flags & THW_P_MAX_OPEN ? x >= p->max : x > p->max);
}

/* The number in *v, checked; *v is the element of an array or the value itself. */
static thw_status check_range(const filler *f, const thw_param *p, const tw_value *v, double x) {
  if (in_range(p, x)) return THW_OK;
  char *range = tw_schema_range(p), *found = tw_spell_value(v);
  char *text = range ? tw_sprintf("must be %s, found %s", range, found)
                     : tw_sprintf("must be finite, found %s", found);
  free(range);
  free(found);
  return complain(f, v, p->name, text);
}

/* ---- from values to the struct ------------------------------------------------------------------
 */

static thw_status wrong_type(const filler *f, const thw_param *p, const tw_value *v) {
  static const char *const expected[] = {
      [THW_P_BOOL] = "true or false",
      [THW_P_INT] = "an integer",
      [THW_P_REAL] = "a number",
      [THW_P_STR] = "a string",
      [THW_P_ENUM] = "a string",
      [THW_P_PATH] = "the name of a file, a string",
      [THW_P_INTS] = "an array of integers, as [1, 2]",
      [THW_P_REALS] = "an array of numbers, as [1.0, 0.5]",
  };
  const char *what = p->type < sizeof expected / sizeof *expected ? expected[p->type] : NULL;
  char *found = tw_spell_value(v), *text;
  if (p->type == THW_P_INT && v->type == TW_REAL && v->r == floor(v->r) && fabs(v->r) < 9e15)
    text = tw_sprintf("expected %s, found %s: write %lld%s", what, found, (long long)v->r,
                      fabs(v->r) > INT32_MAX ? "L" : "");
  else
    text = tw_sprintf("expected %s, found %s", what ? what : "nothing", found);
  free(found);
  return complain(f, v, p->name, text);
}

static thw_status wrong_choice(const filler *f, const thw_param *p, const tw_value *v) {
  size_t n = 0;
  char *list = tw_strdup("");
  for (; p->choices && p->choices[n]; n++) {
    char *longer = tw_sprintf("%s%s\"%s\"", list, n ? ", " : "", p->choices[n]);
    free(list);
    list = longer;
  }
  const char *near = p->choices ? tw_nearest(v->s, p->choices, n) : NULL;
  char *text = near ? tw_sprintf("\"%s\" is none of %s (did you mean \"%s\"?)", v->s, list, near)
                    : tw_sprintf("\"%s\" is none of %s", v->s, list);
  free(list);
  return complain(f, v, p->name, text);
}

static int choice(const thw_param *p, const char *word) {
  for (int i = 0; p->choices && p->choices[i]; i++)
    if (strcmp(p->choices[i], word) == 0) return i;
  return -1;
}

/* An array or list of numbers into `r`, the tree written back. */
static thw_status fill_numbers(filler *f, const thw_param *p, const tw_value *v, tw_value *r) {
  if (v->type != TW_ARRAY && v->type != TW_LIST) return wrong_type(f, p, v);
  int reals = p->type == THW_P_REALS;
  thw_status st = THW_OK;
  for (size_t i = 0; i < v->n; i++) {
    const tw_value *e = v->v[i];
    if (e->type != TW_INT && !(reals && e->type == TW_REAL)) return wrong_type(f, p, e);
    double x = e->type == TW_INT ? (double)e->i : e->r;
    thw_status one = check_range(f, p, e, x);
    if (one != THW_OK) st = one;
    tw_value *copy =
        tw_value_add(r, tw_value_new(NULL, reals ? TW_REAL : TW_INT, e->file, e->line));
    copy->i = e->i;
    copy->r = x;
  }
  r->type = TW_ARRAY;
  return st;
}

/* Checks v and makes of it the value that is written back, in r. */
static thw_status check_value(filler *f, const thw_param *p, const tw_value *v, tw_value *r) {
  switch (p->type) {
  case THW_P_BOOL:
    if (v->type != TW_BOOL) return wrong_type(f, p, v);
    r->type = TW_BOOL, r->i = v->i;
    return THW_OK;
  case THW_P_INT:
    if (v->type != TW_INT) return wrong_type(f, p, v);
    r->type = TW_INT, r->i = v->i;
    return check_range(f, p, v, (double)v->i);
  case THW_P_REAL:
    if (v->type != TW_REAL && v->type != TW_INT) return wrong_type(f, p, v);
    r->type = TW_REAL, r->r = v->type == TW_INT ? (double)v->i : v->r;
    return check_range(f, p, v, r->r);
  case THW_P_INTS:
  case THW_P_REALS:
    return fill_numbers(f, p, v, r);
  case THW_P_ENUM:
    if (v->type == TW_INT) { /* base = 1 where the choices are "0" and "1" */
      char *digits = tw_sprintf("%lld", (long long)v->i);
      if (choice(p, digits) >= 0) {
        r->type = TW_STR, r->s = digits;
        return THW_OK;
      }
      free(digits);
    }
    if (v->type != TW_STR) return wrong_type(f, p, v);
    if (choice(p, v->s) < 0) return wrong_choice(f, p, v);
    r->type = TW_STR, r->s = tw_strdup(v->s);
    return THW_OK;
  case THW_P_PATH:
    if (v->type != TW_STR) return wrong_type(f, p, v);
    if (!*v->s) return complain(f, v, p->name, tw_strdup("the name of a file cannot be empty"));
    r->type = TW_STR, r->s = tw_schema_absolute(v->s, v->file);
    return THW_OK;
  default:
    if (v->type != TW_STR) return wrong_type(f, p, v);
    r->type = TW_STR, r->s = tw_strdup(v->s);
    return THW_OK;
  }
}

static const void *pack_ints(filler *f, const tw_value *r) {
  int64_t *v = tw_arena_own(f->a, tw_calloc(r->n, sizeof *v));
  for (size_t i = 0; i < r->n; i++) v[i] = r->v[i]->i;
  return v;
}

static const void *pack_reals(filler *f, const tw_value *r) {
  double *v = tw_arena_own(f->a, tw_calloc(r->n, sizeof *v));
  for (size_t i = 0; i < r->n; i++) v[i] = r->v[i]->r;
  return v;
}

/* Stores a checked value at its place. memcpy: a table may be packed by a careless author. */
static void store(filler *f, const thw_param *p, const tw_value *r) {
  char *at = f->out + p->offset;
  int32_t i32 = (int32_t)r->i;
  const char *s;
  switch (p->type) {
  case THW_P_ENUM:
    i32 = choice(p, r->s);
    memcpy(at, &i32, sizeof i32);
    return;
  case THW_P_BOOL:
    memcpy(at, &i32, sizeof i32);
    return;
  case THW_P_INT:
    memcpy(at, &r->i, sizeof r->i);
    return;
  case THW_P_REAL:
    memcpy(at, &r->r, sizeof r->r);
    return;
  case THW_P_INTS:
    memcpy(at, &(thw_ints){pack_ints(f, r), r->n}, sizeof(thw_ints));
    return;
  case THW_P_REALS:
    memcpy(at, &(thw_reals){pack_reals(f, r), r->n}, sizeof(thw_reals));
    return;
  default:
    s = tw_arena_own(f->a, tw_strdup(r->s));
    memcpy(at, &s, sizeof s);
  }
}

/* ---- defaults -----------------------------------------------------------------------------------
 */

/* "1 2.5" as an array in r. Numbers are read by the configuration's own reader, which does not
 * depend on the locale. */
static void default_numbers(const thw_param *p, tw_value *r) {
  r->type = TW_ARRAY;
  int reals = p->type == THW_P_REALS;
  for (const char *s = p->def_str ? p->def_str : ""; *(s += strspn(s, " "));) {
    size_t n = strcspn(s, " ");
    /* An integer may lack the L or the point that a file would need. */
    const char *more = strcspn(s, ".eEL") < n ? "" : reals ? "." : "L";
    char *text = tw_sprintf("x = %.*s%s", (int)n, s, more);
    tw_diags quiet = {0};
    tw_value *g = tw_config_parse(text, strlen(text), "default", ".", 0, &quiet);
    const tw_value *e = g && g->n == 1 ? g->v[0] : NULL;
    if (e && (e->type == TW_INT || (reals && e->type == TW_REAL))) {
      tw_value *x = tw_value_add(r, tw_value_new(NULL, reals ? TW_REAL : TW_INT, "default", 0));
      x->i = e->i;
      x->r = e->type == TW_INT ? (double)e->i : e->r;
    }
    tw_value_free(g);
    tw_diags_free(&quiet);
    free(text);
    s += n;
  }
}

/* The default as a value, or NULL when there is none to write down: no string, or a number that
 * the file could not say (NAN for "to be estimated", or outside the range). Either way it is
 * stored. */
static tw_value *fill_default(filler *f, const thw_param *p) {
  tw_value *r = tw_value_new(p->name, TW_STR, "default", 0);
  int writable = 1;
  switch (p->type) {
  case THW_P_BOOL:
    r->type = TW_BOOL, r->i = p->def_int != 0;
    break;
  case THW_P_INT:
    r->type = TW_INT, r->i = p->def_int;
    writable = in_range(p, (double)r->i);
    break;
  case THW_P_REAL:
    r->type = TW_REAL, r->r = p->def_real;
    writable = in_range(p, r->r);
    break;
  case THW_P_ENUM:
    for (int64_t k = 0; p->choices && p->choices[k] && k <= p->def_int; k++)
      if (k == p->def_int) r->s = tw_strdup(p->choices[k]);
    writable = r->s != NULL;
    break;
  case THW_P_INTS:
  case THW_P_REALS:
    default_numbers(p, r);
    for (size_t i = 0; i < r->n; i++)
      writable &= in_range(p, p->type == THW_P_INTS ? (double)r->v[i]->i : r->v[i]->r);
    break;
  case THW_P_PATH:
    if (p->def_str) r->s = tw_schema_absolute(p->def_str, f->in->file);
    writable = r->s != NULL;
    break;
  default:
    if (p->def_str) r->s = tw_strdup(p->def_str);
    writable = r->s != NULL;
  }
  if (r->type != TW_STR || r->s) {
    store(f, p, r);
  } else if (p->type == THW_P_ENUM) {
    int32_t i32 = (int32_t)p->def_int;
    memcpy(f->out + p->offset, &i32, sizeof i32);
  } else {
    const char *none = NULL;
    memcpy(f->out + p->offset, &none, sizeof none);
  }
  if (writable) return r;
  tw_value_free(r);
  return NULL;
}

/* ---- the whole ----------------------------------------------------------------------------------
 */

char *tw_schema_absolute(const char *path, const char *file) {
  while (path[0] == '.' && path[1] == '/') path += 2 + strspn(path + 2, "/");
  if (path[0] == '/') return tw_strdup(path);
  int from_file = file && strcmp(file, "--set") != 0 && strcmp(file, "default") != 0;
  char *dir = from_file ? tw_text_dir(file) : tw_strdup("."), *cwd = NULL, *joined;
  if (dir[0] != '/') cwd = getcwd(NULL, 0);
  const char *d = dir;
  while (d[0] == '.' && d[1] == '/') d += 2 + strspn(d + 2, "/");
  if (strcmp(d, ".") == 0) d = "";
  const char *base = dir[0] == '/' ? "" : cwd ? cwd : ".";
  if (strcmp(base, "/") == 0) base = "";
  joined = tw_sprintf("%s%s%s%s%s", base, *d && *d != '/' ? "/" : "", strcmp(d, "/") ? d : "", "/",
                      path);
  free(cwd);
  free(dir);
  return joined;
}

static void unknown_key(filler *f, const tw_value *v) {
  const tw_schema *s = f->s;
  const char **names = tw_calloc(s->n + s->n_others, sizeof *names);
  size_t n = 0;
  for (size_t i = 0; i < s->n; i++)
    if (!(tw_schema_param(s, i)->flags & (THW_P_REMOVED | THW_P_DEPRECATED)))
      names[n++] = tw_schema_param(s, i)->name;
  for (size_t i = 0; i < s->n_others; i++) names[n++] = s->others[i];
  const char *near = tw_nearest(v->name, names, n);
  const char *owner = f->in->owner;
  char *text =
      near    ? tw_sprintf("%s%s (did you mean \"%s\"?)", owner ? owner : "unknown setting",
                        owner ? " has no such setting" : "", near)
      : owner ? tw_sprintf("%s has no such setting: `thalweg info %s' lists them", owner, owner)
              : tw_strdup("unknown setting");
  complain(f, v, v->name, text);
  free(names);
}

static void check_keys(filler *f) {
  const tw_value *g = f->in->group;
  for (size_t i = 0; g && i < g->n; i++) {
    int known = 0;
    for (size_t k = 0; k < f->s->n && !known; k++)
      known = strcmp(tw_schema_param(f->s, k)->name, g->v[i]->name) == 0;
    for (size_t k = 0; k < f->s->n_others && !known; k++)
      known = strcmp(f->s->others[k], g->v[i]->name) == 0;
    if (!known) unknown_key(f, g->v[i]);
  }
}

static void fill_given(filler *f, const thw_param *p, const tw_value *v) {
  if (p->flags & THW_P_REMOVED) {
    complain(f, v, p->name,
             p->replaced_by ? tw_sprintf("is no longer a setting: use %s", p->replaced_by)
                            : tw_strdup("is no longer a setting: leave it out"));
    return;
  }
  if (p->flags & THW_P_DEPRECATED) {
    char *where = tw_config_where(v);
    tw_warn(f->d, "%s: %s.%s: will go away: use %s", where, f->in->path, p->name,
            p->replaced_by ? p->replaced_by : "another setting");
    free(where);
  }
  tw_value *r = tw_value_new(p->name, TW_STR, v->file, v->line);
  if (check_value(f, p, v, r) == THW_OK) {
    store(f, p, r);
    tw_value_add(f->resolved, r);
  } else {
    tw_value_free(r);
  }
}

thw_status tw_schema_fill(const tw_schema *s, const tw_section *in, void *out, tw_arena *a,
                          tw_value *resolved, tw_diags *d) {
  filler f = {s, in, out, a, resolved, d};
  size_t before = d->errors;
  check_keys(&f);
  for (size_t i = 0; i < s->n; i++) {
    const thw_param *p = tw_schema_param(s, i);
    const tw_value *v = given(&f, p);
    if (v) {
      fill_given(&f, p, v);
    } else if (p->flags & THW_P_REMOVED) {
      continue;
    } else if (p->flags & THW_P_DEPRECATED) { /* written back, it would warn for ever */
      tw_value_free(fill_default(&f, p));
    } else if (p->flags & THW_P_REQUIRED) {
      complain(&f, NULL, p->name,
               tw_sprintf("is required%s%s", p->help ? ": " : "", p->help ? p->help : ""));
    } else {
      tw_value *r = fill_default(&f, p);
      if (r) tw_value_add(resolved, r);
    }
  }
  return d->errors > before ? THW_E_ARG : THW_OK;
}
