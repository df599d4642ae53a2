/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/online/sets.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/data/file.h"
#include "kernels/data/number.h"

#define MOST 100000000

/* Pairs (set, element) as they come, and names as offsets into the text. */
typedef struct scanner {
  on_sets *s;
  const char *path, *p;
  int64_t line, pairs;
  int32_t *set, *element;
  int64_t *set_name, *thing_name, room[5];
} scanner;

static thw_status complain(const scanner *s, const char *what) {
  return on_fail(s->s->e, THW_E_FORMAT, "%s:%lld: %s", s->path, (long long)s->line, what);
}

static int is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

static thw_status add_pair(scanner *s, int64_t set, int64_t element) {
  if (s->pairs == INT32_MAX) return complain(s, "too many elements in all sets");
  THW_TRY(ON_GROW(s->s->e, s->set, s->room[0], s->pairs + 1));
  THW_TRY(ON_GROW(s->s->e, s->element, s->room[1], s->pairs + 1));
  s->set[s->pairs] = (int32_t)set;
  s->element[s->pairs++] = (int32_t)element;
  return THW_OK;
}

static thw_status keep(scanner *s, const char *p, size_t n, int64_t **names, int64_t *room,
                       int64_t at) {
  on_sets *t = s->s;
  THW_TRY(on_grow(t->e, names, room, at + 1, sizeof **names));
  THW_TRY(ON_GROW(t->e, t->text, t->room, t->used + (int64_t)n + 1));
  (*names)[at] = t->used;
  memcpy(t->text + t->used, p, n);
  t->text[t->used + (int64_t)n] = '\0';
  t->used += (int64_t)n + 1;
  return THW_OK;
}

/* ---- OR-Library ------------------------------------------------------------------------------ */

static thw_status number(scanner *s, double *v, const char *what) {
  while (is_blank(*s->p) || *s->p == '\n') s->line += *s->p++ == '\n';
  const char *end = td_number(s->p, v);
  if (!end || !isfinite(*v) || !(is_blank(*end) || *end == '\n' || *end == '\0'))
    return complain(s, what);
  s->p = end;
  return THW_OK;
}

static thw_status whole(scanner *s, int64_t least, int64_t most, int64_t *out, const char *what) {
  double v;
  THW_TRY(number(s, &v, what));
  if (v != floor(v) || v < (double)least || v > (double)most) return complain(s, what);
  *out = (int64_t)v;
  return THW_OK;
}

static thw_status a_cost(scanner *s, double *v) {
  THW_TRY(number(s, v, "expected the cost of a set"));
  return *v >= 0 ? THW_OK : complain(s, "the cost of a set is negative");
}

/* A count and so many numbers from 1 to most, of sets or of elements. */
static thw_status group(scanner *s, int64_t own, int64_t most, int by_rows) {
  int64_t k, other;
  THW_TRY(whole(s, 0, most, &k, "expected how many numbers follow"));
  for (; k > 0; k--) {
    THW_TRY(whole(s, 1, most, &other, "expected the number of a set or element, from 1"));
    THW_TRY(by_rows ? add_pair(s, other - 1, own) : add_pair(s, own, other - 1));
  }
  return THW_OK;
}

static thw_status or_library(scanner *s, int by_rows) {
  on_sets *t = s->s;
  char name[32];
  THW_TRY(whole(s, 1, MOST, &t->elements, "expected the number of elements"));
  THW_TRY(whole(s, 1, MOST, &t->sets, "expected the number of sets"));
  THW_TRY(ON_NEW(t->e, t->cost, t->sets));
  for (int64_t j = 0; j < t->sets; j++) {
    THW_TRY(a_cost(s, &t->cost[j]));
    if (!by_rows) THW_TRY(group(s, j, t->elements, 0));
    size_t n = (size_t)snprintf(name, sizeof name, "%lld", (long long)j + 1);
    THW_TRY(keep(s, name, n, &s->set_name, &s->room[2], j));
  }
  for (int64_t i = 0; i < t->elements; i++) {
    if (by_rows) THW_TRY(group(s, i, t->sets, 1));
    size_t n = (size_t)snprintf(name, sizeof name, "%lld", (long long)i + 1);
    THW_TRY(keep(s, name, n, &s->thing_name, &s->room[3], i));
  }
  while (is_blank(*s->p) || *s->p == '\n') s->line += *s->p++ == '\n';
  return *s->p ? complain(s, "there is more than the format says") : THW_OK;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static size_t word(const char **p) {
  size_t n = 0;
  while (is_blank(**p)) ++*p;
  while ((*p)[n] && (*p)[n] != '\n' && (*p)[n] != ':' && (*p)[n] != '#' && !is_blank((*p)[n])) n++;
  return n;
}

static int64_t find(const scanner *s, const int64_t *names, int64_t count, const char *p,
                    size_t n) {
  for (int64_t i = 0; i < count; i++) {
    const char *known = s->s->text + names[i];
    if (strncmp(known, p, n) == 0 && known[n] == '\0') return i;
  }
  return count;
}

static thw_status elements_of(scanner *s, const char *p) {
  on_sets *t = s->s;
  for (size_t n; (n = word(&p)) > 0; p += n) {
    int64_t i = find(s, s->thing_name, t->elements, p, n);
    if (i == t->elements) {
      THW_TRY(keep(s, p, n, &s->thing_name, &s->room[3], i));
      t->elements++;
    }
    THW_TRY(add_pair(s, t->sets - 1, i));
  }
  return *p == ':' ? complain(s, "a second colon") : THW_OK;
}

static thw_status list_line(scanner *s, const char *p) {
  on_sets *t = s->s;
  size_t n = word(&p);
  double cost = 1;
  if (n == 0 && *p != ':') return THW_OK;
  const char *name = p;
  p += n;
  size_t k = word(&p);
  if (k > 0 && (!td_number_whole(p, (int64_t)k, &cost) || cost < 0))
    return complain(s, "expected a cost, or a colon, behind the name of the set");
  p += k;
  if (n == 0 || *p != ':') return complain(s, "expected \"NAME [COST]: ELEMENT ...\"");
  if (find(s, s->set_name, t->sets, name, n) < t->sets)
    return complain(s, "a set of this name was there before");
  THW_TRY(keep(s, name, n, &s->set_name, &s->room[2], t->sets));
  THW_TRY(ON_GROW(t->e, t->cost, s->room[4], t->sets + 1));
  t->cost[t->sets++] = cost;
  return elements_of(s, p + 1);
}

static thw_status list(scanner *s) {
  for (; *s->p; s->p++, s->line++) {
    THW_TRY(list_line(s, s->p));
    while (*s->p && *s->p != '\n') s->p++;
    if (!*s->p) break;
  }
  return s->s->sets > 0 ? THW_OK : complain(s, "there is no set in it");
}

/* ---- both directions ------------------------------------------------------------------------- */

/* Groups `value` by `key`, both in ascending order, each pair once. */
static thw_status gather(on_env e, int64_t pairs, const int32_t *key, const int32_t *value,
                         int64_t keys, int64_t values, int64_t **from, int32_t **out) {
  int64_t *by_value = NULL, *at = NULL, *last = NULL;
  int32_t *order = NULL;
  thw_status st = on_new(e, from, keys + 1, sizeof **from);
  if (st == THW_OK) st = on_new(e, out, pairs, sizeof **out);
  if (st == THW_OK) st = ON_NEW(e, by_value, values + 1);
  if (st == THW_OK) st = ON_NEW(e, order, pairs);
  if (st == THW_OK) st = ON_NEW(e, at, keys + 1);
  if (st == THW_OK) st = ON_NEW(e, last, keys + 1);
  for (int64_t k = 0; st == THW_OK && k < pairs; k++) by_value[value[k] + 1]++;
  for (int64_t v = 0; st == THW_OK && v < values; v++) by_value[v + 1] += by_value[v];
  for (int64_t k = 0; st == THW_OK && k < pairs; k++) order[by_value[value[k]]++] = (int32_t)k;
  for (int pass = 0; st == THW_OK && pass < 2; pass++) {
    for (int64_t j = 0; j < keys; j++) last[j] = -1;
    for (int64_t k = 0; k < pairs; k++) {
      int32_t j = key[order[k]], v = value[order[k]];
      if (last[j] == v) continue;
      last[j] = v;
      if (pass == 0)
        (*from)[j + 1]++;
      else
        (*out)[at[j]++] = v;
    }
    for (int64_t j = 0; pass == 0 && j < keys; j++) {
      at[j] = (*from)[j];
      (*from)[j + 1] += (*from)[j];
    }
  }
  on_free(e, by_value);
  on_free(e, order);
  on_free(e, at);
  on_free(e, last);
  return st;
}

static thw_status arrange(scanner *s) {
  on_sets *t = s->s;
  THW_TRY(gather(t->e, s->pairs, s->set, s->element, t->sets, t->elements, &t->from, &t->member));
  THW_TRY(gather(t->e, s->pairs, s->element, s->set, t->elements, t->sets, &t->in, &t->holder));
  THW_TRY(ON_NEW(t->e, t->name, t->sets));
  THW_TRY(ON_NEW(t->e, t->thing, t->elements));
  for (int64_t j = 0; j < t->sets; j++) {
    t->name[j] = t->text + s->set_name[j];
    if (t->from[j + 1] - t->from[j] > t->largest) t->largest = t->from[j + 1] - t->from[j];
  }
  for (int64_t i = 0; i < t->elements; i++) {
    t->thing[i] = t->text + s->thing_name[i];
    int64_t k = t->in[i + 1] - t->in[i];
    if (k > t->frequency) t->frequency = k;
    if (k == 0)
      return on_fail(t->e, THW_E_FORMAT, "%s: element %s is in no set: nothing covers it", s->path,
                     t->thing[i]);
  }
  return t->elements > 0 ? THW_OK : complain(s, "no set has an element");
}

thw_status on_sets_read(on_sets *s, on_env e, const char *path, int format) {
  td_file f = {0};
  *s = (on_sets){.e = e};
  THW_TRY(td_file_read((td_env){e.host, e.ctx}, path, &f));
  scanner in = {.s = s, .path = path, .p = f.p, .line = 1};
  thw_status st = format == ON_SETS_LIST ? list(&in) : or_library(&in, format == ON_SETS_ROWS);
  td_file_free(&f);
  if (st == THW_OK) st = arrange(&in);
  void *all[] = {in.set, in.element, in.set_name, in.thing_name};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) on_free(e, all[i]);
  return st;
}

void on_sets_free(on_sets *s) {
  if (!s->e.host) return;
  void *all[] = {s->cost, (void *)s->name, (void *)s->thing, s->from,
                 s->in,   s->member,       s->holder,        s->text};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) on_free(s->e, all[i]);
  *s = (on_sets){0};
}
