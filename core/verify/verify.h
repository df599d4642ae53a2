/* SPDX-License-Identifier: BSD-3-Clause */
/* core/verify/verify.h - the conformance tool behind `thalweg verify`.
 *
 * Every check has a name and a sentence and runs in a child process of its own with a time limit:
 * a plugin that crashes, hangs or exits fails one check and is named. The process that reports
 * never loads the plugin. */
#ifndef TW_VERIFY_H
#define TW_VERIFY_H

#include <stdint.h>
#include <stdio.h>

#include "core/error.h"

typedef struct tw_verify_options {
  const char *file;
  const char *const *sets; /* NAME=VALUE for the parameters of the component */
  size_t n_sets;
  const char *component; /* only this id; NULL: all */
  const char *check;     /* only this check; NULL: all that apply */
  int in_process;        /* no child, no time limit: for a debugger */
  int json;
  double seconds; /* processor time that each check may take */
  uint64_t seed;  /* of random parameters and damaged state */
} tw_verify_options;

/* Returns an exit status: 0, 2 (no such file, check or component) or 3 (a check failed). */
int tw_verify(const tw_verify_options *o, FILE *out, tw_diags *d);
/* The checks, one per line: kinds, name, sentence. */
void tw_verify_list(FILE *out, int json);

#endif
