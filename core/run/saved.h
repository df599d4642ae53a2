/* SPDX-License-Identifier: BSD-3-Clause */
/* core/run/saved.h - the parts of a checkpoint that runs of every kind have: the ledger, the
 * pipeline as it was, the state of every component that has one. */
#ifndef TW_RUN_SAVED_H
#define TW_RUN_SAVED_H

#include "core/ledger.h"
#include "core/state.h"
#include "core/wire.h"

/* Version of the section "host", where the ledger and the pipeline are. */
#define TW_SAVED_VERSION 2

thw_status tw_save_ledger(const tw_ledger *l, thw_writer *w);
/* Accounts are opened again in the order in which they were saved, so that result.json lists them
 * alike whether the run was interrupted or not. */
thw_status tw_load_ledger(tw_ledger *l, thw_reader *r);

/* The pipeline as it was, for resume to see whether it still is. */
thw_status tw_save_pipeline(const tw_plan *p, thw_writer *w);
/* Its text; NULL: the checkpoint has none. Caller frees. */
char *tw_saved_pipeline(tw_state *s);

/* The components' own. On an error its words are in `d`; `folder` is for them. */
thw_status tw_save_components(const tw_plan *p, tw_state *s, tw_diags *d);
/* Outer components first: theirs may start inner ones, whose own state comes after. */
thw_status tw_load_components(const tw_plan *p, tw_state *s, const char *folder, tw_diags *d);
/* "FOLDER/checkpoint: the state of WHO cannot be used: ..."; returns st. */
thw_status tw_load_failed(const tw_plan *p, tw_state *s, thw_status st, const char *who,
                          const char *folder, tw_diags *d);

#endif
