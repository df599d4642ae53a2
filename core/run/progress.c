/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/run/progress.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR 20

/* Between two lines: so much of the run, or so many seconds. */
#define LINE_FRACTION 0.02
#define LINE_SECONDS 10

void tw_progress_begin(tw_progress *p, int quiet, FILE *to) {
  *p = (tw_progress){.quiet = quiet, .to = to, .drawn_at = -1, .line_at = -1};
  if (quiet) return;
  p->bar = isatty(STDERR_FILENO);
  p->lines = !p->bar;
}

int tw_progress_due(const tw_progress *p, double seconds) {
  return p->bar && (p->drawn_at < 0 || seconds - p->drawn_at >= 0.1);
}

static int columns(void) {
  struct winsize w;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col < 20) return 80;
  return w.ws_col;
}

/* "1:02:03" or "4:05" */
static void clock_text(char *s, size_t n, double seconds) {
  if (!(seconds < 360000)) {
    snprintf(s, n, "--");
    return;
  }
  int t = (int)(seconds + 0.5);
  if (t >= 3600)
    snprintf(s, n, "%d:%02d:%02d", t / 3600, t / 60 % 60, t % 60);
  else
    snprintf(s, n, "%d:%02d", t / 60, t % 60);
}

/* A line is put together from pieces, the most important first; what a narrow screen has no room
 * for is left out whole. */
typedef struct text {
  char s[320];
  int n, room;
} text;

__attribute__((format(printf, 2, 3))) static void piece(text *t, const char *format, ...) {
  int room = t->room < (int)sizeof t->s ? t->room : (int)sizeof t->s - 1;
  va_list ap;
  va_start(ap, format);
  int k = vsnprintf(t->s + t->n, sizeof t->s - (size_t)t->n, format, ap);
  va_end(ap);
  if (k > 0 && t->n + k <= room)
    t->n += k;
  else
    t->room = t->n; /* nothing after it either */
  t->s[t->n] = '\0';
}

static void numbers(text *t, const tw_progress_now *now) {
  int digits = strcmp(now->unit, "passes") == 0 ? 1 : 0;
  if (now->total > 0)
    piece(t, "%6.*f/%.*g %s", digits, now->done, digits ? 6 : 12, now->total, now->unit);
  else
    piece(t, "%6.*f %s", digits, now->done, now->unit);
  piece(t, "  %s", now->numbers);
}

static void metric(text *t, const tw_progress_now *now) {
  if (now->metric) piece(t, "  %.40s %.4f", now->metric, now->metric_value);
}

static void bar(text *t, double fraction) {
  char s[BAR + 1];
  int full = (int)(BAR * fmin(fmax(fraction, 0), 1));
  for (int i = 0; i < BAR; i++) s[i] = i < full ? '#' : '.';
  s[BAR] = '\0';
  piece(t, "[%s]", s);
}

void tw_progress_draw(tw_progress *p, const tw_progress_now *now) {
  text t = {.room = columns() - 1};
  p->drawn_at = now->seconds;
  if (isfinite(now->fraction)) bar(&t, now->fraction);
  numbers(&t, now);
  if (now->fraction > 0) {
    char left[32];
    clock_text(left, sizeof left, now->seconds * (1 / now->fraction - 1));
    piece(&t, "  %s left", left);
  }
  metric(&t, now);
  if (now->here_seconds > 0) piece(&t, "  %.3g %s/s", now->here / now->here_seconds, now->unit);
  int blank = p->width > t.n ? p->width - t.n : 0;
  fprintf(stderr, "\r%s%*s", t.s, blank, "");
  fflush(stderr);
  p->width = t.n;
}

void tw_progress_line(tw_progress *p, const tw_progress_now *now) {
  if (!p->lines) return;
  text t = {.room = (int)sizeof t.s};
  numbers(&t, now);
  metric(&t, now);
  snprintf(p->held, sizeof p->held, "%s  %.1f s\n", t.s, now->seconds);
  if (p->line_at >= 0 && now->seconds - p->line_at < LINE_SECONDS &&
      !(now->fraction - p->line_fraction >= LINE_FRACTION))
    return;
  p->line_at = now->seconds;
  p->line_fraction = now->fraction;
  tw_progress_flush(p);
}

void tw_progress_flush(tw_progress *p) {
  if (!p->held[0]) return;
  fputs(p->held, p->to);
  fflush(p->to);
  p->held[0] = '\0';
}

void tw_progress_clear(tw_progress *p) {
  if (!p->bar || p->width == 0) return;
  fprintf(stderr, "\r%*s\r", p->width, "");
  fflush(stderr);
  p->width = 0;
  p->drawn_at = -1;
}

void tw_progress_warn(tw_progress *p, const char *path, const char *words) {
  if (p->quiet) return;
  tw_progress_clear(p);
  fprintf(stderr, "thalweg: warning: %s: %s\n", path, words);
}
