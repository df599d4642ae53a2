/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_RECURRENT_KERNEL_H
#define TESTS_RECURRENT_KERNEL_H

void ker_exact(void);
void ker_gram(void);
void ker_delta(void);
void ker_stability(void);

#endif
