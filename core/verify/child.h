/* SPDX-License-Identifier: BSD-3-Clause */
/* core/verify/child.h - one check in a process of its own. */
#ifndef TW_VERIFY_CHILD_H
#define TW_VERIFY_CHILD_H

#include "core/verify/priv.h"

typedef struct vf_answer {
  vf_outcome outcome;
  char *text; /* the reason, or what `body` had to say; never NULL; caller frees */
} vf_answer;

/* Runs body(arg, output, &answer) in a child with standard output and error caught in a file, and
 * brings its answer back. A child that ends without one has failed: the text says how. */
vf_answer vf_in_child(double seconds, void (*body)(void *arg, int output, vf_answer *a), void *arg);

#endif
