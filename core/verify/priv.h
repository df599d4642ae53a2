/* SPDX-License-Identifier: BSD-3-Clause */
/* core/verify/priv.h - what the files of the conformance tool share. */
#ifndef TW_VERIFY_PRIV_H
#define TW_VERIFY_PRIV_H

#include <stdint.h>

#include <thalweg/thalweg.h>

#include "core/host.h"
#include "core/schema.h"
#include "core/verify/verify.h"

/* ---- checks ---------------------------------------------------------------------------------- */

typedef enum vf_outcome { VF_PASS, VF_WARN, VF_SKIP, VF_FAIL, VF_OUTCOMES } vf_outcome;

/* One check of one component (or of the plugin as a whole), as the function that makes it sees it.
 */
typedef struct vf_case {
  const tw_verify_options *o;
  const thw_plugin *plugin;       /* NULL for the checks that load it */
  const thw_component *component; /* NULL for checks of the plugin */
  tw_session session;
  vf_outcome outcome; /* the worst so far */
  char *reason;
  int output; /* what the plugin has written so far to standard output and error, open for reading;
                 -1: not captured */
} vf_case;

/* Record an outcome and its reason in printf style; the first of the worst stays. All return -1,
 * for `return vf_fail(...)`. */
int vf_fail(vf_case *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int vf_warn(vf_case *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int vf_skip(vf_case *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define VF_PLUGIN 0u /* instead of a set of kinds: once per plugin */
#define VF_KIND(k) (1u << (k))
#define VF_ANY                                                                                     \
  (VF_KIND(THW_SOURCE) | VF_KIND(THW_MODEL) | VF_KIND(THW_ORACLE) | VF_KIND(THW_OPTIMIZER) |       \
   VF_KIND(THW_LINEAR) | VF_KIND(THW_ROUNDS) | VF_KIND(THW_LEARNER))

typedef struct vf_check {
  const char *name;
  uint32_t kinds;
  const char *sentence;
  /* 0 when it ran to its end (see k->outcome), -1 when it stopped early. */
  int (*run)(vf_case *k);
} vf_check;

/* Tables, each ending in a check without a name. */
extern const vf_check vf_checks_plugin[], vf_checks_any[], vf_checks_source[], vf_checks_model[],
    vf_checks_facts[], vf_checks_oracle[], vf_checks_slots[], vf_checks_optimizer[],
    vf_checks_online[], vf_checks_state[];
/* A check of its own file. */
int vf_any_parameters(vf_case *k);
/* The i-th of all checks, or NULL. */
const vf_check *vf_check_at(size_t i);

/* ---- the host that plugins see -----------------------------------------------------------------
 */

/* The tables of core/host.c with a counter in front of everything that takes memory. One check per
 * process, so the state is the process's. */
typedef struct vf_memory {
  int64_t count;   /* allocations, vectors, spaces asked for so far */
  int64_t fail_at; /* this one and all after it get nothing; 0: never */
  int64_t vectors; /* alive */
  size_t largest;  /* bytes; larger requests get nothing; 0: no limit */
  int watched;     /* `plain` means something */
  int64_t plain;   /* calls of malloc and its relatives by the plugin itself */
} vf_memory;
extern vf_memory vf_mem;
extern const thw_host vf_host;

/* Before the plugin is loaded, and after: from then on its own calls of malloc are counted. */
void *vf_malloc_mark(void);
void vf_malloc_watch(void *mark);

/* A space whose vectors are counted. */
thw_space *vf_space_new(uint32_t dtype, int64_t n);

/* ---- built-in components that the one under test is wired to ------------------------------------
 */

/* Sources: what the rows look like. */
enum {
  VF_DENSE_TWO,   /* two classes */
  VF_DENSE_THREE, /* three classes */
  VF_DENSE_REAL,  /* numbers */
  VF_CSR_TWO,
  VF_CSR_THREE,
  VF_CSR_REAL,
  VF_CSR_ONES,   /* two classes, every stored value is 1 and not stored */
  VF_IMAGES,     /* rows with a shape */
  VF_DENSE_NONE, /* no labels */
  VF_NUMBERS,    /* row numbers only, no features */
  VF_SEQ_REAL,   /* sequences of vectors, two numbers at each step but the first */
  VF_SEQ_CLASS,  /* sequences of vectors, of several lengths, one class each */
  VF_SEQ_TOKENS, /* chunks of streams of tokens, the next one at each step */
  VF_VARIANTS
};
const char *vf_variant_name(int variant);

typedef struct vf_rows vf_rows; /* a source with sets "train" and "test" */
vf_rows *vf_rows_new(uint32_t dtype, int variant, int64_t n);
void vf_rows_free(vf_rows *r);
const thw_object *vf_rows_object(vf_rows *r);
const thw_rows *vf_rows_raw(const vf_rows *r, uint32_t set);
/* Its sequences (fixture_seq.c). */
int vf_seq_classes(int variant);
void vf_seq_describe(int variant, thw_source_info *out);
void vf_seq_fill(int variant, thw_rows *out, uint32_t dtype, int64_t n, thw_rng *r);

typedef struct vf_squares vf_squares; /* a model: squared error over dense rows with numbers */
vf_squares *vf_squares_new(const thw_object *source);
void vf_squares_free(vf_squares *m);
const thw_object *vf_squares_object(vf_squares *m);

/* First-order oracles. */
enum { VF_QUADRATIC, VF_NONCONVEX, VF_STREAM };
typedef struct vf_sum vf_sum;
vf_sum *vf_sum_new(uint32_t dtype, int shape, int give_facts);
void vf_sum_free(vf_sum *s);
const thw_object *vf_sum_object(vf_sum *s);
int64_t vf_sum_rows(const vf_sum *s);
/* Where the epoch stands, to be put back when a run is resumed. */
typedef struct vf_place {
  int64_t epoch, position;
} vf_place;
vf_place vf_sum_place(const vf_sum *s);
void vf_sum_put(vf_sum *s, vf_place p);
/* The minimiser of VF_QUADRATIC. */
thw_status vf_sum_minimiser(const vf_sum *s, thw_vec *x);

typedef struct vf_descent vf_descent; /* an optimizer: gradient descent, steerable */
vf_descent *vf_descent_new(void);
void vf_descent_free(vf_descent *d);
const thw_object *vf_descent_object(vf_descent *d);

/* A linear oracle: one of five, exact. */
enum { VF_FIVE = 5 };
typedef struct vf_five vf_five;
vf_five *vf_five_new(void);
void vf_five_free(vf_five *f);
const thw_object *vf_five_object(const vf_five *f);

/* ---- the component under test
 * --------------------------------------------------------------------
 */

#define VF_MAX_SLOTS 8

typedef struct vf_setup {
  int variant;        /* of built-in sources; -1: the first that is accepted */
  int64_t rows;       /* in them; 0: a few dozen */
  const void *params; /* NULL: the defaults and what --set says */
  int empty_slots;    /* leave optional slots empty */
  int bare_slots;     /* what fills them offers what the slot needs and nothing else */
  const char *path;   /* NULL: the kind's name */
} vf_setup;

typedef struct vf_inst {
  vf_case *k;
  int variant;
  thw_ctx *ctx;
  void *params;
  tw_arena arena;
  thw_object object; /* the instance */
  thw_object slot[VF_MAX_SLOTS];
  thw_wired wired;
  vf_rows *rows;
  vf_squares *squares;
  vf_sum *sum;
  vf_descent *descent;
  thw_ctx *inner_ctx;
  thw_object *inner;
  vf_five *five;
} vf_inst;

/* Makes an instance. On an error nothing is left; *text (if asked for) says why, the caller frees
 * it. THW_E_UNSUPPORTED with *missing = 1: the tool has nothing to put into a slot or no value for
 * a required parameter. */
thw_status vf_inst_new(vf_case *k, const vf_setup *s, vf_inst **out, char **text, int *missing);
/* Destroys the instance and the optimizer in its slot, whose vectors live in an oracle's space. */
void vf_inst_end(vf_inst *in);
void vf_inst_free(vf_inst *in);
/* The same for a check that needs one: on failure the check is skipped (nothing to wire it to) or
 * failed, and NULL comes back. */
vf_inst *vf_inst_need(vf_case *k, const vf_setup *s);
/* Values of the parameters by default and --set, to be changed at will. NULL with a skipped check
 * when a required one has no value. Strings go to `a`. */
void *vf_params_new(vf_case *k, tw_arena *a);
int vf_param_is_set(const vf_case *k, const char *name);
tw_schema vf_schema(const thw_component *c);
/* "text (E_NOMEM)": what an instance left as explanation. Caller frees. */
char *vf_inst_text(vf_inst *in, thw_status st);

/* ---- what an instance does, as a list of numbers
 * ------------------------------------------------- */

typedef struct vf_trace {
  double *v;
  size_t n, cap;
} vf_trace;
void vf_put(vf_trace *t, double x);
void vf_put_vec(vf_trace *t, const thw_vec *x);
void vf_put_view(vf_trace *t, const thw_view *x);
void vf_put_row(vf_trace *t, const thw_rows *r, int64_t i);
/* Rows that are sequences (rows_seq.c); `zero` is the info of set 0. */
void vf_seq_put(vf_trace *t, const thw_rows *r, int64_t row);
int vf_seq_info(vf_case *k, const thw_source_info *i, const thw_source_info *zero);
int vf_seq_head(vf_case *k, const thw_source_info *i, const thw_rows *r);
int vf_seq_row(vf_case *k, const thw_source_info *i, const thw_rows *r, int64_t row);
void vf_trace_free(vf_trace *t);
/* 0 when equal to the last bit. */
int vf_trace_differs(const vf_trace *a, const vf_trace *b);
/* Whether every number is finite. */
int vf_trace_finite(const vf_trace *t);

/* Uses the instance the way a run would and writes down all results. Returns what the first call
 * that did not give THW_OK returned (an optimizer's THW_DONE, THW_STALLED end the run and are
 * THW_OK). */
thw_status vf_exercise(vf_inst *in, vf_trace *t);
/* By kind. */
thw_status vf_exercise_source(vf_inst *in, vf_trace *t);
thw_status vf_exercise_model(vf_inst *in, vf_trace *t);
thw_status vf_exercise_oracle(vf_inst *in, vf_trace *t);
thw_status vf_exercise_optimizer(vf_inst *in, vf_trace *t);
thw_status vf_exercise_linear(vf_inst *in, vf_trace *t);
thw_status vf_exercise_rounds(vf_inst *in, vf_trace *t);
thw_status vf_exercise_learner(vf_inst *in, vf_trace *t);

/* Plain memory as a view, with guard words around it. */
typedef struct vf_buf {
  thw_view view;
  unsigned char *base;
  size_t bytes;
} vf_buf;
vf_buf vf_buf_new(uint32_t dtype, int64_t n);
void vf_buf_free(vf_buf *b);
int vf_buf_intact(const vf_buf *b);
double vf_get(const thw_view *x, int64_t i);
void vf_set(thw_view *x, int64_t i, double v);
/* Normal numbers that float32 can hold, from the stream `purpose` of the tool. */
void vf_buf_random(vf_buf *b, const char *purpose, double scale);

/* The host's session for a check: seed, precision, threads. */
void vf_session(vf_case *k, uint32_t dtype, int threads);

#endif
