/* SPDX-License-Identifier: BSD-3-Clause */
/* core/results/page.h - one page about some runs, with all in it: to be opened, mailed, kept. */
#ifndef TW_RESULTS_PAGE_H
#define TW_RESULTS_PAGE_H

#include "core/results/outcome.h"

/* Writes the page; `title` may be NULL. What could not be drawn is a warning. */
thw_status tw_page_write(const char *file, const tw_outcomes *o, const char *title, tw_diags *d);

#endif
