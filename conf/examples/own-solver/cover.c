/* SPDX-License-Identifier: BSD-3-Clause */
/* Vertex covers of at most twice the least weight: a solver of one's own for thalweg.
 *
 *   cc -O2 -o cover cover.c -lm      then: cover EDGES, a file of "A B" lines
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

static char name[1000][32], line[100000];
static double left[1000];
static int a[10000], b[10000], n, m;

static int number(const char *s) {
  int v = 0;
  while (v < n && strcmp(name[v], s) != 0) v++;
  if (v == n) strcpy(name[n++], s);
  return v;
}

int main(int argc, char **argv) {
  char x[32], y[32], word[32];
  FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;
  while (f && fgets(line, sizeof line, f))
    if (line[0] != '#' && sscanf(line, "%31s %31s", x, y) == 2)
      a[m] = number(x), b[m++] = number(y);
  while (scanf("%31s", word) == 1 && strcmp(word, "quit") != 0) {
    long id, d, k = 0;
    double bound = 0, most = 0;
    if (strcmp(word, "hello") == 0) {
      printf("ready 1 %d cost 2 binary names\n", n);
      for (int v = 0; v < n; v++) printf("name %s\n", name[v]);
      if (scanf("%ld", &d) != 1) return 1;
    } else if (scanf("%ld %ld", &id, &d) == 2) {
      for (int v = 0; v < n && scanf("%lf", &left[v]) == 1; v++) most = fmax(most, left[v]);
      for (int e = 0; e < m; e++) { /* both ends of an edge pay what the cheaper one has left */
        double pay = fmin(left[a[e]], left[b[e]]);
        left[a[e]] -= pay, left[b[e]] -= pay, bound += pay;
      }
      for (int v = 0; v < n; v++) k += left[v] <= 1e-12 * most;
      printf("point %ld %ld", id, k);
      for (int v = 0; v < n; v++)
        if (left[v] <= 1e-12 * most) printf(" %d 1", v);
      printf(" bound %a\n", bound);
    }
    fflush(stdout);
  }
  return 0;
}
