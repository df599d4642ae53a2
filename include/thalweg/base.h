/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg/base.h - versions, result codes, and the rule by which structs grow.
 *
 * The plugin contract is these headers and nothing else: C99 or later, usable from C++, no
 * library to link. Everything that crosses the border between host and plugin is declared here.
 *
 * Growing structs. A struct whose first member is `size` may get new members at its end in a
 * later minor version. Whoever fills it in sets `size` to sizeof of what it was compiled with; the
 * reader asks THW_HAS before it touches a member newer than the first release. A zero in a new
 * member always means "as before". Structs without `size` never change within one major version.
 *
 * Threading. A function pointer carries one of these tags in its comment:
 *   [setup] called once by one thread, before or after the run, never during a step;
 *   [run]   called by the one thread that drives the run;
 *   [any]   may be called by several threads at once.
 */
#ifndef THALWEG_BASE_H
#define THALWEG_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The major number is part of the plugin directory's name: another major is another contract.
 * The minor number grows whenever a member or an extension is added. While the major number is
 * zero, minors must be equal on both sides. */
#define THW_ABI_MAJOR 0u
#define THW_ABI_MINOR 1u

/* A plugin may pin the oldest minor it needs before including this header, so that newer headers
 * do not raise its requirements by accident. */
#ifndef THW_USE_MINOR
#define THW_USE_MINOR THW_ABI_MINOR
#endif

/* First word of every plugin description: "thw" and the number of this layout. */
#define THW_MAGIC UINT32_C(0x74687731)

#if defined(__GNUC__) || defined(__clang__)
#define THW_EXPORT __attribute__((visibility("default")))
#define THW_UNUSED __attribute__((unused))
#else
#define THW_EXPORT
#define THW_UNUSED
#endif

/* True when `*p`, a growing struct of type `type`, is long enough to hold `field`. */
#define THW_HAS(type, p, field) ((p)->size >= offsetof(type, field) + sizeof((p)->field))

/* ---- results ----------------------------------------------------------------------------- */

/* Every function that can fail returns one of these. Zero and positive values are not errors;
 * negative ones are, and the text that explains an error hangs on the component's context (see
 * thw_host.fail). A caller that does not know a positive value treats it as THW_OK, one that does
 * not know a negative value treats it as THW_E_INTERNAL. */
typedef int32_t thw_status;

#define THW_OK 0
#define THW_DONE 1      /* finished: converged, or the stream has ended                   */
#define THW_STALLED 2   /* no further progress is possible from here                      */
#define THW_BUDGET 3    /* the host's budget is spent: unwind and return this             */
#define THW_RETRY 4     /* this point or batch is unusable, another may not be            */
#define THW_CANCELLED 5 /* the user wants the run to end: unwind and return this          */

#define THW_E_ARG (-1)         /* an argument or parameter cannot be used                 */
#define THW_E_NOMEM (-2)       /* out of memory                                           */
#define THW_E_UNSUPPORTED (-3) /* this component cannot do that                           */
#define THW_E_STATE (-4)       /* called out of order, or saved state does not fit        */
#define THW_E_IO (-5)          /* a file or device failed                                 */
#define THW_E_FORMAT (-6)      /* a file is not what it should be                         */
#define THW_E_NONFINITE (-7)   /* a NaN or an infinity where a number was needed          */
#define THW_E_INTERNAL (-8)    /* a broken promise inside the component                   */

/* Returns from the calling function unless `call` came back with THW_OK. Positive results
 * (budget, cancelled) unwind the same way, which is what the contract asks for. */
#define THW_TRY(call)                                                                              \
  do {                                                                                             \
    thw_status thw_try_ = (call);                                                                  \
    if (thw_try_ != THW_OK) return thw_try_;                                                       \
  } while (0)

/* ---- kinds of component ------------------------------------------------------------------- */

#define THW_SOURCE 1u    /* rows of data, or a stream of them            source.h         */
#define THW_MODEL 2u     /* a differentiable loss over a point           model.h          */
#define THW_ORACLE 3u    /* first-order oracle                           oracle.h         */
#define THW_OPTIMIZER 4u /* moves a point by asking a first-order oracle optimizer.h      */
#define THW_LINEAR 5u    /* linear (approximation) oracle                linear.h         */
#define THW_ROUNDS 6u    /* what an online learner plays against         rounds.h         */
#define THW_LEARNER 7u   /* decides in rounds                            learner.h        */
#define THW_KINDS 8u     /* one more than the last kind                                   */

/* An instance of a component as others see it: a table of functions (one of the *_ops, by kind)
 * and the pointer that goes in as their first argument. Plain data, freely copied; it does not
 * own the instance. */
typedef struct thw_object {
  uint32_t size, kind;
  const void *ops;
  void *self;
  /* Capability table for an extension id such as "thw.state/1", or NULL. May itself be NULL. */
  const void *(*ext)(void *self, const char *id);
} thw_object;

static inline const void *thw_ext(const thw_object *o, const char *id) {
  return o->ext ? o->ext(o->self, id) : NULL;
}

#ifdef __cplusplus
}
#endif
#endif
