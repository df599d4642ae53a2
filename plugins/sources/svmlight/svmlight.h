/* SPDX-License-Identifier: BSD-3-Clause */
/* The LIBSVM / SVMlight text format: `label [qid:n] index:value ... [# comment]`, a row a line. */
#ifndef THALWEG_SOURCES_SVMLIGHT_H
#define THALWEG_SOURCES_SVMLIGHT_H

#include <thalweg/thalweg.h>

#include "kernels/data/file.h"
#include "kernels/data/table.h"

enum { SVM_BASE_AUTO, SVM_BASE_0, SVM_BASE_1 };

typedef struct svm_reader {
  td_env env;
  uint32_t dtype;
  int32_t base;     /* SVM_BASE_*; AUTO: 1 unless `saw_zero` comes out                      */
  int32_t labels;   /* TD_LABELS_*                                                          */
  int32_t sort;     /* rows whose indices are not ascending: sorted, or refused             */
  int64_t features; /* width that is allowed; 0: any                                        */
  int saw_zero;     /* out: base is AUTO and an index is 0: read again with SVM_BASE_0      */
  int64_t sorted;   /* out: rows that had to be sorted                                      */
} svm_reader;

/* Chunks of about that many bytes are parsed independently; their size is fixed, so the result does
 * not depend on the number of threads. */
#define SVM_CHUNK (256 * 1024)

/* A part of the file that begins and ends at a line, and where its rows go. */
typedef struct svm_chunk {
  const char *p, *end; /* end: after a newline                                              */
  int64_t line;        /* number of the first line                                          */
  int64_t rows, stored;
  int64_t width;
  double *y;
  int64_t *start; /* start[r]: first value of row r, counted in this chunk; one entry a row  */
  int32_t *col;
  void *x;
  int valued; /* x is written: some value is not 1                                          */
  int saw_zero;
  int64_t sorted;
  td_dict labels;
  thw_status status;
  char text[256]; /* of an error, with the line number in front                             */
} svm_chunk;

void svm_parse_chunk(const svm_reader *r, svm_chunk *c);
/* Writes 1 for the values 0 .. stored-1 of a chunk that has only ones so far. */
void svm_fill_ones(const svm_reader *r, svm_chunk *c);

/* Parses a whole text (as td_file_read leaves it) into set->n, width, x, start, col, y, labels. */
thw_status svm_parse(svm_reader *r, const td_file *f, td_set *set);

#endif
