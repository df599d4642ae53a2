/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h> /* _GNU_SOURCE: sched_getaffinity */

#include "core/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* Waking a sleeping thread costs some microseconds; below this many floating-point operations a
 * loop does not pay for that. */
#define WORTH_WORK 4e4

/* Looks at the ticket before a thread goes to sleep: about 50 microseconds. */
#define SPINS 2000

enum { MAX_THREADS = 256 };

/* The current loop. A ticket is the number of the loop (upper half) and the next piece of it
 * (lower half): one word, so that a thread that has been asleep for several loops cannot take a
 * piece of the wrong one. While body, arg and n are written, the ticket has no piece to take
 * (CLOSED): whoever has read one of them early finds that the ticket it meant to take is gone. */
#define CLOSED UINT32_MAX
static _Atomic uint64_t ticket;
static _Atomic(void (*)(void *, int64_t)) loop_body;
static _Atomic(void *) loop_arg;
static _Atomic uint32_t loop_n, loop_done;

static atomic_flag busy = ATOMIC_FLAG_INIT; /* a loop is running */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static _Atomic int sleepers;
static int wanted = 1;         /* threads, the caller included */
static int started = 1;        /* of those, running */
static _Atomic int active = 1; /* threads that may take pieces */

static void pause_a_little(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Takes pieces until the current loop has none left. */
static void take_pieces(void) {
  uint64_t t = atomic_load_explicit(&ticket, memory_order_acquire);
  for (;;) {
    void (*body)(void *, int64_t) = atomic_load_explicit(&loop_body, memory_order_acquire);
    void *arg = atomic_load_explicit(&loop_arg, memory_order_acquire);
    uint32_t n = atomic_load_explicit(&loop_n, memory_order_acquire);
    uint32_t piece = (uint32_t)t;
    if (piece >= n) return;
    if (!atomic_compare_exchange_weak_explicit(&ticket, &t, t + 1, memory_order_acq_rel,
                                               memory_order_acquire))
      continue;
    body(arg, piece);
    atomic_fetch_add_explicit(&loop_done, 1, memory_order_release);
    t = atomic_load_explicit(&ticket, memory_order_acquire);
  }
}

static uint32_t loop_of(uint64_t t) {
  return (uint32_t)(t >> 32);
}

/* Returns when there is another loop than `seen`. */
static uint32_t await_loop(uint32_t seen) {
  for (int i = 0; i < SPINS; i++) {
    uint32_t now = loop_of(atomic_load_explicit(&ticket, memory_order_acquire));
    if (now != seen) return now;
    pause_a_little();
  }
  pthread_mutex_lock(&lock);
  atomic_fetch_add(&sleepers, 1);
  while (loop_of(atomic_load(&ticket)) == seen) pthread_cond_wait(&wake, &lock);
  atomic_fetch_sub(&sleepers, 1);
  pthread_mutex_unlock(&lock);
  return loop_of(atomic_load_explicit(&ticket, memory_order_acquire));
}

static void *worker(void *number) {
  uint32_t seen = loop_of(atomic_load(&ticket)) - 1; /* look at once */
  for (;;) {
    seen = await_loop(seen);
    if ((intptr_t)number < atomic_load(&active)) take_pieces();
  }
  return NULL;
}

static void after_fork_in_child(void) {
  started = 1;
  atomic_store(&sleepers, 0);
  atomic_flag_clear(&busy);
  pthread_mutex_init(&lock, NULL);
  pthread_cond_init(&wake, NULL);
}

/* Signals are for the thread that drives the run. A thread that cannot be had is done without. */
static void start_threads(void) {
  static int registered;
  if (!registered) registered = pthread_atfork(NULL, NULL, after_fork_in_child) == 0;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  while (started < wanted) {
    pthread_t id;
    if (pthread_create(&id, &attr, worker, (void *)(intptr_t)started) != 0) break;
    started++;
  }
  pthread_attr_destroy(&attr);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int cores(void) {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n > 0 ? (int)n : 1;
}

int tw_pool_threads(int n) {
  if (n <= 0) {
    const char *s = getenv("OMP_NUM_THREADS");
    char *end;
    long v = s ? strtol(s, &end, 10) : 0;
    n = v > 0 && v <= MAX_THREADS ? (int)v : cores();
  }
  wanted = n < MAX_THREADS ? n : MAX_THREADS;
  atomic_store(&active, wanted);
  return wanted;
}

/* Waits for pieces that others have begun; gives the core away if it takes long, since it may be
 * the very core they need. */
static void await_pieces(uint32_t n) {
  for (int i = 0; atomic_load_explicit(&loop_done, memory_order_acquire) != n; i++) {
    if (i < SPINS)
      pause_a_little();
    else
      sched_yield();
  }
}

static void run_loop(uint32_t n, void (*body)(void *, int64_t), void *arg) {
  if (started < wanted) start_threads();
  uint64_t loop = loop_of(atomic_load(&ticket));
  atomic_store(&ticket, (loop + 1) << 32 | CLOSED);
  atomic_store_explicit(&loop_body, body, memory_order_release);
  atomic_store_explicit(&loop_arg, arg, memory_order_release);
  atomic_store_explicit(&loop_n, n, memory_order_release);
  atomic_store_explicit(&loop_done, 0, memory_order_release);
  atomic_store(&ticket, (loop + 2) << 32);
  if (atomic_load(&sleepers) > 0) {
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
  }
  take_pieces();
  await_pieces(n);
}

void tw_parallel(int64_t n, double work, void (*body)(void *arg, int64_t i), void *arg) {
  if (n > 1 && n < CLOSED && work >= WORTH_WORK && wanted > 1 &&
      !atomic_flag_test_and_set_explicit(&busy, memory_order_acquire)) {
    run_loop((uint32_t)n, body, arg);
    atomic_flag_clear_explicit(&busy, memory_order_release);
    return;
  }
  for (int64_t i = 0; i < n; i++) body(arg, i);
}
