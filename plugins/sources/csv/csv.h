/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables as text: fields between separators, rows in lines (RFC 4180 and its relatives). */
#ifndef THALWEG_SOURCES_CSV_H
#define THALWEG_SOURCES_CSV_H

#include <thalweg/thalweg.h>

#include "kernels/data/file.h"
#include "kernels/data/table.h"

enum { CSV_SEP_AUTO, CSV_SEP_COMMA, CSV_SEP_TAB, CSV_SEP_SEMICOLON, CSV_SEP_SPACE };
enum { CSV_HEADER_AUTO, CSV_HEADER_YES, CSV_HEADER_NO };
enum { CSV_MISSING_REFUSE, CSV_MISSING_ZERO, CSV_MISSING_MEAN };

struct csv_params {
  const char *path, *test, *valid;
  const char *label, *drop;
  int32_t separator, header, missing;
  TD_COMMON
};

/* ---- fields ------------------------------------------------------------------------------------
 */

typedef struct csv_field {
  const char *p; /* blanks around it and quotes are taken off                               */
  int64_t n;
  int quoted;
} csv_field;

typedef struct csv_scan {
  td_env env;
  const char *path;
  const char *p, *end; /* end: the newline that closes the text                             */
  int64_t line;        /* of p                                                              */
  char sep;
  char *scratch; /* malloc'ed; the last field with doubled quotes                           */
  size_t room;
} csv_scan;

/* The separator that the first line is written with. */
char csv_guess_separator(const td_file *f);
char csv_separator(int32_t choice, const td_file *f);
void csv_open(csv_scan *s, td_env e, const td_file *f, char sep);
void csv_close(csv_scan *s);
/* Over empty lines; 0 at the end of the text. */
int csv_more(csv_scan *s);
/* The next field of a row; *last: it ends the row. Valid until the next call. */
thw_status csv_next(csv_scan *s, csv_field *f, int *last);
/* A text that stands for "not known". */
int csv_is_missing(const csv_field *f);

/* ---- columns -----------------------------------------------------------------------------------
 */

enum { CSV_FEATURE, CSV_LABEL, CSV_DROPPED };

typedef struct csv_columns {
  int64_t n, features;
  unsigned char *role; /* n of CSV_*                                                        */
  char **name;         /* n names, or NULL without a header                                 */
  int has_label;
} csv_columns;

/* Reads the first row, decides whether it is a header (then the scan goes on behind it), and what
 * each column is for. `like`: the training set's columns, which these must match; or NULL. */
thw_status csv_columns_read(csv_scan *s, const struct csv_params *p, const csv_columns *like,
                            csv_columns *out);
void csv_columns_free(csv_columns *c);
/* How column j (from 0) is called in messages: `column "age"` or `column 3`. */
const char *csv_column_name(const csv_columns *c, int64_t j, char out[64]);

/* ---- rows --------------------------------------------------------------------------------------
 */

typedef struct csv_reader {
  td_env env;
  uint32_t dtype;
  const struct csv_params *p;
  int words;     /* labels are taken as words                                               */
  int saw_word;  /* out: a label is not a number: read again with `words`                   */
  int64_t holes; /* out: missing values, NaN in x                                           */
} csv_reader;

/* Parses a whole text into set->n, width, x, y, labels. */
thw_status csv_parse(csv_reader *r, const td_file *f, const csv_columns *like, csv_columns *columns,
                     td_set *set);

#endif
