/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/online/tsplib.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/data/file.h"
#include "kernels/data/number.h"

#define MOST_CITIES 20000
#define NAME_ROOM 24

typedef struct scanner {
  on_tsplib *t;
  const char *path, *p;
  int64_t line;
  char type[32], format[32];
  double *x, *y;
  int matrix; /* the matrix has been read */
} scanner;

static thw_status complain(const scanner *s, const char *what) {
  return on_fail(s->t->e, THW_E_FORMAT, "%s:%lld: %s", s->path, (long long)s->line, what);
}

static int is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

static void skip_line(scanner *s) {
  while (*s->p && *s->p != '\n') s->p++;
  if (*s->p) s->p++, s->line++;
}

/* Numbers may be anywhere: lines mean nothing in a section. */
static thw_status number(scanner *s, double *v, const char *what) {
  while (is_blank(*s->p) || *s->p == '\n') s->line += *s->p++ == '\n';
  const char *end = td_number(s->p, v);
  if (!end || !isfinite(*v) || !(is_blank(*end) || *end == '\n' || *end == '\0'))
    return complain(s, what);
  s->p = end;
  return THW_OK;
}

/* ---- distances ------------------------------------------------------------------------------- */

static double nint(double v) {
  return floor(v + 0.5);
}

static double radians(double v) {
  double degrees = trunc(v), minutes = v - degrees;
  return 3.141592 * (degrees + 5.0 * minutes / 3.0) / 180.0;
}

static double geographic(double xi, double yi, double xj, double yj) {
  double q1 = cos(radians(yi) - radians(yj)), q2 = cos(radians(xi) - radians(xj)),
         q3 = cos(radians(xi) + radians(xj));
  return trunc(6378.388 * acos(0.5 * ((1.0 + q1) * q2 - (1.0 - q1) * q3)) + 1.0);
}

static double pseudo_euclidean(double dx, double dy) {
  double r = sqrt((dx * dx + dy * dy) / 10.0), t = nint(r);
  return t < r ? t + 1 : t;
}

static int distance(const char *type, const scanner *s, int64_t i, int64_t j, double *d) {
  double dx = s->x[i] - s->x[j], dy = s->y[i] - s->y[j], r = sqrt(dx * dx + dy * dy);
  if (strcmp(type, "EUC_2D") == 0)
    *d = nint(r);
  else if (strcmp(type, "CEIL_2D") == 0)
    *d = ceil(r);
  else if (strcmp(type, "ATT") == 0)
    *d = pseudo_euclidean(dx, dy);
  else if (strcmp(type, "GEO") == 0)
    *d = geographic(s->x[i], s->y[i], s->x[j], s->y[j]);
  else if (strcmp(type, "MAN_2D") == 0)
    *d = nint(fabs(dx) + fabs(dy));
  else if (strcmp(type, "MAX_2D") == 0)
    *d = fmax(nint(fabs(dx)), nint(fabs(dy)));
  else
    return -1;
  return 0;
}

static thw_status measure(scanner *s) {
  int64_t n = s->t->n;
  double *D = s->t->distance;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++) {
      double d = 0;
      if (distance(s->type, s, i, j, &d) != 0)
        return on_fail(s->t->e, THW_E_FORMAT,
                       "%s: EDGE_WEIGHT_TYPE is \"%s\": known are EUC_2D, CEIL_2D, MAN_2D, MAX_2D, "
                       "GEO, ATT and EXPLICIT",
                       s->path, s->type);
      D[i * n + j] = i == j ? 0 : d;
    }
  return THW_OK;
}

/* ---- sections -------------------------------------------------------------------------------- */

static thw_status need_dimension(const scanner *s) {
  return s->t->n > 0 ? THW_OK : complain(s, "DIMENSION must come first");
}

static thw_status coordinates(scanner *s) {
  THW_TRY(need_dimension(s));
  if (s->x) return complain(s, "a second NODE_COORD_SECTION");
  int64_t n = s->t->n;
  THW_TRY(ON_NEW(s->t->e, s->x, n));
  THW_TRY(ON_NEW(s->t->e, s->y, n));
  for (int64_t i = 0; i < n; i++) {
    double id;
    THW_TRY(number(s, &id, "expected the number of a node"));
    if (id != (double)(i + 1)) return complain(s, "nodes are expected in the order 1, 2, ...");
    THW_TRY(number(s, &s->x[i], "expected a coordinate"));
    THW_TRY(number(s, &s->y[i], "expected a coordinate"));
  }
  return THW_OK;
}

/* In which columns row i of the matrix stands in the file. */
static int columns(const char *format, int64_t n, int64_t i, int64_t *from, int64_t *to) {
  static const struct {
    const char *name;
    int shape; /* 0 full, 1 above, 2 above and diagonal, 3 below, 4 below and diagonal */
  } known[] = {{"FULL_MATRIX", 0},    {"UPPER_ROW", 1},      {"UPPER_DIAG_ROW", 2},
               {"LOWER_ROW", 3},      {"LOWER_DIAG_ROW", 4}, {"LOWER_COL", 1},
               {"LOWER_DIAG_COL", 2}, {"UPPER_COL", 3},      {"UPPER_DIAG_COL", 4}};
  for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
    if (strcmp(known[k].name, format) != 0) continue;
    int shape = known[k].shape;
    *from = shape == 1 ? i + 1 : shape == 2 ? i : 0;
    *to = shape == 3 ? i : shape == 4 ? i + 1 : n;
    return 0;
  }
  return -1;
}

static thw_status matrix(scanner *s) {
  THW_TRY(need_dimension(s));
  int64_t n = s->t->n, from, to;
  double *D = s->t->distance;
  for (int64_t i = 0; i < n; i++) {
    if (columns(s->format, n, i, &from, &to) != 0)
      return complain(s,
                      "EDGE_WEIGHT_FORMAT must be FULL_MATRIX or one of UPPER_, LOWER_ with ROW, "
                      "DIAG_ROW, COL, DIAG_COL");
    for (int64_t j = from; j < to; j++) {
      double v;
      THW_TRY(number(s, &v, "expected a distance; there are fewer than the format says"));
      if (v < 0) return complain(s, "a distance is negative");
      if (strcmp(s->format, "FULL_MATRIX") == 0 && j < i && D[j * n + i] != v)
        return complain(s, "the matrix is not symmetric: only symmetric instances are read");
      D[i * n + j] = D[j * n + i] = i == j ? 0 : v;
    }
  }
  s->matrix = 1;
  return THW_OK;
}

static thw_status make_room(on_tsplib *t, int64_t n) {
  t->n = n;
  THW_TRY(ON_NEW(t->e, t->distance, n * n));
  THW_TRY(ON_NEW(t->e, t->city, n));
  THW_TRY(ON_NEW(t->e, t->text, n * NAME_ROOM));
  for (int64_t i = 0; i < n; i++) {
    char *name = t->text + i * NAME_ROOM;
    snprintf(name, NAME_ROOM, "%lld", (long long)i + 1);
    t->city[i] = name;
  }
  return THW_OK;
}

static thw_status dimension(scanner *s, const char *value) {
  double v;
  if (!td_number_whole(value, (int64_t)strlen(value), &v) || v != floor(v) || v < 2 ||
      v > MOST_CITIES)
    return complain(s, "DIMENSION: expected a whole number from 2 to 20000");
  if (s->t->n) return complain(s, "a second DIMENSION");
  return make_room(s->t, (int64_t)v);
}

/* ---- the head -------------------------------------------------------------------------------- */

/* "KEY : VALUE" or "KEY"; the line is passed. */
static void key_value(scanner *s, char *key, char *value, size_t room) {
  size_t k = 0, v = 0;
  while (is_blank(*s->p)) s->p++;
  for (; *s->p && *s->p != '\n' && *s->p != ':' && !is_blank(*s->p); s->p++)
    if (k + 1 < room) key[k++] = *s->p;
  while (is_blank(*s->p) || *s->p == ':') s->p++;
  for (; *s->p && *s->p != '\n'; s->p++)
    if (v + 1 < room) value[v++] = *s->p;
  while (v > 0 && is_blank(value[v - 1])) v--;
  key[k] = value[v] = '\0';
}

static thw_status entry(scanner *s, int *end) {
  char key[128], value[128];
  key_value(s, key, value, sizeof key);
  int section = strlen(key) > 8 && strcmp(key + strlen(key) - 8, "_SECTION") == 0;
  if (section) skip_line(s);
  if (strcmp(key, "EOF") == 0) return *end = 1, THW_OK;
  if (strcmp(key, "TYPE") == 0 && strcmp(value, "TSP") != 0)
    return complain(s, "TYPE must be TSP: only symmetric instances are read");
  if (strcmp(key, "DIMENSION") == 0) THW_TRY(dimension(s, value));
  if (strcmp(key, "EDGE_WEIGHT_TYPE") == 0) snprintf(s->type, sizeof s->type, "%.31s", value);
  if (strcmp(key, "EDGE_WEIGHT_FORMAT") == 0) snprintf(s->format, sizeof s->format, "%.31s", value);
  if (strcmp(key, "NODE_COORD_SECTION") == 0) return coordinates(s);
  if (strcmp(key, "EDGE_WEIGHT_SECTION") == 0) return matrix(s);
  if (section && strcmp(key, "DISPLAY_DATA_SECTION") != 0)
    return complain(s, "a section that no symmetric instance has");
  return THW_OK;
}

static thw_status parse(scanner *s) {
  int end = 0;
  while (*s->p && !end) {
    while (is_blank(*s->p) || *s->p == '\n') s->line += *s->p++ == '\n';
    /* what no key begins: the lines of a section for display */
    if ((*s->p >= 'A' && *s->p <= 'Z'))
      THW_TRY(entry(s, &end));
    else
      skip_line(s);
  }
  THW_TRY(need_dimension(s));
  if (strcmp(s->type, "EXPLICIT") == 0)
    return s->matrix ? THW_OK : complain(s, "there is no EDGE_WEIGHT_SECTION");
  return s->x ? measure(s) : complain(s, "there is no NODE_COORD_SECTION");
}

thw_status on_tsplib_read(on_tsplib *t, on_env e, const char *path) {
  td_file f = {0};
  *t = (on_tsplib){.e = e};
  THW_TRY(td_file_read((td_env){e.host, e.ctx}, path, &f));
  scanner s = {.t = t, .path = path, .p = f.p, .line = 1};
  thw_status st = parse(&s);
  td_file_free(&f);
  on_free(e, s.x);
  on_free(e, s.y);
  return st;
}

thw_status on_tsplib_plain(on_tsplib *t, on_env e, int64_t n) {
  *t = (on_tsplib){.e = e};
  return make_room(t, n);
}

void on_tsplib_free(on_tsplib *t) {
  if (!t->e.host) return;
  on_free(t->e, t->distance);
  on_free(t->e, (void *)t->city);
  on_free(t->e, t->text);
  *t = (on_tsplib){0};
}
