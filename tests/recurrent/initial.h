/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_RECURRENT_INITIAL_H
#define TESTS_RECURRENT_INITIAL_H

void ini_quick(void);
void ini_short(void);
void ini_long(void);
void ini_spread(void);

#endif
