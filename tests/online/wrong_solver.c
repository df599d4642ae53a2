/* SPDX-License-Identifier: BSD-3-Clause */
/* A solver for the protocol of the oracle "exec" that goes wrong on purpose: it answers with vertex
 * covers of a small graph until question 5 (or FROM), and from then on, as long as FILE exists,
 * does what MODE says. usage: wrong_solver MODE FILE [FROM] */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODES 7

static const int edge[][2] = {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 0}, {0, 3}};
static const char *mode, *file;
static char line[100000];
static int in[NODES];
static long from = 5;

static int is(const char *m) {
  return strcmp(mode, m) == 0;
}

static double cover(const double *c) {
  double left[NODES], bound = 0;
  memcpy(left, c, sizeof left);
  for (size_t e = 0; e < sizeof edge / sizeof edge[0]; e++) {
    double m = fmin(left[edge[e][0]], left[edge[e][1]]);
    left[edge[e][0]] -= m;
    left[edge[e][1]] -= m;
    bound += m;
  }
  for (int v = 0; v < NODES; v++) in[v] = left[v] <= 1e-12;
  return bound;
}

/* Another problem altogether, done right: the cheapest of five. */
static void five_experts(char *p) {
  int best = 0;
  double c[5];
  long id = strtol(p, &p, 10);
  strtol(p, &p, 10);
  for (int i = 0; i < 5; i++) {
    c[i] = strtod(p, &p);
    if (c[i] < c[best]) best = i;
  }
  printf("point %ld 1 %d 1\n", id, best);
  fflush(stdout);
}

static void answer(long id, const char *tail) {
  int k = 0;
  for (int v = 0; v < NODES; v++) k += in[v];
  printf("point %ld %d", id, k);
  for (int v = 0; v < NODES; v++)
    if (in[v]) printf(" %d 1", v);
  printf("%s", tail);
  fflush(stdout);
}

static void wait_for_ever(void) {
  for (;;) pause();
}

/* What ends the conversation. */
static void stop_talking(void) {
  if (is("hang")) wait_for_ever();
  if (is("crash")) {
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
  }
  if (is("crash-once")) {
    remove(file);
    abort();
  }
  if (is("exit")) exit(3);
  if (is("half") || is("half-exit")) {
    printf("point 5 3 0 1 2");
    fflush(stdout);
    if (is("half")) wait_for_ever();
    exit(0);
  }
  if (is("closed")) {
    close(1);
    wait_for_ever();
  }
  if (is("huge"))
    for (;;) fputs("point point point point ", stdout);
}

/* What is no answer, or none to this question. */
static int talk_wrong(long id) {
  if (is("garbage")) return printf("Optimal solution found in 0.01 s\n");
  if (is("empty")) return printf("\n");
  if (is("nan")) return printf("point %ld 1 0 nan\n", id);
  if (is("infinite")) return printf("point %ld 1 0 1e999\n", id);
  if (is("range")) return printf("point %ld 1 %d 1\n", id, NODES);
  if (is("negative-index")) return printf("point %ld 1 -1 1\n", id);
  if (is("twice")) return printf("point %ld 2 0 1 0 1\n", id);
  if (is("fraction")) return printf("point %ld 1 0 0.5\n", id);
  if (is("short")) return printf("point %ld 3 0 1\n", id);
  if (is("long")) return printf("point %ld 1 0 1 2 1\n", id);
  if (is("other-question")) return printf("point %ld 1 0 1\n", id + 7);
  if (is("error")) return printf("error %ld the licence has expired\n", id);
  if (is("two-answers")) {
    answer(id, "\n");
    return answer(id, "\n"), 1;
  }
  return 0;
}

static void query(char *p) {
  double c[NODES], bound;
  long id = strtol(p, &p, 10);
  strtol(p, &p, 10);
  for (int v = 0; v < NODES; v++) c[v] = strtod(p, &p);
  bound = cover(c);
  int wrong = id >= from && access(file, F_OK) == 0;
  if (wrong) stop_talking();
  if (wrong && talk_wrong(id)) {
    fflush(stdout);
    return;
  }
  if (wrong && is("infeasible"))
    for (int v = 0; v < NODES; v++) in[v] = v == 0;
  if (wrong && (is("costly") || is("too-costly")))
    for (int v = 0; v < NODES; v++) in[v] = 1;
  if (wrong && is("bound")) bound = 1e3;
  char tail[64];
  snprintf(tail, sizeof tail, " bound %a\n", bound);
  if (wrong && is("infeasible")) strcpy(tail, "\n");
  answer(id, tail);
  if (wrong && is("deaf")) { /* answers once, then listens no more */
    close(0);
    wait_for_ever();
  }
}

static int greet(void) {
  if (is("experts")) return puts("ready 1 5 cost 1 binary");
  if (is("hello-hang")) wait_for_ever();
  if (is("hello-exit")) exit(1);
  if (is("hello-garbage")) return puts("Welcome to SuperSolver 7");
  if (is("hello-version")) return puts("ready 2 7 cost 2");
  if (is("hello-zero")) return puts("ready 1 0 cost 2");
  if (is("hello-alpha")) return puts("ready 1 7 cost 0.5");
  if (is("hello-option")) return puts("ready 1 7 cost 2 turbo");
  if (is("hello-names")) return puts("ready 1 7 cost 2 names\nname a\nready");
  if (is("hello-changes")) return printf("ready 1 %d cost 2 binary\n", access(file, F_OK) ? 6 : 7);
  return printf("ready 1 %d cost %s binary\n", NODES, is("too-costly") ? "1.9" : "2");
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  if (argc > 3) from = atol(argv[3]);
  mode = argv[1];
  file = argv[2];
  while (fgets(line, sizeof line, stdin)) {
    if (strncmp(line, "hello", 5) == 0) {
      greet();
      fflush(stdout);
      if (is("hello-changes")) {
        remove(file);
        return 0;
      }
    }
    if (strncmp(line, "query ", 6) == 0) is("experts") ? five_experts(line + 6) : query(line + 6);
    if (strncmp(line, "quit", 4) == 0) return 0;
  }
  return 0;
}
