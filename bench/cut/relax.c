/* SPDX-License-Identifier: BSD-3-Clause */
/* relax FILE [RANK [TOLERANCE [plain]]]: the relaxation of a graph in the rudy format, with what it
 * took; one line of numbers for bench.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/host.h"
#include "kernels/cut/cut.h"

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv) {
  long n, m;
  FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;
  if (!f || fscanf(f, "%ld %ld", &n, &m) != 2) return 2;
  int32_t *tail = calloc((size_t)m, sizeof *tail), *head = calloc((size_t)m, sizeof *head);
  double *w = calloc((size_t)m, sizeof *w);
  for (long k = 0; k < m; k++) {
    if (fscanf(f, "%d %d %lf", &tail[k], &head[k], &w[k]) != 3) return 2;
    tail[k]--;
    head[k]--;
  }
  fclose(f);
  tw_session session;
  tw_session_init(&session, 1, THW_F64, 1);
  on_env e = {&tw_host, tw_ctx_new(&session, "relax")};
  cut_graph g;
  cut_sdp *s;
  cut_solution x;
  thw_rng stream = {.key = {1, 2}};
  double began = cpu();
  if (cut_graph_new(&g, e, n, m, tail, head) != THW_OK) return 1;
  if (cut_sdp_new(&g, argc > 2 ? atoi(argv[2]) : 0, 2000, &s) != THW_OK) return 1;
  cut_options o = {argc > 3 ? atof(argv[3]) : 1e-6, 1000000, argc > 4 && argv[4][0] == 'p'};
  if (cut_sdp_solve(s, w, &o, &stream, 0, &x) != THW_OK) return 1;
  double solved = cpu() - began;
  printf("value %.8f bound %.8f gap %.2e rank %ld sweeps %ld products %ld proofs %ld escapes %ld "
         "cpu %.4f converged %d\n",
         x.value, x.bound, (x.bound - x.value) / x.bound, (long)x.rank, (long)x.sweeps,
         (long)x.products, (long)x.proofs, (long)x.escapes, solved, x.converged);
  uint8_t *side = calloc((size_t)n, 1);
  for (int draws = 30; argc > 5 && draws < atoi(argv[5]); draws *= 10) {
    double value, mean;
    began = cpu();
    cut_sdp_round(s, &stream, draws, 1, argc > 6 ? atoi(argv[6]) : 0, side, &value, &mean);
    printf("%d draws: %.0f, mean before the search %.1f, cpu %.2f\n", draws, value, mean,
           cpu() - began);
  }
  return 0;
}
