/* SPDX-License-Identifier: BSD-3-Clause */
/* core/error.h - how the host says what went wrong.
 *
 * Host functions return a thw_status and leave the words in a tw_diags: a list, because a user
 * wants all the errors of a pipeline file at once. Each text is whole: file and line where there
 * is one, what was expected, what was found, what to do. */
#ifndef TW_ERROR_H
#define TW_ERROR_H

#include <stddef.h>

#include <thalweg/base.h>

typedef struct tw_diag {
  int is_warning;
  char *text;
} tw_diag;

/* Zero-initialise; free with tw_diags_free. Not shared between threads. */
typedef struct tw_diags {
  tw_diag *v;
  size_t n, cap;
  size_t errors; /* entries that are not warnings */
} tw_diags;

/* Both take a printf format. tw_error returns `code` for `return tw_error(...)`. */
thw_status tw_error(tw_diags *d, thw_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void tw_warn(tw_diags *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prints each entry on a line of its own to stderr ("thalweg: error: ...") and empties the list. */
void tw_diags_print(tw_diags *d);
void tw_diags_free(tw_diags *d);

/* printf into new memory; aborts the process with a message when memory is out. The host's own
 * small allocations go through these three; plugins' memory and vectors do not. */
char *tw_sprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *tw_calloc(size_t n, size_t size);
void *tw_realloc(void *p, size_t size);
char *tw_strdup(const char *s);

/* The nearest of `n` names to `word` for a "did you mean", or NULL when none is near. */
const char *tw_nearest(const char *word, const char *const *names, size_t n);

#endif
