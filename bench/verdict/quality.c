/* SPDX-License-Identifier: BSD-3-Clause */
/* How good the host's verdict is: points whose smallest eigenvalue is known go through
 * core/verdict.c, and its words are held against the truth. Fails when
 *   - "approximate-local-minimum" at -delta is more frequent than 1 - confidence allows (one-sided
 *     binomial test at 99 %), or
 *   - a saddle is claimed whose direction does not have v'Hv <= -delta/2, or
 *   - a verdict counts other gradients than the oracle did.
 * Prints the confusion table; --json FILE also writes it, with some of the spectra, for
 * bench/verdict/report.py. */
#include <stdio.h>

#include "core/oracle.h"
#include "core/verdict.h"
#include "tests/problems/cells.h"
#include "tests/problems/model.h"

#define EPSILON 0.02
#define LISTED 40 /* points of each cell whose spectra are written */
#define TURN 16   /* points that share a rotation: the search starts in a random direction anyway */

enum { D = 100, SPECTRA = 3, PLACES = 5, WORDS = 4, ROWS = 2000 };

/* Where the smallest eigenvalue is, in units of delta. */
static const double place[PLACES] = {-2, -1, -0.5, 0, 1};
static const char *const spectrum_name[SPECTRA] = {"isolated", "clustered", "spread"};

/* What the Hessian belongs to. */
typedef enum kind {
  FUNCTION, /* n = 1: third derivatives, a small gradient, away from the origin */
  SUM,      /* rows with Hessians of their own */
  STREAM    /* the same without end */
} kind;
static const char *const kind_name[3] = {"function", "sum", "stream"};

typedef struct setting {
  kind kind;
  double delta, confidence;
  int points, at_delta; /* in each cell; where the smallest eigenvalue is -delta */
} setting;

typedef struct cell {
  int points, words[WORDS];
  double *cost;       /* component gradients of each verdict */
  double least, most; /* true v'Hv / delta of the directions */
  int untrue, miscounted;
} cell;

static int failures;

/* ---- spectra --------------------------------------------------------------------------------- */

/* Mean of two uniform numbers and a third: a hump in the middle of [0, 1]. */
static double hump(thw_rng *r) {
  return (thw_rng_uniform(r) + thw_rng_uniform(r) + thw_rng_uniform(r)) / 3;
}

/* `low` is the smallest eigenvalue, 1 the largest. */
static void spectrum(int which, double low, double delta, thw_rng *r, double *lam) {
  double gap = fmax(low + delta, 0);
  lam[0] = low;
  lam[1] = 1;
  for (int i = 2; i < D; i++)
    if (which == 0) /* one by itself, the rest at least delta above it */
      lam[i] = gap + (1 - gap) * thw_rng_uniform(r);
    else if (which == 1) /* a fifth of them within delta/5 of the smallest */
      lam[i] =
          i < D / 5 ? low + 0.2 * delta * thw_rng_uniform(r) : gap + (1 - gap) * thw_rng_uniform(r);
    else /* a bulk from the smallest to the largest */
      lam[i] = low + (1 - low) * hump(r);
}

/* ---- one point ------------------------------------------------------------------------------- */

static double true_curvature(const double *a, thw_vec *v) {
  double x[2 * D];
  thw_view w;
  v->ops->map(v, THW_READ, &w);
  tp_read(&w, x);
  v->ops->unmap(v, THW_READ);
  tp_symv(D, a, x, x + D);
  return tp_dot(D, x, x + D) / tp_dot(D, x, x);
}

static void random_of_norm(double norm, thw_rng *r, double *out) {
  for (int j = 0; j < D; j++) out[j] = thw_rng_normal(r);
  double scale = norm / sqrt(tp_dot(D, out, out));
  for (int j = 0; j < D; j++) out[j] *= scale;
}

static void count(cell *c, int i, const setting *s, const double *a, const tw_verdict *v,
                  int64_t cost) {
  c->words[v->kind]++;
  c->cost[i] = (double)v->gradients;
  if (v->gradients != cost) c->miscounted++;
  if (v->kind != TW_SADDLE) return;
  double z = true_curvature(a, v->direction) / s->delta;
  c->least = fmin(c->least, z);
  c->most = fmax(c->most, z);
  if (!(z <= -0.5 + 1e-5)) c->untrue++; /* of products by differences */
}

static void judge(cell *c, int i, uint32_t seed, const setting *s, const tp_model *m,
                  const double *a, thw_rng *r) {
  tw_session session = {.seed = seed, .dtype = THW_F64, .threads = 1};
  thw_ctx *ctx = tw_ctx_new(&session, "verdict");
  tp_oracle *rows = tp_oracle_new(m, THW_F64, s->kind == STREAM);
  tw_verdict_options o = {
      .epsilon = EPSILON, .delta = s->delta, .confidence = s->confidence, .smooth = 1};
  tw_oracle *oracle;
  tw_verdict v;
  tw_diags d = {0};
  thw_vec *x;
  if (!ctx || tw_oracle_new(&session, ctx, tp_oracle_object(rows), 1, &oracle) != THW_OK) abort();
  if (s->kind == STREAM) o.passes = 1e9;
  const thw_object *f = tw_oracle_object(oracle);
  if (thw_vec_new(tp_oracle_space(rows), &x) != THW_OK) abort();
  if (thw_oracle_(f)->start_point(f->self, x, r) != THW_OK) abort();
  if (tw_verdict_judge(f, ctx, &o, x, &v, &d) != THW_OK) abort();
  count(c, i, s, a, &v, tp_oracle_cost(rows));
  tw_verdict_clear(&v);
  tw_diags_free(&d);
  thw_vec_free(x);
  tw_oracle_free(oracle);
  tp_oracle_free(rows);
  tw_ctx_free(ctx);
}

/* ---- rotations ------------------------------------------------------------------------------- */

/* a = R diag(lam) R' for the R in `turn`. */
static void turned(const double *turn, const double *lam, double *a) {
  memset(a, 0, D * D * sizeof *a);
  for (int k = 0; k < D; k++)
    for (int i = 0; i < D; i++) {
      double c = lam[k] * turn[k * D + i];
      for (int j = 0; j < D; j++) a[i * D + j] += c * turn[k * D + j];
    }
  for (int i = 0; i < D; i++)
    for (int j = 0; j < i; j++) a[i * D + j] = a[j * D + i];
}

/* Haar-distributed: rows of the orthogonal factor of a Gaussian matrix, by Gram-Schmidt, twice. */
static void rotation(thw_rng *r, double *q) {
  for (int i = 0; i < D; i++) {
    double *row = q + i * D;
    random_of_norm(1, r, row);
    for (int pass = 0; pass < 2; pass++)
      for (int k = 0; k < i; k++) {
        double c = tp_dot(D, row, q + k * D);
        for (int j = 0; j < D; j++) row[j] -= c * q[k * D + j];
      }
    double scale = 1 / sqrt(tp_dot(D, row, row));
    for (int j = 0; j < D; j++) row[j] *= scale;
  }
}

/* ---- a cell ---------------------------------------------------------------------------------- */

static void list_spectrum(FILE *json, int first, const double *lam, double cost) {
  fprintf(json, "%s{\"gradients\": %.0f, \"eigenvalues\": [", first ? "" : ", ", cost);
  for (int i = 0; i < D; i++) fprintf(json, "%s%.17g", i ? ", " : "", lam[i]);
  fprintf(json, "]}");
}

static tp_model point(const setting *s, const tp_model *rows, const double *a, thw_rng *r) {
  double g[D], at[D];
  if (s->kind != FUNCTION) {
    tp_model m = *rows;
    tp_quartic_matrix(&m, a);
    return m;
  }
  random_of_norm(EPSILON / 2, r, g);
  random_of_norm(1, r, at);
  return tp_cubic(D, a, 1, g, at);
}

static cell run_cell(const setting *s, int which, int where, const tp_model *rows, double *turn,
                     double *a, FILE *json) {
  cell c = {
      .points = place[where] == -1 ? s->at_delta : s->points, .least = INFINITY, .most = -INFINITY};
  double lam[D];
  c.cost = tp_doubles(c.points);
  for (int i = 0; i < c.points; i++) {
    uint32_t seed =
        (uint32_t)(((int)s->kind * SPECTRA + which) * PLACES + where) * 100000 + (uint32_t)i;
    thw_rng r = {.key = {seed, 81}};
    if (i % TURN == 0) rotation(&r, turn);
    spectrum(which, place[where] * s->delta, s->delta, &r, lam);
    turned(turn, lam, a);
    tp_model m = point(s, rows, a, &r);
    judge(&c, i, seed, s, &m, a, &r);
    if (s->kind == FUNCTION) tp_model_free(&m);
    if (json && i < LISTED) list_spectrum(json, i == 0, lam, c.cost[i]);
  }
  return c;
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* P(X >= k), X binomial(n, p). */
static double tail(int n, double p, int k) {
  double sum = 0;
  for (int i = k; i <= n; i++)
    sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) + i * log(p) +
               (n - i) * log1p(-p));
  return fmin(sum, 1);
}

static void fail(const char *what) {
  printf("  FAILED: %s\n", what);
  failures++;
}

static void examine(const setting *s, int where, const cell *c) {
  if (c->untrue) fail("a saddle's direction does not have v'Hv <= -delta/2");
  if (c->miscounted) fail("a verdict's cost is not what the oracle counted");
  if (place[where] >= 0 && c->words[TW_SADDLE]) fail("a saddle without negative curvature");
  if (place[where] > -1) return;
  int wrong = c->words[TW_LOCAL_MINIMUM];
  double chance = tail(c->points, 1 - s->confidence, wrong);
  if (chance >= 0.01) return;
  fail("more false minima than the confidence allows");
  printf("    %d of %d at confidence %g: the chance of that is %.2g\n", wrong, c->points,
         s->confidence, chance);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void print_cell(int which, int where, cell *c) {
  double median = tp_median(c->cost, c->points); /* sorts */
  printf("  %-10s %4.1f %6d %6d %6d %6d   %9.0f %9.0f", spectrum_name[which], place[where],
         c->words[TW_LOCAL_MINIMUM], c->words[TW_SADDLE], c->words[TW_NOT_STATIONARY],
         c->words[TW_UNKNOWN], median, c->cost[c->points - 1]);
  if (c->words[TW_SADDLE]) printf("   %.3f..%.3f", c->least, c->most);
  printf("\n");
}

static void write_cell(FILE *json, const setting *s, int which, int where, cell *c) {
  double median = tp_median(c->cost, c->points), sum = 0;
  for (int i = 0; i < c->points; i++) sum += c->cost[i];
  fprintf(json,
          "], \"kind\": \"%s\", \"n\": %d, \"delta\": %g, \"confidence\": %g, \"spectrum\": "
          "\"%s\", \"place\": %g, \"points\": %d, \"minimum\": %d, \"saddle\": %d, "
          "\"not_stationary\": %d, \"unknown\": %d, \"median\": %.17g, \"mean\": %.17g, "
          "\"max\": %.17g",
          kind_name[s->kind],
          s->kind == FUNCTION ? 1
          : s->kind == SUM    ? ROWS
                              : -1,
          s->delta, s->confidence, spectrum_name[which], place[where], c->points,
          c->words[TW_LOCAL_MINIMUM], c->words[TW_SADDLE], c->words[TW_NOT_STATIONARY],
          c->words[TW_UNKNOWN], median, sum / c->points, c->cost[c->points - 1]);
  if (c->words[TW_SADDLE]) fprintf(json, ", \"least\": %.17g, \"most\": %.17g", c->least, c->most);
  fprintf(json, "}");
}

static void table(const setting *s, const tp_model *rows, FILE *json, int *first) {
  double *turn = tp_doubles(D * D), *a = tp_doubles(D * D);
  printf("%s, delta %g, confidence %g\n  spectrum    low  minim saddle  slope"
         " unknown     median       max   true v'Hv / delta\n",
         kind_name[s->kind], s->delta, s->confidence);
  for (int which = 0; which < SPECTRA; which++)
    for (int where = 0; where < PLACES; where++) {
      if (json) fprintf(json, "%s{\"listed\": [", *first ? "" : ",\n");
      *first = 0;
      cell c = run_cell(s, which, where, rows, turn, a, json);
      print_cell(which, where, &c);
      examine(s, where, &c);
      if (json) write_cell(json, s, which, where, &c);
      free(c.cost);
    }
  free(turn);
  free(a);
}

/* ---- the program ----------------------------------------------------------------------------- */

typedef struct arguments {
  int points, at_delta, quick;
  const char *json;
} arguments;

static int usage(void) {
  fprintf(stderr, "usage: verdict_quality [--quick] [--points N] [--at-delta N] [--json FILE]\n");
  return 2;
}

static int parse(int argc, char **argv, arguments *a) {
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(argv[i], "--quick") == 0) {
      *a = (arguments){.points = 7, .at_delta = 7, .quick = 1, .json = a->json};
      continue;
    }
    if (strcmp(argv[i], "--points") == 0)
      a->points = atoi(value);
    else if (strcmp(argv[i], "--at-delta") == 0)
      a->at_delta = atoi(value);
    else if (strcmp(argv[i], "--json") == 0)
      a->json = value;
    else
      return 0;
    i++;
  }
  return a->points > 0 && a->at_delta > 0 && (!a->json || *a->json);
}

static void tables(const arguments *given, FILE *json) {
  static const double confidence[2] = {0.9, 0.99}, delta[2] = {0.1, 0.01};
  thw_rng r = {.key = {80, 81}};
  double *a = tp_doubles(D * D);
  tp_model sum = tp_quartic(ROWS, D, a, 0.5, 0, &r), stream = tp_quartic(20000, D, a, 0.5, 0.1, &r);
  int first = 1;
  for (int k = FUNCTION; k <= STREAM; k++)
    for (int j = 0; j < (k == STREAM || given->quick ? 1 : 2); j++)
      for (int i = 0; i < (given->quick ? 1 : 2); i++) {
        setting s = {(kind)k, delta[j], confidence[i], given->points, given->at_delta};
        table(&s, k == SUM ? &sum : &stream, json, &first);
      }
  tp_model_free(&sum);
  tp_model_free(&stream);
  free(a);
}

int main(int argc, char **argv) {
  arguments a = {.points = 67, .at_delta = 1000};
  FILE *json = NULL;
  if (!parse(argc, argv, &a)) return usage();
  if (a.json && !(json = fopen(a.json, "w"))) {
    perror(a.json);
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (json) fprintf(json, "[");
  tables(&a, json);
  if (json) fprintf(json, "]\n");
  if (json && fclose(json) != 0) {
    perror(a.json);
    return 2;
  }
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
