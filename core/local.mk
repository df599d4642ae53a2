# SPDX-License-Identifier: BSD-3-Clause
# The host. All of it but main is a convenience library, so that unit tests reach every part.

noinst_LTLIBRARIES += libthwcore.la
libthwcore_la_SOURCES = \
  %D%/config.c %D%/config.h \
  %D%/config_print.c \
  %D%/config_read.c \
  %D%/config_scan.c %D%/config_scan.h \
  %D%/config_tree.h \
  %D%/error.c %D%/error.h \
  %D%/explain.c %D%/explain.h \
  %D%/explain_hess.c \
  %D%/file.c %D%/file.h \
  %D%/host.c %D%/host.h \
  %D%/ledger.c %D%/ledger.h \
  %D%/limit.c %D%/limit.h \
  %D%/npy.c %D%/npy.h \
  %D%/online/checkpoint.c \
  %D%/online/engine.c \
  %D%/online/game.c %D%/online/game.h \
  %D%/online/linear.c %D%/online/linear.h \
  %D%/online/picture.c \
  %D%/online/plain.c %D%/online/plain.h \
  %D%/online/record.c \
  %D%/online/result.c \
  %D%/online/run.h \
  %D%/optimizer.c \
  %D%/oracle.c %D%/oracle.h \
  %D%/pool.c %D%/pool.h \
  %D%/registry.c %D%/registry.h %D%/registry_priv.h \
  %D%/registry_check.c \
  %D%/registry_params.c \
  %D%/registry_path.c \
  %D%/registry_scan.c \
  %D%/results/curves.c %D%/results/curves.h \
  %D%/results/outcome.c %D%/results/outcome.h \
  %D%/results/page.c %D%/results/page.h \
  %D%/results/print.c \
  %D%/results/table.c %D%/results/table.h \
  %D%/results/trend.c \
  %D%/run/checkpoint.c \
  %D%/run/engine.c \
  %D%/run/folder.c %D%/run/folder.h \
  %D%/run/gnuplot.c \
  %D%/run/judge.c %D%/run/judge.h \
  %D%/run/lines.c %D%/run/lines.h \
  %D%/run/loop.c %D%/run/loop.h \
  %D%/run/monitor.c %D%/run/monitor.h \
  %D%/run/probe.c %D%/run/probe.h \
  %D%/run/picture.c \
  %D%/run/picture_probe.c \
  %D%/run/progress.c %D%/run/progress.h \
  %D%/run/record.c \
  %D%/run/result.c \
  %D%/run/run.h \
  %D%/run/saved.c %D%/run/saved.h \
  %D%/run/setup.c %D%/run/setup.h \
  %D%/run/signals.c %D%/run/signals.h \
  %D%/run/watch.c %D%/run/watch.h \
  %D%/schema.c %D%/schema.h \
  %D%/space.c %D%/space.h %D%/space_ops.inc \
  %D%/state.c %D%/state.h \
  %D%/verdict.c %D%/verdict.h \
  %D%/verify/checks_any.c \
  %D%/verify/checks_facts.c \
  %D%/verify/checks_model.c \
  %D%/verify/checks_online.c \
  %D%/verify/checks_optimizer.c \
  %D%/verify/checks_oracle.c \
  %D%/verify/checks_params.c \
  %D%/verify/checks_plugin.c \
  %D%/verify/checks_slots.c \
  %D%/verify/checks_source.c \
  %D%/verify/checks_state.c \
  %D%/verify/checks_steering.c \
  %D%/verify/child.c \
  %D%/verify/child.h \
  %D%/verify/exercise.c \
  %D%/verify/fixture_descent.c \
  %D%/verify/fixture_model.c \
  %D%/verify/fixture_online.c \
  %D%/verify/fixture_rows.c \
  %D%/verify/fixture_seq.c \
  %D%/verify/fixture_sum.c \
  %D%/verify/instance.c \
  %D%/verify/malloc.c \
  %D%/verify/memory.c \
  %D%/verify/model.h \
  %D%/verify/priv.h \
  %D%/verify/rig.c \
  %D%/verify/rig.h \
  %D%/verify/rows_seq.c \
  %D%/verify/verify.c \
  %D%/verify/verify.h \
  %D%/wire.c %D%/wire.h \
  %D%/wire_create.c \
  %D%/wire_options.c \
  %D%/wire_plan.h

libthwcore_la_CPPFLAGS = $(AM_CPPFLAGS) -DTHW_PLUGINDIR='"$(plugindir)"' \
  -DTHW_GNUPLOT='"$(GNUPLOT)"'
libthwcore_la_LIBADD = libthwcurvature.la $(LIBCONFIG_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS) $(BLAS_LIBS) $(LIBM)

bin_PROGRAMS += thalweg
thalweg_SOURCES = \
  %D%/cli/check.c \
  %D%/cli/command.h \
  %D%/cli/commands.inc \
  %D%/cli/common.c \
  %D%/cli/compare.c \
  %D%/cli/explain.c \
  %D%/cli/info.c %D%/cli/info.h \
  %D%/cli/info_json.c \
  %D%/cli/info_text.c \
  %D%/cli/list.c \
  %D%/cli/main.c \
  %D%/cli/verify.c \
  %D%/cli/new.c \
  %D%/cli/past.c %D%/cli/past.h \
  %D%/cli/predict.c \
  %D%/cli/report.c \
  %D%/cli/resume.c \
  %D%/cli/run.c \
  %D%/cli/sample.c \
  %D%/cli/solve.c \
  %D%/cli/sweep.c %D%/cli/sweep.h \
  %D%/cli/sweep_jobs.c \
  %D%/cli/sweep_vary.c \
  %D%/cli/verdict.c
thalweg_LDADD = libthwcore.la $(LIBM)
