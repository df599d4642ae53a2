# SPDX-License-Identifier: BSD-3-Clause
# The optimizers: trajectories, cutting, restarts, optima of real data, acceptance bands.

check_LTLIBRARIES += liboptimrig.la
liboptimrig_la_SOURCES = \
  %D%/models.c \
  %D%/models.h \
  %D%/rig.c \
  %D%/rig.h
liboptimrig_la_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)

optim_ldadd = liboptimrig.la libthwoptim.la $(unit_ldadd)

check_PROGRAMS += test_optimizers
test_optimizers_SOURCES = tests/unit/test_optimizers.c
test_optimizers_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_optimizers_LDADD = $(optim_ldadd)
TESTS += test_optimizers

check_PROGRAMS += test_cuts
test_cuts_SOURCES = %D%/test_cuts.c
test_cuts_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_cuts_LDADD = $(optim_ldadd)
TESTS += test_cuts

check_PROGRAMS += test_optima
test_optima_SOURCES = %D%/test_optima.c
test_optima_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_optima_LDADD = $(optim_ldadd)
TESTS += test_optima

check_PROGRAMS += test_bands
test_bands_SOURCES = %D%/test_bands.c
test_bands_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_bands_LDADD = $(optim_ldadd)
TESTS += test_bands

check_PROGRAMS += test_epochs
test_epochs_SOURCES = %D%/test_epochs.c
test_epochs_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_epochs_LDADD = $(optim_ldadd)
TESTS += test_epochs

check_PROGRAMS += test_natasha
test_natasha_SOURCES = %D%/test_natasha.c
test_natasha_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_natasha_LDADD = libtpproblems.la libthwnatasha.la libthwoptim.la $(unit_ldadd)
TESTS += test_natasha

# All seeds.
long_checks += check-natasha
check-natasha: test_natasha$(EXEEXT) test_epochs$(EXEEXT) all-am
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' ./test_natasha all
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' ./test_epochs all

# All cells of the table.
long_checks += check-optim-bands
check-optim-bands: test_bands$(EXEEXT) test_optima$(EXEEXT) all-am
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' ./test_bands all && top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' ./test_optima all

dist_check_SCRIPTS += %D%/examples.sh
TESTS += %D%/examples.sh
