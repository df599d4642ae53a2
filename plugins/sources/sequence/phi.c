/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "kernels/data/number.h"
#include "plugins/sources/sequence/phi.h"

static const char *const names[] = {"sin", "cos", "exp", "tanh"};

/* A number, or `none` where there is none: "3" in 3z. */
static const char *number(const char *p, double none, double *v) {
  const char *end = td_number(p, v);
  if (end) return end;
  *v = none;
  return p;
}

/* "sin(3z)" and its like; NULL: it is none. */
static const char *call(const char *p, phi *f) {
  for (int k = 0; k < 4; k++) {
    size_t n = strlen(names[k]);
    if (strncmp(p, names[k], n) != 0 || p[n] != '(') continue;
    f->kind = k;
    p += n + 1;
    int negative = *p == '-' && p[1] == 'z';
    p = negative ? p + 1 : number(p, 1, &f->rate);
    if (negative) f->rate = -1;
    if (*p == '*') p++;
    return p[0] == 'z' && p[1] == ')' ? p + 2 : NULL;
  }
  return NULL;
}

/* "z^3", "z"; NULL: it is none. */
static const char *power(const char *p, phi *f) {
  if (*p++ != 'z') return NULL;
  f->kind = PHI_POWER;
  f->power = 1;
  if (*p != '^') return p;
  if (!isdigit((unsigned char)*++p)) return NULL;
  for (f->power = 0; isdigit((unsigned char)*p); p++) {
    f->power = 10 * f->power + (*p - '0');
    if (f->power > 100) return NULL;
  }
  return p;
}

static const char *one(const char *p, phi *f) {
  *f = (phi){.rate = 1};
  p = number(p, 1, &f->scale);
  if (*p == '*') p++;
  const char *end = *p == 'z' ? power(p, f) : call(p, f);
  if (!end || (*end && !strchr(" ,\t\n", *end))) return NULL;
  return end;
}

thw_status phi_parse(td_env e, const char *text, phi out[PHI_MOST], int *n) {
  *n = 0;
  for (const char *p = text;;) {
    p += strspn(p, " ,\t\n");
    if (!*p) break;
    const char *end = *n < PHI_MOST ? one(p, &out[*n]) : NULL;
    if (!end || !isfinite(out[*n].scale) || !isfinite(out[*n].rate))
      return td_fail(
          e, THW_E_ARG,
          "phi: expected at most %d functions such as sin(3z), 2cos(4z), exp(z), tanh(z) "
          "or 0.5z^3 with blanks between them, found \"%.40s\"",
          PHI_MOST, p);
    (*n)++;
    p = end;
  }
  if (*n == 0) return td_fail(e, THW_E_ARG, "phi: no function: write for example \"sin(3z)\"");
  return THW_OK;
}

double phi_value(const phi *f, double z) {
  switch (f->kind) {
  case PHI_SIN:
    return f->scale * sin(f->rate * z);
  case PHI_COS:
    return f->scale * cos(f->rate * z);
  case PHI_EXP:
    return f->scale * exp(f->rate * z);
  case PHI_TANH:
    return f->scale * tanh(f->rate * z);
  default:
    return f->scale * pow(z, f->power);
  }
}

/* Coefficients of tanh follow from t' = 1 - t^2. */
static double tanh_complexity(const phi *f, double r) {
  enum { TERMS = 160 };
  double c[TERMS] = {0}, sum = 0, x = fabs(f->rate) * r;
  if (x >= 1.5) return (double)INFINITY;
  c[1] = 1;
  for (int i = 1; i + 1 < TERMS; i++) {
    double square = 0;
    for (int j = 0; j <= i; j++) square += c[j] * c[i - j];
    c[i + 1] = -square / (i + 1);
  }
  for (int i = 0; i < TERMS; i++) sum += pow(i + 1, 1.75) * pow(x, i) * fabs(c[i]);
  return fabs(f->scale) * sum;
}

double phi_complexity(const phi *f, double r) {
  double x = fabs(f->rate) * r, term = 1, sum = 0;
  if (f->kind == PHI_POWER) return fabs(f->scale) * pow(f->power + 1, 1.75) * pow(r, f->power);
  if (f->kind == PHI_TANH) return tanh_complexity(f, r);
  for (int i = 0; i < 1000 && (i < 2 * x + 20 || term > 1e-16 * sum); i++) {
    int counts = f->kind == PHI_EXP || (f->kind == PHI_SIN ? i % 2 == 1 : i % 2 == 0);
    if (counts) sum += pow(i + 1, 1.75) * term;
    term *= x / (i + 1);
  }
  return fabs(f->scale) * sum;
}
