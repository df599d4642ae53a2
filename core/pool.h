/* SPDX-License-Identifier: BSD-3-Clause */
/* core/pool.h - the threads of the process: one loop at a time, shared out in pieces.
 *
 * Why not an OpenMP region: it ends in a barrier at which every thread of the team must arrive,
 * so on a machine whose cores are busy with something else a region lasts until the scheduler has
 * found time for the slowest thread, even when it has nothing left to do (measured with two threads
 * beside one busy process per core: 27 ms for a region of 0.6 ms). Here the caller works too, takes
 * whatever is left, and waits only for pieces that another thread has begun. Which thread does a
 * piece never changes a result: pieces write to places of their own.
 *
 * Threads are started when first needed and sleep when there is nothing to do. After fork() a child
 * has none and starts its own. */
#ifndef TW_POOL_H
#define TW_POOL_H

#include <stdint.h>

/* Threads from here on, the caller included; 0: OMP_NUM_THREADS if that is a positive number, else
 * one per core that this process may use. Returns the number. Between loops only. */
int tw_pool_threads(int n);

/* body(arg, i) for i = 0 .. n-1, in any order, on several threads when `work` (floating-point
 * operations in all) is worth it. A loop inside a loop, or beside another thread's, runs on the
 * thread that asks for it. */
void tw_parallel(int64_t n, double work, void (*body)(void *arg, int64_t i), void *arg);

#endif
