/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg/component.h - what a plugin says about itself: parameters, slots, components, and the
 * services that the host hands in.
 *
 * A plugin exports one symbol, thw_plugin_entry, a pure function that returns constant data. It
 * links against libc, libm and BLAS, never against the host. It never prints, exits, installs
 * signal handlers, changes the locale or the floating-point mode, or reads the environment. */
#ifndef THALWEG_COMPONENT_H
#define THALWEG_COMPONENT_H

#include "base.h"
#include "rng.h"
#include "vec.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- parameters ---------------------------------------------------------------------------- */

/* A parameter's type says what the host stores at its offset in the component's own struct. */
#define THW_P_BOOL 1u  /* int32_t, 0 or 1                                                 */
#define THW_P_INT 2u   /* int64_t                                                         */
#define THW_P_REAL 3u  /* double                                                          */
#define THW_P_STR 4u   /* const char *, the host's, valid as long as the instance; or NULL */
#define THW_P_ENUM 5u  /* int32_t, index into `choices`                                   */
#define THW_P_PATH 6u  /* const char *, absolute, the host's; or NULL                     */
#define THW_P_INTS 7u  /* thw_ints                                                        */
#define THW_P_REALS 8u /* thw_reals                                                       */

#define THW_P_REQUIRED 1u    /* no default                                                 */
#define THW_P_MIN_OPEN 2u    /* min itself is not allowed                                  */
#define THW_P_MAX_OPEN 4u    /* max itself is not allowed                                  */
#define THW_P_LOG 8u         /* a sweep should step by ratios                              */
#define THW_P_DEPRECATED 16u /* accepted with a warning, see `replaced_by`                */
#define THW_P_REMOVED 32u    /* refused, with `replaced_by` in the message                 */

typedef struct thw_ints {
  const int64_t *v;
  size_t n;
} thw_ints;

typedef struct thw_reals {
  const double *v;
  size_t n;
} thw_reals;

/* One line of the table that drives checking, defaults, `thalweg info`, man pages, completion and
 * sweeps. Use the macros below: they leave room for members to come. */
typedef struct thw_param {
  const char *name;           /* lower case, digits, '_'                                   */
  uint32_t type, flags;       /* THW_P_*                                                   */
  uint32_t offset, reserved;  /* into the component's parameter struct                     */
  double min, max;            /* of a number or of each element; -/+INFINITY for no bound  */
  int64_t def_int;            /* BOOL, INT, ENUM                                           */
  double def_real;            /* REAL                                                      */
  const char *def_str;        /* STR, PATH (relative to the pipeline file); INTS and REALS:
                                 elements separated by spaces, or NULL for an empty array  */
  const char *const *choices; /* ENUM: names, NULL at the end                              */
  const char *unit;           /* "passes", "seconds", "rows"; or NULL                      */
  const char *help;           /* one sentence                                              */
  const char *replaced_by;    /* DEPRECATED, REMOVED: what to write instead                */
} thw_param;

#ifdef __cplusplus
#define THW_NO_BOUND HUGE_VAL
#else
#define THW_NO_BOUND INFINITY
#endif

#define THW_PARAM_BOOL(T, f, dflt, text)                                                           \
  { #f, THW_P_BOOL, 0, (uint32_t)offsetof(T, f), 0, 0, 1, (dflt), 0, NULL, NULL, NULL, text, NULL }
#define THW_PARAM_INT(T, f, dflt, lo, hi, unit_, text)                                             \
  {                                                                                                \
#f, THW_P_INT, 0, (uint32_t)offsetof(T, f), 0, (lo), (hi), (dflt), 0, NULL, NULL, unit_, text, \
        NULL                                                                                       \
  }
#define THW_PARAM_REAL(T, f, dflt, lo, hi, flags_, unit_, text)                                    \
  {                                                                                                \
#f, THW_P_REAL, (flags_), (uint32_t)offsetof(T, f), 0, (lo), (hi), 0, (dflt), NULL, NULL,      \
        unit_, text, NULL                                                                          \
  }
#define THW_PARAM_ENUM(T, f, dflt, choices_, text)                                                 \
  {                                                                                                \
#f, THW_P_ENUM, 0, (uint32_t)offsetof(T, f), 0, 0, 0, (dflt), 0, NULL, choices_, NULL, text,   \
        NULL                                                                                       \
  }
#define THW_PARAM_STR(T, f, dflt, flags_, text)                                                    \
  { #f, THW_P_STR, (flags_), (uint32_t)offsetof(T, f), 0, 0, 0, 0, 0, dflt, NULL, NULL, text, NULL }
#define THW_PARAM_PATH(T, f, dflt, flags_, text)                                                   \
  {                                                                                                \
#f, THW_P_PATH, (flags_), (uint32_t)offsetof(T, f), 0, 0, 0, 0, 0, dflt, NULL, NULL, text,     \
        NULL                                                                                       \
  }
#define THW_PARAM_REALS(T, f, dflt, lo, hi, flags_, unit_, text)                                   \
  {                                                                                                \
#f, THW_P_REALS, (flags_), (uint32_t)offsetof(T, f), 0, (lo), (hi), 0, 0, dflt, NULL, unit_,   \
        text, NULL                                                                                 \
  }
#define THW_PARAM_INTS(T, f, dflt, lo, hi, flags_, unit_, text)                                    \
  {                                                                                                \
#f, THW_P_INTS, (flags_), (uint32_t)offsetof(T, f), 0, (lo), (hi), 0, 0, dflt, NULL, unit_,    \
        text, NULL                                                                                 \
  }

/* ---- services of the host ------------------------------------------------------------------- */

/* One per component instance: carries its path in the pipeline ("optimizer.inner"), its error
 * text, its random streams and its memory. Lives as long as the instance. */
typedef struct thw_ctx thw_ctx;

#define THW_LOG_DEBUG 0u
#define THW_LOG_INFO 1u
#define THW_LOG_WARN 2u

typedef struct thw_host {
  uint32_t size, abi_minor;
  const char *name, *version;

  /* [any] Zeroed memory aligned to 64 bytes, or NULL. It belongs to the instance: what is not
   * released is taken back after destroy. Not for use inside step. */
  void *(*alloc)(thw_ctx *c, size_t bytes);
  void (*release)(thw_ctx *c, void *p);

  /* [any] A line for the run's log. */
  void (*log)(thw_ctx *c, uint32_t level, const char *text);

  /* [any] Attaches the text that explains an error, in the user's terms, and returns `code`:
   *   return host->fail(ctx, THW_E_FORMAT, "a9a:17: index 3 follows 7: sort the row");
   * The first text wins until the host has taken it. */
  thw_status (*fail)(thw_ctx *c, thw_status code, const char *text);

  /* [setup] The random stream of this instance for a purpose ("draw", "init", "search"): a
   * function of run.seed, the instance's path and the purpose, nothing else. */
  thw_status (*rng)(thw_ctx *c, const char *purpose, thw_rng *out);

  /* [run] Calls body(arg, i) once for each i in 0..n-1, on several threads when `work` (about one
   * unit per floating-point operation, in all) is worth it. body writes to places of its own i and
   * must not call back into the host. Combine results in the order of i afterwards: that is what
   * keeps the bits independent of the number of threads. */
  void (*parallel)(thw_ctx *c, int64_t n, double work, void (*body)(void *arg, int64_t i),
                   void *arg);

  /* [any] Element type of this run: THW_F32 or THW_F64. Sources deliver it, models compute in it.
   */
  uint32_t (*dtype)(thw_ctx *c);

  /* [run] Everything charged to this instance from here on is booked under `purpose` as well
   * ("search", "snapshot"); NULL ends it. Does not nest. */
  void (*stage)(thw_ctx *c, const char *purpose);

  /* [any] Not zero when the user has asked the run to end. */
  int32_t (*cancelled)(thw_ctx *c);

  /* [any] A host-side extension, or NULL. */
  const void *(*ext)(thw_ctx *c, const char *id);
} thw_host;

/* ---- components ------------------------------------------------------------------------------ */

/* A named place where another component is wired in. In the pipeline file it is a nested group, or
 * the name of a top-level group; when nothing is written and a top-level group has the slot's name,
 * that group is taken. */
typedef struct thw_slot {
  const char *name;
  uint32_t kind;            /* THW_SOURCE, ...                                             */
  uint32_t min;             /* 0: may stay empty; 1: must be filled                        */
  const char *const *needs; /* extension ids its component must offer, NULL at the end; or NULL */
  const char *help;
} thw_slot;

/* What the host found for the slots, in the order of the table: object[i].ops is NULL when slot i
 * stayed empty. Valid as long as the instance. */
typedef struct thw_wired {
  uint32_t n, reserved;
  const thw_object *object;
} thw_wired;

#define THW_F_REENTRANT 1u /* evaluation may run on several threads at once                */
#define THW_F_RANKS 2u     /* correct when the space spans several ranks                   */
/* An optimizer that evaluates a batch at one point only, or whole sums: the one kind that goes with
 * a model that carries states (THW_MODEL_CARRIES). */
#define THW_F_ONE_POINT 4u

typedef struct thw_component thw_component;
struct thw_component {
  uint32_t size, kind;
  const char *id;        /* what `type` says in a pipeline file: "svrg"                     */
  const char *version;   /* of the component                                                */
  const char *summary;   /* one line for `thalweg list`                                     */
  const char *doc;       /* paragraphs for `thalweg info`, separated by empty lines; or NULL */
  const char *reference; /* paper, section, algorithm number; or NULL                       */
  uint32_t flags, params_size;
  uint32_t n_params, param_stride; /* stride: sizeof(thw_param) when it was compiled        */
  const thw_param *params;
  uint32_t n_slots, slot_stride;
  const thw_slot *slots;
  const char *const *offers; /* extension ids that instances offer, NULL at the end; or NULL.
                                Wiring is checked against this list before anything is created. */
  const void *ops;           /* thw_source_ops, thw_model_ops, ... by kind                  */

  /* [setup] Checks that types and ranges cannot express ("l2 and c exclude each other"); or NULL.
   */
  thw_status (*check)(const thw_host *h, thw_ctx *c, const void *params);
  /* [setup] Makes an instance. `params` and `slots` stay valid until destroy. */
  thw_status (*create)(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                       const thw_wired *slots, void **self);
  /* [setup] Frees what create made; never called with NULL. */
  void (*destroy)(void *self);
  /* [setup] Capability table for an extension id, or NULL; the entry itself may be NULL. */
  const void *(*ext)(void *self, const char *id);
};

/* Fills in size and strides: static const thw_component svrg = { THW_COMPONENT_HEAD(THW_OPTIMIZER),
 * .id = "svrg", ... THW_PARAMS(svrg_params, struct svrg_params), ... }; */
#define THW_COMPONENT_HEAD(kind_) .size = (uint32_t)sizeof(thw_component), .kind = (kind_)
#define THW_PARAMS(table, T)                                                                       \
  .params_size = (uint32_t)sizeof(T), .n_params = (uint32_t)(sizeof(table) / sizeof((table)[0])),  \
  .param_stride = (uint32_t)sizeof(thw_param), .params = (table)
#define THW_SLOTS(table)                                                                           \
  .n_slots = (uint32_t)(sizeof(table) / sizeof((table)[0])),                                       \
  .slot_stride = (uint32_t)sizeof(thw_slot), .slots = (table)

typedef struct thw_plugin {
  uint32_t size, magic;          /* sizeof(thw_plugin), THW_MAGIC: checked before all else  */
  uint32_t abi_major, abi_minor; /* THW_ABI_MAJOR, THW_USE_MINOR: the oldest host it runs on */
  const char *id, *version;
  const char *license; /* SPDX expression                                                   */
  const char *url;     /* or NULL                                                           */
  uint32_t n_components, reserved;
  const thw_component *const *components;
} thw_plugin;

#define THW_PLUGIN_HEAD                                                                            \
  .size = (uint32_t)sizeof(thw_plugin), .magic = THW_MAGIC, .abi_major = THW_ABI_MAJOR,            \
  .abi_minor = THW_USE_MINOR

/* The one exported symbol of a plugin. Allocates nothing, starts nothing, returns the same pointer
 * every time. */
THW_EXPORT const thw_plugin *thw_plugin_entry(void);
#define THW_ENTRY "thw_plugin_entry"

/* ---- extensions that any kind of component may offer ------------------------------------------
 */

/* State: what a component must write down so that it can go on after a restart as if nothing had
 * happened, to the last bit. Records are named and typed; a name is used once. Called between
 * steps. load is called on a fresh instance (an optimizer: after start), on outer components before
 * the inner ones in their slots: an outer load may start its inner optimizer, whose own state comes
 * after. */
#define THW_EXT_STATE "thw.state/1"

typedef struct thw_writer thw_writer;
typedef struct thw_reader thw_reader;

struct thw_writer {
  uint32_t size, reserved;
  thw_status (*i64)(thw_writer *w, const char *name, int64_t v);
  thw_status (*f64)(thw_writer *w, const char *name, double v);
  thw_status (*rng)(thw_writer *w, const char *name, const thw_rng *r);
  thw_status (*vec)(thw_writer *w, const char *name, const thw_vec *v);
  thw_status (*blob)(thw_writer *w, const char *name, const void *p, size_t n);
};

/* A record that is absent or has another type is THW_E_STATE, with a text. */
struct thw_reader {
  uint32_t size, version; /* version: thw_ext_state.version of the writer                   */
  thw_status (*i64)(thw_reader *r, const char *name, int64_t *v);
  thw_status (*f64)(thw_reader *r, const char *name, double *v);
  thw_status (*rng)(thw_reader *r, const char *name, thw_rng *out);
  thw_status (*vec)(thw_reader *r, const char *name, thw_vec *v);
  /* *n: in, the room at p; out, the length of the record. Longer than the room: THW_E_STATE. */
  thw_status (*blob)(thw_reader *r, const char *name, void *p, size_t *n);
};

typedef struct thw_ext_state {
  uint32_t size, version;
  thw_status (*save)(void *self, thw_writer *w);
  thw_status (*load)(void *self, thw_reader *r);
} thw_ext_state;

/* Report: numbers that the component adds to each record of metrics.jsonl (step length, estimated
 * constants, batch size). Called between steps; must not evaluate anything. */
#define THW_EXT_REPORT "thw.report/1"

typedef struct thw_sink thw_sink;
struct thw_sink {
  uint32_t size, reserved;
  void (*real)(thw_sink *s, const char *name, double v);
  void (*text)(thw_sink *s, const char *name, const char *v);
  void (*reals)(thw_sink *s, const char *name, size_t n, const double *v);
};

typedef struct thw_ext_report {
  uint32_t size, reserved;
  thw_status (*report)(void *self, thw_sink *s);
} thw_ext_report;

/* ---- extensions that the host offers (thw_host.ext) -------------------------------------------
 */

/* Spaces for oracles: vectors of the run's element type in this process's memory. A space belongs
 * to the host and lives as long as the instance that asked for it. */
#define THW_HOST_EXT_SPACE "thw.host-space/1"

typedef struct thw_host_space {
  uint32_t size, reserved;
  /* [setup] A space of n elements. */
  thw_status (*make)(thw_ctx *c, int64_t n, thw_space **out);
} thw_host_space;

/* What the run is after (the group "stop" of the pipeline file), so that a method with the same aim
 * need not be told twice. */
#define THW_HOST_EXT_STOP "thw.stop/1"

typedef struct thw_goal {
  uint32_t size, reserved;
  double epsilon, delta; /* norm of the gradient, curvature -delta; 0: the run does not ask   */
  double confidence;     /* in (0, 1)                                                         */
  double passes;         /* budget in passes over the rows; 0: no limit                         */
} thw_goal;

typedef struct thw_host_stop {
  uint32_t size, reserved;
  /* [setup] The caller sets out->size. */
  thw_status (*goal)(thw_ctx *c, thw_goal *out);
  /* [setup] In create, by a method that looks for more than a small gradient: the run then goes on
   * where the gradient is small, until the method says THW_DONE or THW_STALLED or the budget ends.
   * Without effect for an inner optimizer: its outer one decides. */
  void (*claim)(thw_ctx *c);
} thw_host_stop;

#ifdef __cplusplus
}
#endif
#endif
