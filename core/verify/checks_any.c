/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks that components of every kind must pass. */
#include <dirent.h>
#include <fenv.h>
#include <locale.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/registry_priv.h"
#include "core/verify/priv.h"
#include "core/verify/rig.h"

extern char **environ;

/* ---- words ------------------------------------------------------------------------------------
 */

static int help(vf_case *k) {
  const thw_component *c = k->component;
  if (strlen(c->summary) > 100)
    return vf_warn(k, "the summary has %zu characters: it is one line of a list, 100 at most",
                   strlen(c->summary));
  if (!c->doc) return vf_warn(k, "there is no .doc: what is it, when is it the right choice?");
  if (c->kind == THW_OPTIMIZER && !c->reference)
    return vf_warn(k, "there is no .reference: which paper and algorithm is it?");
  return 0;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static int lives(vf_case *k) {
  for (int i = 0; i < 3; i++) {
    vf_inst *in = vf_inst_need(k, NULL);
    if (!in) return -1;
    vf_inst_free(in);
  }
  return 0;
}

static int empty_slots(vf_case *k) {
  const thw_component *c = k->component;
  vf_setup bare = {.variant = -1, .empty_slots = 1};
  int optional = 0;
  for (uint32_t i = 0; i < c->n_slots; i++)
    optional +=
        ((const thw_slot *)(const void *)((const char *)c->slots + (size_t)i * c->slot_stride))
            ->min == 0;
  if (!optional) return vf_skip(k, "no slot of it may stay empty");
  vf_inst *in = NULL;
  char *why = NULL;
  int missing = 0;
  vf_trace t = {0};
  thw_status st = vf_inst_new(k, &bare, &in, &why, &missing);
  if (st == THW_OK) {
    st = vf_exercise(in, &t);
    vf_inst_free(in);
  } else if (missing) {
    vf_skip(k, "%s", why);
  } else if (st > 0) {
    vf_fail(k, "create with empty slots answers %d: neither an instance nor an error", (int)st);
  }
  vf_trace_free(&t);
  free(why);
  return 0;
}

/* ---- memory -----------------------------------------------------------------------------------
 */

enum { MAX_FAULTS = 300 };

/* 0: went through without reaching the fault. */
static int with_fault(vf_case *k, int64_t at, const vf_trace *good) {
  vf_inst *in = NULL;
  char *why = NULL;
  vf_trace t = {0};
  vf_mem.count = 0;
  vf_mem.fail_at = at;
  thw_status st = vf_inst_new(k, &(vf_setup){.variant = -1}, &in, &why, NULL);
  if (st == THW_OK) {
    st = vf_exercise(in, &t);
    if (st != THW_OK) why = vf_inst_text(in, st);
    vf_inst_free(in);
  }
  int reached = vf_mem.count >= at;
  vf_mem.fail_at = 0;
  if (reached && st == THW_OK && vf_trace_differs(&t, good))
    vf_fail(k, "without allocation %lld the results are wrong, and no call says so", (long long)at);
  else if (reached && st < 0 && st != THW_E_NOMEM)
    vf_warn(k, "without allocation %lld the answer is not THW_E_NOMEM but: %s", (long long)at, why);
  else if (reached && st > 0)
    vf_fail(k, "without allocation %lld the answer is %d, which is no error", (long long)at,
            (int)st);
  free(why);
  vf_trace_free(&t);
  return reached;
}

static int out_of_memory(vf_case *k) {
  vf_inst *in = vf_inst_need(k, NULL);
  vf_trace good = {0};
  if (!in) return -1;
  thw_status st = vf_exercise(in, &good);
  vf_inst_free(in);
  if (st != THW_OK) {
    vf_trace_free(&good);
    return vf_skip(k, "it cannot be used with memory either");
  }
  for (int64_t at = 1; at <= MAX_FAULTS && k->outcome != VF_FAIL; at++)
    if (!with_fault(k, at, &good)) break;
  vf_trace_free(&good);
  return 0;
}

/* The sanitizers have their own allocator. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap_in_use(void) {
  if (__sanitizer_get_current_allocated_bytes) return __sanitizer_get_current_allocated_bytes();
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
  return mallinfo2().uordblks;
#else
  return 0;
#endif
}

static int open_files(void) {
  DIR *d = opendir("/proc/self/fd");
  int n = 0;
  if (!d) return -1;
  for (struct dirent *e; (e = readdir(d));) n++;
  closedir(d);
  return n;
}

static int one_life(vf_case *k) {
  vf_inst *in = vf_inst_need(k, NULL);
  vf_trace t = {0};
  if (!in) return -1;
  vf_exercise(in, &t);
  vf_inst_free(in);
  vf_trace_free(&t);
  return 0;
}

typedef struct life {
  vf_case *k;
  int answer;
} life;

static void *live(void *arg) {
  life *l = arg;
  l->answer = one_life(l->k);
  return NULL;
}

/* In a thread of its own: what the allocator keeps for a thread (up to seven freed blocks of each
 * size, which count as in use and fill up over dozens of lives) goes back when the thread ends. */
static int one_life_apart(vf_case *k) {
  life l = {k, -1};
  pthread_t id;
  if (pthread_create(&id, NULL, live, &l) != 0) return one_life(k);
  pthread_join(id, NULL);
  return l.answer;
}

/* Caches settle in the first lives; what grows in each of the last ones is lost. */
static int leaks(vf_case *k) {
  enum { LIVES = 12, LAST = 8 };
  size_t heap[LIVES];
  int files = 0, grows = 1;
  for (int i = 0; i < LIVES; i++) {
    if (one_life_apart(k) != 0) return -1;
    heap[i] = heap_in_use();
    if (i == 0) files = open_files();
  }
  if (vf_mem.vectors != 0)
    return vf_fail(k, "%lld vectors are not freed in %d lives: thw_vec_free them in destroy",
                   (long long)vf_mem.vectors, (int)LIVES);
  if (open_files() != files) return vf_fail(k, "files stay open after destroy");
  for (int i = LIVES - LAST; i < LIVES; i++) grows = grows && heap[i] > heap[i - 1];
  if (!grows) return 0;
  return vf_fail(k, "%zu bytes of heap are lost in %d lives",
                 heap[LIVES - 1] - heap[LIVES - 1 - LAST], (int)LAST);
}

/* ---- manners ----------------------------------------------------------------------------------
 */

static int quiet(vf_case *k) {
  if (k->output < 0) return vf_skip(k, "its output is not caught when run in this process");
  if (one_life(k) != 0) return -1;
  fflush(NULL);
  struct stat s;
  if (fstat(k->output, &s) == 0 && s.st_size > 0) {
    char text[80] = "";
    ssize_t n = pread(k->output, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return vf_fail(k, "it writes to standard output or error: \"%s\": use host->log", text);
  }
  return 0;
}

typedef struct surroundings {
  char *locale, *cwd;
  int rounding;
  fenv_t environment;
  mode_t mask;
  char **environ_at;
  size_t environ_n;
  struct sigaction sig[65];
  sigset_t blocked;
} surroundings;

static size_t environ_bytes(void) {
  size_t n = 0;
  for (char **e = environ; e && *e; e++) n += strlen(*e) + 1;
  return n;
}

static void look_around(surroundings *s) {
  s->locale = tw_strdup(setlocale(LC_ALL, NULL));
  s->cwd = getcwd(NULL, 0);
  s->rounding = fegetround();
  s->mask = umask(0);
  umask(s->mask);
  s->environ_at = environ;
  s->environ_n = environ_bytes();
  for (int i = 1; i < 65; i++) {
    s->sig[i].sa_handler = SIG_DFL;
    sigaction(i, NULL, &s->sig[i]);
  }
  sigprocmask(SIG_SETMASK, NULL, &s->blocked);
}

/* Numbers too small for the normal range must stay what they are: no flushing to zero. */
static int flushes_denormals(void) {
  volatile double tiny = 4.9406564584124654e-324, half = 0.5;
  volatile double twice = tiny * 2.0;
  return twice * half != tiny || twice == 0;
}

static void compare_around(vf_case *k, const surroundings *a, const surroundings *b) {
  if (strcmp(a->locale, b->locale) != 0)
    vf_fail(k, "the locale was \"%s\" and is \"%s\"", a->locale, b->locale);
  if (a->cwd && b->cwd && strcmp(a->cwd, b->cwd) != 0) vf_fail(k, "the working directory changed");
  if (a->rounding != b->rounding) vf_fail(k, "the rounding mode changed");
  if (flushes_denormals()) vf_fail(k, "denormal numbers are flushed to zero");
  if (a->mask != b->mask) vf_fail(k, "the umask changed");
  if (a->environ_at != b->environ_at || a->environ_n != b->environ_n)
    vf_fail(k, "the environment changed");
  for (int i = 1; i < 65; i++)
    if (a->sig[i].sa_handler != b->sig[i].sa_handler)
      vf_fail(k, "the handler of signal %d (%s) changed", i, strsignal(i));
  for (int i = 1; i < 65; i++)
    if (sigismember(&a->blocked, i) != sigismember(&b->blocked, i))
      vf_fail(k, "signal %d is blocked or unblocked", i);
}

static int surroundings_untouched(vf_case *k) {
  surroundings before, after;
  setlocale(LC_ALL, "");
  look_around(&before);
  if (one_life(k) == 0) {
    look_around(&after);
    compare_around(k, &before, &after);
    free(after.locale);
    free(after.cwd);
  }
  free(before.locale);
  free(before.cwd);
  return 0;
}

/* ---- determinism ------------------------------------------------------------------------------
 */

/* A trace of a fresh instance; skipped or failed when there is none. */
static int trace_of(vf_case *k, const vf_setup *s, vf_trace *t) {
  vf_inst *in = vf_inst_need(k, s);
  if (!in) return -1;
  thw_status st = vf_exercise(in, t);
  if (st < 0) {
    char *text = vf_inst_text(in, st);
    vf_fail(k, "an ordinary use of it ends with: %s", text);
    free(text);
  }
  vf_inst_free(in);
  return st < 0 ? -1 : 0;
}

static int works(vf_case *k) {
  vf_trace t = {0};
  if (trace_of(k, NULL, &t) == 0) {
    if (t.n == 0)
      vf_fail(k, "an ordinary use of it gives no numbers");
    else if (!vf_trace_finite(&t))
      vf_fail(k, "an ordinary use of it gives a NaN or an infinity");
  }
  vf_trace_free(&t);
  return 0;
}

static int same_seed(vf_case *k) {
  vf_trace a = {0}, b = {0};
  if (trace_of(k, NULL, &a) == 0 && trace_of(k, NULL, &b) == 0 && vf_trace_differs(&a, &b))
    vf_fail(k, "two instances with the same seed and parameters differ");
  vf_trace_free(&a);
  vf_trace_free(&b);
  return 0;
}

static int can_be_made(vf_case *k, const vf_setup *s) {
  vf_inst *in = NULL;
  char *why = NULL;
  int missing = 0;
  thw_status st = vf_inst_new(k, s, &in, &why, &missing);
  free(why);
  vf_inst_free(in);
  return st == THW_OK;
}

/* Rows enough that a parallel loop pays; what refuses so many (it holds a number for each pair of
 * them) gets fewer. */
static int same_threads(vf_case *k) {
  vf_setup big = {.variant = -1, .rows = 20000};
  vf_trace one = {0}, eight = {0};
  vf_session(k, THW_F64, 1);
  if (!can_be_made(k, &big)) big.rows = 1000;
  if (trace_of(k, &big, &one) == 0) {
    vf_session(k, THW_F64, 8);
    if (trace_of(k, &big, &eight) == 0 && vf_trace_differs(&one, &eight))
      vf_fail(k, "1 and 8 threads give different bits: combine partial results in a fixed order");
  }
  vf_trace_free(&one);
  vf_trace_free(&eight);
  return 0;
}

static int other_instance(vf_case *k) {
  vf_trace alone = {0}, beside = {0}, ignored = {0};
  vf_setup other = {.variant = -1, .path = "somewhere.else", .rows = 23};
  vf_inst *one = NULL, *two = NULL;
  if (trace_of(k, NULL, &alone) != 0) return -1;
  one = vf_inst_need(k, NULL);
  two = one ? vf_inst_need(k, &other) : NULL;
  if (two) {
    vf_exercise(two, &ignored);
    thw_status st = vf_exercise(one, &beside);
    if (st < 0 || vf_trace_differs(&alone, &beside))
      vf_fail(k, "an instance does something else when a second one is at work: no globals");
  }
  vf_inst_free(two);
  vf_inst_free(one);
  vf_trace_free(&alone);
  vf_trace_free(&beside);
  vf_trace_free(&ignored);
  return 0;
}

static int close_to(double a, double b, double scale) {
  return fabs(a - b) <= 2e-3 * scale;
}

static int both_precisions(vf_case *k) {
  vf_trace d = {0}, s = {0};
  if (trace_of(k, NULL, &d) == 0) {
    vf_session(k, THW_F32, 1);
    if (trace_of(k, NULL, &s) == 0) {
      double scale = 1;
      for (size_t i = 0; i < d.n; i++) scale = fmax(scale, fabs(d.v[i]));
      if (d.n != s.n)
        vf_fail(k, "float32 gives %zu numbers, float64 %zu", s.n, d.n);
      else if (!vf_trace_finite(&s))
        vf_fail(k, "float32 gives a NaN or an infinity");
      else
        for (size_t i = 0; i < d.n; i++)
          if (!close_to(d.v[i], s.v[i], scale)) {
            vf_fail(k, "number %zu is %g in float32 and %g in float64", i, s.v[i], d.v[i]);
            break;
          }
    }
  }
  vf_trace_free(&d);
  vf_trace_free(&s);
  return 0;
}

/* ---- extensions --------------------------------------------------------------------------------
 */

static void strange_ids(vf_case *k, const vf_inst *in) {
  static const char *const strange[] = {
      "org.example.nothing/1", "", "thw.state", "thw.state/", "thw.stat", "thw.state/999",
      "thw.state/10"};
  for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
    if (thw_ext(&in->object, strange[i]))
      vf_fail(k, "ext(\"%s\") is not NULL: compare whole ids", strange[i]);
}

/* What an instance offers may depend on the rows (two classes, not three): once is enough. */
static int extensions(vf_case *k) {
  const char *const *offers = k->component->offers;
  uint64_t seen = 0;
  int made = 0;
  int variants = k->component->n_slots ? VF_VARIANTS : 1; /* nothing to see rows through */
  for (int v = 0; v < variants; v++) {
    vf_inst *in = NULL;
    if (vf_inst_new(k, &(vf_setup){.variant = v}, &in, NULL, NULL) != THW_OK) continue;
    made++;
    strange_ids(k, in);
    for (size_t i = 0; offers && offers[i] && i < 64; i++)
      if (thw_ext(&in->object, offers[i])) seen |= UINT64_C(1) << i;
    vf_inst_free(in);
  }
  if (!made) {
    vf_inst_free(vf_inst_need(k, NULL)); /* says why there is none */
    return -1;
  }
  for (size_t i = 0; offers && offers[i] && i < 64; i++)
    if (!(seen >> i & 1))
      vf_fail(k,
              "\"%s\" is in .offers, which wiring relies on, but ext answers NULL on all rows: "
              "take it out, ext may answer all the same",
              offers[i]);
  return 0;
}

const vf_check vf_checks_any[] = {
    {"help", VF_ANY, "says what it is and where it comes from", help},
    {"lives", VF_ANY, "is created and destroyed without a run", lives},
    {"works", VF_ANY, "an ordinary use of it succeeds and gives finite numbers", works},
    {"empty-slots", VF_ANY, "copes with optional slots that stay empty", empty_slots},
    {"extensions", VF_ANY, "offers what it says and answers NULL to unknown extension ids",
     extensions},
    {"out-of-memory", VF_ANY, "an allocation that fails gives an error, not a crash",
     out_of_memory},
    {"parameters", VF_ANY, "random and extreme parameters give finite results or an error",
     vf_any_parameters},
    {"same-seed", VF_ANY, "the same seed gives the same bits", same_seed},
    {"threads", VF_ANY, "1 and 8 threads give the same bits", same_threads},
    {"instances", VF_ANY, "two instances do not disturb each other", other_instance},
    {"precisions", VF_ANY & ~VF_KIND(THW_OPTIMIZER), "float32 and float64 agree to tolerance",
     both_precisions},
    {"quiet", VF_ANY, "writes nothing to standard output and error", quiet},
    {"surroundings", VF_ANY,
     "leaves locale, floating-point mode, signals, environment and directory alone",
     surroundings_untouched},
    {"leaks", VF_ANY, "leaves no memory, vectors or files behind", leaks},
    {NULL, 0, NULL, NULL},
};
