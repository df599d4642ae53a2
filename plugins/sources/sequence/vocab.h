/* SPDX-License-Identifier: BSD-3-Clause */
/* The characters of a text: bytes, or code points of UTF-8, numbered in order of value. */
#ifndef THALWEG_SOURCES_SEQUENCE_VOCAB_H
#define THALWEG_SOURCES_SEQUENCE_VOCAB_H

#include "kernels/data/env.h"
#include "kernels/data/file.h"

enum { VOCAB_BYTE, VOCAB_CHARACTER };

typedef struct vocab {
  int64_t n;         /* different ones                                                      */
  char (*text)[5];   /* each as the file writes it, NUL at the end                          */
  const char **name; /* pointers to those                                                   */
} vocab;

/* Reads a text as tokens: *tokens is a td_array of *n numbers. Invalid UTF-8 is an error that says
 * where. */
thw_status vocab_read(td_env e, const td_file *f, int32_t unit, vocab *v, int32_t **tokens,
                      int64_t *n);
void vocab_free(vocab *v);

#endif
