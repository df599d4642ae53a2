# SPDX-License-Identifier: BSD-3-Clause
# Online pipelines.
EXTRA_DIST += %D%/lib.sh
dist_check_SCRIPTS += \
  %D%/bands.sh \
  %D%/covers.sh \
  %D%/cut.sh \
  %D%/golden.sh \
  %D%/leader.sh \
  %D%/low-rank.sh \
  %D%/mirrors.sh \
  %D%/own-solver.sh \
  %D%/runs.sh \
  %D%/solve.sh \
  %D%/tours.sh \
  %D%/weights.sh
TESTS += \
  %D%/bands.sh \
  %D%/covers.sh \
  %D%/cut.sh \
  %D%/golden.sh \
  %D%/leader.sh \
  %D%/low-rank.sh \
  %D%/mirrors.sh \
  %D%/own-solver.sh \
  %D%/runs.sh \
  %D%/solve.sh \
  %D%/tours.sh \
  %D%/weights.sh

# A solver that goes wrong on purpose.
check_PROGRAMS += wrong_solver
wrong_solver_SOURCES = %D%/wrong_solver.c
wrong_solver_LDADD = $(LIBM)

# Matchings by brute force, lengths of tours.
check_PROGRAMS += tours
tours_SOURCES = %D%/tours.c
tours_LDADD = libthwonline.la libthwdata.la $(ZLIB_LIBS) $(BLAS_LIBS) $(LIBM)

check_PROGRAMS += test_cut
test_cut_SOURCES = tests/unit/test_cut.c
test_cut_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_cut_LDADD = libthwcut.la libthwonline.la libthwdata.la $(ZLIB_LIBS) $(unit_ldadd)
TESTS += test_cut

check_PROGRAMS += test_singular
test_singular_SOURCES = tests/unit/test_singular.c
test_singular_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_singular_LDADD = libthwonline.la libthwdata.la $(ZLIB_LIBS) $(unit_ldadd)
TESTS += test_singular
