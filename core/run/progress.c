/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/run/progress.h"

#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR 20

/* Between two lines: so much of the run, or so many seconds. */
#define LINE_FRACTION 0.02
#define LINE_SECONDS 10

void tw_progress_begin(tw_progress *p, int quiet, FILE *to) {
  *p = (tw_progress){.to = to, .drawn_at = -1, .line_at = -1};
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

static int numbers(char *s, size_t n, const tw_progress_now *now) {
  int k = now->total_passes > 0
              ? snprintf(s, n, "%6.1f/%.6g passes", now->passes, now->total_passes)
              : snprintf(s, n, "%6.1f passes", now->passes);
  size_t at = (size_t)k < n ? (size_t)k : n - 1;
  k = snprintf(s + at, n - at, "  f %.8g  |g| %.2e", now->f, now->grad_norm);
  at += (size_t)k < n - at ? (size_t)k : n - at - 1;
  if (now->metric) {
    k = snprintf(s + at, n - at, "  %.40s %.4f", now->metric, now->metric_value);
    at += (size_t)k < n - at ? (size_t)k : n - at - 1;
  }
  return (int)at;
}

void tw_progress_draw(tw_progress *p, const tw_progress_now *now) {
  char text[320], eta[32] = "", bar[BAR + 3] = "";
  p->drawn_at = now->seconds;
  if (isfinite(now->fraction)) {
    int full = (int)(BAR * fmin(fmax(now->fraction, 0), 1));
    bar[0] = '[';
    for (int i = 0; i < BAR; i++) bar[1 + i] = i < full ? '#' : '.';
    bar[BAR + 1] = ']';
    bar[BAR + 2] = '\0';
    if (now->fraction > 0) clock_text(eta, sizeof eta, now->seconds * (1 / now->fraction - 1));
  }
  int at = numbers(text, sizeof text, now);
  if (now->here_seconds > 0)
    at += snprintf(text + at, sizeof text - (size_t)at, "  %.3g passes/s",
                   now->here_passes / now->here_seconds);
  if (eta[0]) snprintf(text + at, sizeof text - (size_t)at, "  %s left", eta);
  char line[400];
  int n = snprintf(line, sizeof line, "%s%s", bar, text), room = columns() - 1;
  if (n >= (int)sizeof line) n = (int)sizeof line - 1;
  if (n > room) n = room;
  int blank = p->width > n ? p->width - n : 0;
  fprintf(stderr, "\r%.*s%*s", n, line, blank, "");
  fflush(stderr);
  p->width = n;
}

void tw_progress_line(tw_progress *p, const tw_progress_now *now) {
  if (!p->lines) return;
  char text[256];
  numbers(text, sizeof text, now);
  snprintf(p->held, sizeof p->held, "%s  %.1f s\n", text, now->seconds);
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
