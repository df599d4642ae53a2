/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a component's table of parameters is sound: names, places in the struct, ranges,
 * defaults. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/registry_priv.h"

#define PARAM_SIZE (offsetof(thw_param, replaced_by) + sizeof(((thw_param *)0)->replaced_by))
#define KNOWN_FLAGS                                                                                \
  (THW_P_REQUIRED | THW_P_MIN_OPEN | THW_P_MAX_OPEN | THW_P_LOG | THW_P_DEPRECATED | THW_P_REMOVED)

enum { MAX_PARAMS = 512, MAX_PARAMS_SIZE = 65536, MAX_STRIDE = 4096, MAX_CHOICES = 256 };

/* What the host stores for each type. */
static const struct {
  size_t size, align;
  const char *name;
} storage[] = {
    [THW_P_BOOL] = {sizeof(int32_t), _Alignof(int32_t), "int32_t"},
    [THW_P_INT] = {sizeof(int64_t), _Alignof(int64_t), "int64_t"},
    [THW_P_REAL] = {sizeof(double), _Alignof(double), "double"},
    [THW_P_STR] = {sizeof(char *), _Alignof(char *), "const char *"},
    [THW_P_ENUM] = {sizeof(int32_t), _Alignof(int32_t), "int32_t"},
    [THW_P_PATH] = {sizeof(char *), _Alignof(char *), "const char *"},
    [THW_P_INTS] = {sizeof(thw_ints), _Alignof(thw_ints), "thw_ints"},
    [THW_P_REALS] = {sizeof(thw_reals), _Alignof(thw_reals), "thw_reals"},
};
enum { N_TYPES = sizeof storage / sizeof storage[0] };

static const thw_param *at(const thw_component *c, uint32_t i) {
  return (const thw_param *)(const void *)((const char *)c->params + (size_t)i * c->param_stride);
}

static int is_stored(const thw_param *p) {
  return !(p->flags & THW_P_REMOVED);
}

/* ---- names ------------------------------------------------------------------------------------
 */

static thw_status check_name(const tw_place *w, const thw_component *c, uint32_t i) {
  const char *name = at(c, i)->name;
  if (!name) return tw_fault(w, "parameter %" PRIu32 ": expected a name, found NULL", i);
  if (!tw_is_word(name, TW_UNDERSCORE))
    return tw_fault(w,
                    "parameter %" PRIu32
                    ": expected a name of lower-case letters, digits and '_', found \"%.80s\"",
                    i, name);
  if (strcmp(name, "type") == 0)
    return tw_fault(w,
                    "parameter %" PRIu32
                    ": \"type\" says which component is meant and cannot be a parameter: "
                    "rename it",
                    i);
  for (uint32_t j = 0; j < i; j++)
    if (strcmp(at(c, j)->name, name) == 0)
      return tw_fault(w, "parameters %" PRIu32 " and %" PRIu32 " are both named \"%s\": rename one",
                      j, i, name);
  return THW_OK;
}

static thw_status check_words(const tw_place *w, const thw_param *p) {
  if (p->type < 1 || p->type >= N_TYPES)
    return tw_fault(w, "expected a type from 1 to %d, found %" PRIu32 ": use the THW_PARAM macros",
                    N_TYPES - 1, p->type);
  if (p->flags & ~KNOWN_FLAGS)
    return tw_fault(w, "found unknown flags 0x%" PRIx32 ": rebuild against this thalweg's headers",
                    p->flags & ~KNOWN_FLAGS);
  if (!tw_is_text(p->help, 0)) return tw_fault(w, "expected one sentence of help, found none");
  if (p->unit && !tw_is_text(p->unit, 0))
    return tw_fault(w, "expected a unit in one line, or NULL");
  if ((p->flags & (THW_P_DEPRECATED | THW_P_REMOVED)) && !tw_is_text(p->replaced_by, 0))
    return tw_fault(w, "is deprecated or removed: expected in .replaced_by what to write instead");
  return THW_OK;
}

/* ---- places -----------------------------------------------------------------------------------
 */

static thw_status check_place(const tw_place *w, const thw_component *c, uint32_t i) {
  const thw_param *p = at(c, i);
  size_t size = storage[p->type].size;
  if (p->offset % storage[p->type].align)
    return tw_fault(w,
                    "expected an offset that suits %s, found %" PRIu32 ": use the THW_PARAM macros",
                    storage[p->type].name, p->offset);
  if (p->offset > c->params_size || size > c->params_size - p->offset)
    return tw_fault(w,
                    "expected %zu bytes within the struct of %" PRIu32 ", found offset %" PRIu32
                    ": use THW_PARAMS and the THW_PARAM macros",
                    size, c->params_size, p->offset);
  for (uint32_t j = 0; j < i; j++) {
    const thw_param *o = at(c, j);
    if (is_stored(o) && o->offset < p->offset + size &&
        p->offset < o->offset + storage[o->type].size)
      return tw_fault(w,
                      "shares memory with parameter \"%s\": give it a member of its own in the "
                      "struct, of type %s",
                      o->name, storage[p->type].name);
  }
  return THW_OK;
}

/* ---- ranges and defaults ----------------------------------------------------------------------
 */

static int in_range(const thw_param *p, double v) {
  if (!isfinite(v)) return 0;
  if (p->flags & THW_P_MIN_OPEN ? v <= p->min : v < p->min) return 0;
  return !(p->flags & THW_P_MAX_OPEN ? v >= p->max : v > p->max);
}

static thw_status check_range(const tw_place *w, const thw_param *p) {
  if (isnan(p->min) || isnan(p->max) || p->min > p->max)
    return tw_fault(w, "expected min <= max, found %g and %g", p->min, p->max);
  if (p->min == p->max && (p->flags & (THW_P_MIN_OPEN | THW_P_MAX_OPEN)))
    return tw_fault(w, "no number lies within its range from %g to %g, one end open", p->min,
                    p->max);
  return THW_OK;
}

static thw_status out_of_range(const tw_place *w, const thw_param *p, double found) {
  return tw_fault(w, "expected a default within %c%g, %g%c, found %g",
                  p->flags & THW_P_MIN_OPEN ? '(' : '[', p->min, p->max,
                  p->flags & THW_P_MAX_OPEN ? ')' : ']', found);
}

/* Elements of an array, separated by spaces. */
static thw_status check_array(const tw_place *w, const thw_param *p) {
  for (const char *s = p->def_str; s && *(s += strspn(s, " "));) {
    size_t n = strcspn(s, " ");
    char *end;
    errno = 0;
    double v = p->type == THW_P_INTS ? (double)strtoll(s, &end, 10) : strtod(s, &end);
    if (end != s + n || errno == ERANGE)
      return tw_fault(w, "expected numbers separated by spaces as default, found \"%.40s\"",
                      p->def_str);
    if (!in_range(p, v)) return out_of_range(w, p, v);
    s += n;
  }
  return THW_OK;
}

static thw_status check_choices(const tw_place *w, const thw_param *p) {
  int64_t n = 0;
  if (!p->choices || !p->choices[0]) return tw_fault(w, "expected a list of choices, found none");
  for (; p->choices[n]; n++) {
    if (n == MAX_CHOICES)
      return tw_fault(w, "expected at most %d choices, found more: end the list with NULL",
                      MAX_CHOICES);
    if (!tw_is_text(p->choices[n], 0)) return tw_fault(w, "choice %" PRId64 " is empty", n);
    for (int64_t j = 0; j < n; j++)
      if (strcmp(p->choices[j], p->choices[n]) == 0)
        return tw_fault(w, "choice \"%s\" is there twice", p->choices[n]);
  }
  if (!(p->flags & THW_P_REQUIRED) && (p->def_int < 0 || p->def_int >= n))
    return tw_fault(w, "expected a default from 0 to %" PRId64 ", found %" PRId64, n - 1,
                    p->def_int);
  return THW_OK;
}

static thw_status check_value(const tw_place *w, const thw_param *p) {
  int has_default = !(p->flags & THW_P_REQUIRED);
  switch (p->type) {
  case THW_P_BOOL:
    if (has_default && p->def_int != 0 && p->def_int != 1)
      return tw_fault(w, "expected default 0 or 1, found %" PRId64, p->def_int);
    return THW_OK;
  case THW_P_ENUM:
    return check_choices(w, p);
  case THW_P_INT:
    THW_TRY(check_range(w, p));
    if (has_default && !in_range(p, (double)p->def_int))
      return out_of_range(w, p, (double)p->def_int);
    return THW_OK;
  case THW_P_REAL:
    THW_TRY(check_range(w, p));
    if (has_default && !in_range(p, p->def_real)) return out_of_range(w, p, p->def_real);
    return THW_OK;
  case THW_P_INTS:
  case THW_P_REALS:
    THW_TRY(check_range(w, p));
    return has_default ? check_array(w, p) : THW_OK;
  default:
    if (has_default && p->def_str && *p->def_str && !tw_is_text(p->def_str, 0))
      return tw_fault(w, "expected UTF-8 text in one line as default, or NULL");
    return THW_OK;
  }
}

/* ---- the table --------------------------------------------------------------------------------
 */

thw_status tw_check_params(const tw_place *w, const thw_component *c) {
  if (c->params_size > MAX_PARAMS_SIZE)
    return tw_fault(w, "expected a parameter struct of at most %d bytes, found %" PRIu32,
                    MAX_PARAMS_SIZE, c->params_size);
  if (c->n_params == 0) return THW_OK;
  if (c->n_params > MAX_PARAMS)
    return tw_fault(w, "expected at most %d parameters, found %" PRIu32, MAX_PARAMS, c->n_params);
  if (!c->params) return tw_fault(w, "expected a table of parameters, found NULL: use THW_PARAMS");
  if (c->param_stride < PARAM_SIZE || c->param_stride % _Alignof(thw_param) ||
      c->param_stride > MAX_STRIDE)
    return tw_fault(w, "expected a param_stride of %zu or more, found %" PRIu32 ": use THW_PARAMS",
                    PARAM_SIZE, c->param_stride);
  for (uint32_t i = 0; i < c->n_params; i++) {
    const thw_param *p = at(c, i);
    THW_TRY(check_name(w, c, i));
    tw_place here = *w;
    snprintf(here.what, sizeof here.what, "%.60s, parameter \"%.60s\"", w->what, p->name);
    THW_TRY(check_words(&here, p));
    if (!is_stored(p)) continue;
    THW_TRY(check_place(&here, c, i));
    THW_TRY(check_value(&here, p));
  }
  return THW_OK;
}
