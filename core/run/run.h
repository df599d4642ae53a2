/* SPDX-License-Identifier: BSD-3-Clause */
/* core/run/run.h - one run from its first step (or its checkpoint) to its result. */
#ifndef TW_RUN_H
#define TW_RUN_H

#include <jansson.h>
#include <time.h>

#include "core/run/folder.h"
#include "core/run/monitor.h"
#include "core/run/probe.h"
#include "core/run/progress.h"
#include "core/run/setup.h"
#include "core/run/watch.h"
#include "core/state.h"
#include "core/verdict.h"

typedef enum tw_end {
  TW_GOING,
  TW_CONVERGED,   /* epsilon was reached, or the optimizer says that it is done */
  TW_SPENT,       /* "budget": passes, steps or seconds */
  TW_STALLED,     /* the optimizer sees no further progress */
  TW_DIVERGED,    /* a NaN or an infinity */
  TW_INTERRUPTED, /* by a signal */
  TW_FAILED
} tw_end;
const char *tw_end_word(tw_end e);

typedef struct tw_run_options {
  int quiet, json, no_plot;
  int fresh; /* the folder was made for this run: remove it when nothing comes of it */
} tw_run_options;

typedef struct tw_run {
  tw_setup setup;
  tw_folder folder;
  tw_monitor monitor;
  tw_probe probe;
  tw_watch watch;
  tw_progress progress;
  tw_run_options how;
  tw_diags *d;
  thw_vec *x;    /* the optimizer's point, when asked for last */
  thw_vec *good; /* the point of the last record */

  /* What a checkpoint holds besides the components' state. */
  int64_t step;         /* steps done */
  int64_t records;      /* lines in metrics.jsonl */
  int64_t tick;         /* number of the last tick of the monitor */
  int64_t largest;      /* most component gradients that one step took */
  int64_t record_step;  /* step of the last record; -1: none */
  int64_t record_spent; /* what was spent then; not saved: it follows from the others */
  int64_t probe_step;   /* step of the last record with a probe; -1: none; not saved */
  int ending;           /* the record being made is the last */
  int64_t done;         /* the optimizer's own end: 0, THW_DONE or THW_STALLED */
  double elapsed;       /* seconds before this process */
  double method;        /* of all seconds, those that the model's facts and the optimizer's start
                           and step took */

  int resumable; /* all optimizers offer thw.state/1 */
  /* The budget cut the last step short: the state is not one that a run with a larger budget
   * passes through, so only `clean`, from before that step, may become a checkpoint. */
  int tainted;
  tw_state *clean;
  double passes_before; /* passes before this process */
  double saved_at;      /* seconds, of the last checkpoint of this process */
  struct timespec began;
  tw_end end;
  char *reason; /* one sentence: why it ended */
  tw_verdict verdict;
  int judged; /* the verdict was reached */
} tw_run;

/* Takes over plan and folder (with pipeline.cfg written) and runs to the end. `from`: the
 * checkpoint to go on from, or NULL. Returns the exit status; texts are in `d`. Whether it succeeds
 * or not, all is freed. */
int tw_run_go(tw_plan *plan, tw_folder *folder, tw_state *from, const tw_run_options *how,
              tw_diags *d);

double tw_run_seconds(const tw_run *r);
double tw_run_passes(const tw_run *r);

/* ---- checkpoint.c --------------------------------------------------------------------------- */

/* The whole state between two steps, in memory; NULL with an error in r->d. */
tw_state *tw_run_snapshot(tw_run *r);
thw_status tw_run_restore(tw_run *r, tw_state *s);
/* Writes the state (or r->clean where the present one is tainted) to DIR/checkpoint. */
thw_status tw_run_checkpoint(tw_run *r);

/* ---- record.c ------------------------------------------------------------------------------- */

/* Evaluates at r->x and appends a record. */
thw_status tw_run_record(tw_run *r);
/* At the end: the last record once more with what the model's probe tells, unless it has that or
 * there is no probe. */
thw_status tw_run_record_probe(tw_run *r);
/* A sink that puts what a component tells under "PATH.NAME". */
typedef struct tw_json_sink {
  thw_sink head; /* first */
  json_t *to;
  const char *path;
} tw_json_sink;
void tw_json_sink_begin(tw_json_sink *s, json_t *to, const char *path);
/* A JSON number; null when it is not finite. */
json_t *tw_json_real(double v);
json_t *tw_json_counts(const tw_counts *c);
/* What the components report, under "PATH.NAME". */
thw_status tw_json_reports(const tw_plan *p, json_t *to);

/* ---- result.c ------------------------------------------------------------------------------- */

/* Writes result.json and point.npy (and direction.npy). */
thw_status tw_run_write_result(tw_run *r, json_t **out);
json_t *tw_json_verdict(const tw_verdict *v);
json_t *tw_json_text(const char *s); /* null for NULL and what is not UTF-8 */
json_t *tw_json_ledger(const tw_ledger *l);
/* Seed, threads, versions, components: what any run says about how it was made. */
void tw_json_origin(json_t *to, const tw_session *s, const tw_plan *p);
thw_status tw_json_write(const char *file, const json_t *o, tw_diags *d);
/* What is printed at the end. */
void tw_run_print_result(const tw_run *r, FILE *to);

/* ---- picture.c ------------------------------------------------------------------------------ */

/* loss.svg and loss.png by gnuplot. NULL, or a word why there is no picture; caller frees. */
char *tw_run_picture(const char *folder, const char *title);
/* probe.svg and probe.png, where records hold what a probe told as arrays; NULL too where not. */
char *tw_run_picture_probe(const char *folder, const char *title);
/* Feeds gnuplot, working in the folder, with what `script` writes. NULL, or a word why there is no
 * picture; caller frees. */
char *tw_gnuplot(const char *folder, void (*script)(FILE *to, void *arg), void *arg);
/* The start of every script: the title (drawn as it is written) and for each of NAME.svg and
 * NAME.png the beginning of a block of so many panels; tw_gnuplot_end closes it. */
void tw_gnuplot_begin(FILE *to, const char *title, const char *name, int panels);
void tw_gnuplot_end(FILE *to);
/* A text in quotes, so that nothing in it is read as a part of the script. */
void tw_gnuplot_quoted(FILE *to, const char *s);
/* A number in metrics.jsonl's record; NAN when it is not there. */
double tw_json_number(const json_t *o, const char *key);

#endif
