/* SPDX-License-Identifier: BSD-3-Clause */
/* gnuplot, if there is one, fed with a script through a pipe. It works inside the run folder, so
 * that no name of a file is ever part of the script. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/run/run.h"

#define TIME_LIMIT 20

void tw_gnuplot_quoted(FILE *to, const char *s) {
  fputc('\'', to);
  for (; *s; s++) /* control characters and quotes have no business in it */
    if ((unsigned char)*s >= ' ' && *s != '\'' && *s != '\\' && *s != '\x7f') fputc(*s, to);
  fputc('\'', to);
}

void tw_gnuplot_begin(FILE *to, const char *title, const char *name, int panels) {
  int columns = panels > 2 ? 2 : 1, rows = (panels + columns - 1) / columns;
  fputs("title = ", to);
  tw_gnuplot_quoted(to, title);
  fprintf(to,
          "\nsvg = \"svg size 800,600 dynamic font 'sans,13' background rgb 'white'\"\n"
          "png = strstrt(GPVAL_TERMINALS, 'pngcairo') ? \"pngcairo size 1200,900 font 'sans,14'\" "
          ": 'png size 1200,900'\n"
          "do for [t in 'svg png'] {\n"
          "if (t eq 'svg') {\n set terminal @svg\n set output '%s.svg'\n}"
          " else {\n set terminal @png\n set output '%s.png'\n}\n"
          "set multiplot layout %d,%d title title noenhanced margins 0.13,0.96,0.10,0.90 spacing "
          "%s\n"
          "set grid lt 1 lc rgb '#e4e4e4'\nset border 3\nset tics nomirror out\nunset key\n"
          "set format x ''\nunset xlabel\n",
          name, name, rows, columns, columns > 1 ? "0.12,0.08" : "0.06");
}

void tw_gnuplot_end(FILE *to) {
  fputs("unset multiplot\nunset output\n}\n", to);
}

static _Noreturn void become_gnuplot(const char *folder, const int pipe_fd[2]) {
  int log = -1;
  if (chdir(folder) != 0) _exit(126);
  dup2(pipe_fd[0], STDIN_FILENO);
  close(pipe_fd[0]);
  close(pipe_fd[1]);
  if (!freopen("log", "a", stdout)) _exit(126);
  log = fileno(stdout);
  dup2(log, STDERR_FILENO);
  alarm(TIME_LIMIT);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  execl(THW_GNUPLOT, "gnuplot", "-d", "-", (char *)NULL);
  execlp("gnuplot", "gnuplot", "-d", "-", (char *)NULL);
  _exit(127);
}

char *tw_gnuplot(const char *folder, void (*script)(FILE *to, void *arg), void *arg) {
  int fd[2];
  if (pipe(fd) != 0) return tw_sprintf("no picture: %s", strerror(errno));
  fflush(NULL); /* or the child's copy of what is held back would be written too */
  pid_t child = fork();
  if (child == 0) become_gnuplot(folder, fd);
  close(fd[0]);
  FILE *to = child > 0 ? fdopen(fd[1], "w") : NULL;
  if (!to) {
    close(fd[1]);
    return tw_sprintf("no picture: %s", strerror(errno));
  }
  script(to, arg);
  fclose(to);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
    return tw_strdup("no picture: gnuplot is not installed");
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    return tw_sprintf("no picture: gnuplot took more than %d seconds", TIME_LIMIT);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return tw_strdup("no picture: gnuplot failed, the log says how");
  return NULL;
}
