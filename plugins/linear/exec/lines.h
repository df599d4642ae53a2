/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/linear/exec/lines.h - the words of the protocol between thalweg and a solver. */
#ifndef EXEC_LINES_H
#define EXEC_LINES_H

#include "kernels/online/env.h"

/* What a solver says about itself: "ready 1 <d> <cost|reward> <alpha|none> [norm <R>] [binary]
 * [signed] [names]". */
typedef struct exec_ready {
  int64_t n;
  uint32_t sense;
  double factor, norm; /* NAN: none */
  int binary;          /* coordinates are 0 or 1 */
  int any_sign;        /* coordinates may be negative */
  int names;           /* n lines "name <text>" follow */
} exec_ready;

/* What a line is wrong about, or "". */
typedef struct exec_fault {
  char text[256];
} exec_fault;

/* All return 0 when the line is what it should be. */
int exec_read_ready(const char *line, exec_ready *out, exec_fault *f);
/* "point <id> <k> <i> <x> ... [bound <b>]" into the n numbers at x; *bound NAN: none. */
int exec_read_point(const char *line, uint64_t id, const exec_ready *r, double *x, double *bound,
                    exec_fault *f);
/* "error <id> <text>": the text, or NULL when it is another line. */
const char *exec_read_error(const char *line);

/* "query <id> <n> <c_1> ... <c_n>\n" with numbers in hexadecimal; its length. There is room for
 * EXEC_QUERY_ROOM(n) bytes. */
size_t exec_write_query(char *p, uint64_t id, int64_t n, const double *c);
#define EXEC_QUERY_ROOM(n) (64 + 26 * (n))

#endif
