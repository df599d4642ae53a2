# SPDX-License-Identifier: BSD-3-Clause
TEST_EXTENSIONS = .sh

# What takes too long for every build: each entry of long_checks is a target of make check-long.
long_checks =

dist_noinst_SCRIPTS += \
  %D%/lint.sh \
  %D%/packaging/headers.sh \
  %D%/packaging/installed.sh \
  %D%/packaging/modules.sh \
  %D%/sanitize.sh

EXTRA_DIST += \
  %D%/abi/lp64.txt \
  %D%/loader/complete.zsh \
  %D%/lsan.supp \
  %D%/packaging/outside.c \
  %D%/verify/expected.txt \
  %D%/valgrind.supp

if TESTS_ENABLED
AM_TESTS_ENVIRONMENT = \
  umask 022; \
  top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
  top_builddir='$(abs_top_builddir)'; export top_builddir; \
  CC='$(CC)'; export CC; \
  THALWEG_PLUGIN_PATH='$(abs_top_builddir)/.libs'; export THALWEG_PLUGIN_PATH; \
  THALWEG_SYSTEM_PLUGIN_PATH=''; export THALWEG_SYSTEM_PLUGIN_PATH;

unit_ldadd = libthwcore.la $(CMOCKA_LIBS)

include %D%/optim/local.mk
include %D%/nets/local.mk
include %D%/problems/local.mk
include %D%/unit/conv.mk
include %D%/unit/linear.mk
include %D%/unit/recurrent.mk

check_PROGRAMS += test_config
test_config_SOURCES = %D%/unit/test_config.c
test_config_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_config_LDADD = $(unit_ldadd)
TESTS += test_config

check_PROGRAMS += test_config_files
test_config_files_SOURCES = %D%/unit/test_config_files.c
test_config_files_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_config_files_LDADD = $(unit_ldadd)
TESTS += test_config_files

check_PROGRAMS += test_curvature
test_curvature_SOURCES = %D%/unit/test_curvature.c
test_curvature_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_curvature_LDADD = libtpproblems.la $(unit_ldadd)
TESTS += test_curvature

# The whole acceptance table.
EXTRA_PROGRAMS += curvature_table
CLEANFILES += curvature_table$(EXEEXT)
curvature_table_SOURCES = %D%/long/curvature_table.c
curvature_table_LDADD = libtpproblems.la libthwcore.la
long_checks += check-curvature-table

EXTRA_PROGRAMS += reduction_table
CLEANFILES += reduction_table$(EXEEXT)
reduction_table_SOURCES = %D%/long/reduction_table.c
reduction_table_LDADD = libtpproblems.la libthwcore.la
long_checks += check-reduction-table

check_PROGRAMS += test_curvature_parts
test_curvature_parts_SOURCES = %D%/unit/test_curvature_parts.c
test_curvature_parts_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_curvature_parts_LDADD = libtpproblems.la $(unit_ldadd)
TESTS += test_curvature_parts

check_PROGRAMS += test_gradient
test_gradient_SOURCES = %D%/unit/test_gradient.c
test_gradient_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_gradient_LDADD = libtpproblems.la $(unit_ldadd)
TESTS += test_gradient

check_PROGRAMS += test_neon2
test_neon2_SOURCES = %D%/unit/test_neon2.c
test_neon2_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_neon2_LDADD = libtpproblems.la libthwescape.la $(unit_ldadd)
TESTS += test_neon2

check_PROGRAMS += test_problems
test_problems_SOURCES = \
  %D%/unit/linear_fixture.h \
  %D%/unit/open_source.h \
  %D%/unit/problem_bench.h \
  %D%/unit/test_problems.c
test_problems_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_problems_LDADD = libtpproblems.la $(unit_ldadd)
TESTS += test_problems

check_PROGRAMS += test_saddles
test_saddles_SOURCES = \
  %D%/unit/linear_fixture.h \
  %D%/unit/open_source.h \
  %D%/unit/problem_bench.h \
  %D%/unit/test_saddles.c
test_saddles_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_saddles_LDADD = libtpproblems.la $(unit_ldadd)
TESTS += test_saddles

check_PROGRAMS += test_schema
test_schema_SOURCES = %D%/unit/test_schema.c
test_schema_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_schema_LDADD = $(unit_ldadd)
TESTS += test_schema

check_PROGRAMS += test_verdict
test_verdict_SOURCES = %D%/unit/test_verdict.c
test_verdict_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_verdict_LDADD = libtpproblems.la $(unit_ldadd)
dist_check_SCRIPTS += %D%/verdict/verdict.sh
TESTS += test_verdict %D%/verdict/verdict.sh

check_PROGRAMS += test_pool
test_pool_SOURCES = %D%/unit/test_pool.c
test_pool_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_pool_LDADD = $(unit_ldadd)
TESTS += test_pool

check_PROGRAMS += test_space
test_space_SOURCES = %D%/unit/test_space.c
test_space_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_space_LDADD = $(unit_ldadd)
TESTS += test_space

# Sources.
include %D%/sources/local.mk

# Runs: the oracle's wrapper, state, resume, signals, full disks.
check_PROGRAMS += test_oracle
test_oracle_SOURCES = %D%/unit/test_oracle.c
test_oracle_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_oracle_LDADD = $(unit_ldadd)
TESTS += test_oracle

check_PROGRAMS += test_state
test_state_SOURCES = %D%/unit/test_state.c
test_state_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_state_LDADD = $(unit_ldadd)
TESTS += test_state

include %D%/plugins/local.mk
include %D%/e2e/local.mk
include %D%/online/local.mk
include %D%/recurrent/local.mk
include %D%/rivals/local.mk

# The loader.
include %D%/broken/local.mk
check_PROGRAMS += test_registry
test_registry_SOURCES = %D%/unit/test_registry.c
test_registry_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_registry_LDADD = $(unit_ldadd)
dist_check_SCRIPTS += \
  %D%/loader/cli.sh \
  %D%/loader/completion.sh \
  %D%/loader/loader.sh \
  %D%/loader/new.sh
TESTS += \
  test_registry \
  %D%/loader/cli.sh \
  %D%/loader/completion.sh \
  %D%/loader/loader.sh \
  %D%/loader/new.sh

check_PROGRAMS += test_wire
test_wire_SOURCES = %D%/unit/test_wire.c %D%/unit/toys.c %D%/unit/toys.h
test_wire_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_wire_LDADD = $(unit_ldadd)
TESTS += test_wire

# check and show on real plugins.
dist_check_SCRIPTS += %D%/pipeline/check.sh
TESTS += %D%/pipeline/check.sh

# The plugin contract: layout, headers; and what packagers check of the plugins.
check_PROGRAMS += abi_layout
abi_layout_SOURCES = %D%/abi/layout.c %D%/abi/layout.inc

dist_check_SCRIPTS += \
  %D%/abi/layout.sh \
  %D%/packaging/headers_c.sh \
  %D%/packaging/headers_cxx.sh \
  %D%/packaging/modules_built.sh \
  %D%/verify/broken.sh \
  %D%/verify/plugins.sh
TESTS += \
  %D%/abi/layout.sh \
  %D%/packaging/headers_c.sh \
  %D%/packaging/headers_cxx.sh \
  %D%/packaging/modules_built.sh \
  %D%/verify/broken.sh \
  %D%/verify/plugins.sh
endif

# Against the installed package: make install, then make installcheck.
installcheck-local:
	top_srcdir='$(abs_top_srcdir)' CC='$(CC)' THALWEG_SYSROOT='$(DESTDIR)' \
	  $(SHELL) '$(abs_top_srcdir)/tests/packaging/installed.sh' \
	  '$(DESTDIR)$(pkgconfigdir)' '$(DESTDIR)$(bindir)/thalweg'

long_checks += check-kill
check-kill: all $(check_LTLIBRARIES)
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
	  THALWEG_SYSTEM_PLUGIN_PATH='' KILLS=50 $(SHELL) '$(abs_top_srcdir)/tests/e2e/kill.sh'
check-long: check $(long_checks)
long_checks += check-recurrent-table
check-recurrent-table: all recurrent_table$(EXEEXT)
	top_builddir='$(abs_top_builddir)' top_srcdir='$(abs_top_srcdir)' ./recurrent_table$(EXEEXT)
.PHONY: check-recurrent-table
check-curvature-table: curvature_table$(EXEEXT)
	./curvature_table$(EXEEXT)
check-reduction-table: all reduction_table$(EXEEXT)
	top_builddir='$(abs_top_builddir)' ./reduction_table$(EXEEXT)
.PHONY: check-reduction-table
.PHONY: check-long check-curvature-table check-kill

# Each checker in a build of its own, below this one: an hour or more.
check-sanitize:
	for kind in clang asan ubsan tsan valgrind; do \
	  '$(abs_top_srcdir)/tests/sanitize.sh' $$kind || exit 1; \
	done
.PHONY: check-sanitize

# Fuzz targets for the readers of foreign bytes: clang's libFuzzer, FUZZ_SECONDS each.
FUZZ_SECONDS = 600
fuzz_targets =
fuzz: all $(fuzz_targets)
	@test -n '$(fuzz_targets)' || { echo 'make fuzz: no fuzz targets in this tree' >&2; exit 1; }
.PHONY: fuzz
include %D%/fuzz/local.mk

# Layout of the sources, licence lines, man pages, shell scripts.
lint:
	top_srcdir='$(abs_top_srcdir)' $(SHELL) '$(abs_top_srcdir)/tests/lint.sh'
.PHONY: lint
