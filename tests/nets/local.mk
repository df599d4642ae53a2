# SPDX-License-Identifier: BSD-3-Clause
# Networks of dense layers, their sources and their rivals.
check_PROGRAMS += test_nets
test_nets_SOURCES = %D%/test_nets.c
test_nets_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_nets_LDADD = libthwnets.la $(optim_ldadd) $(LIBM)
TESTS += test_nets
dist_check_SCRIPTS += %D%/patterns.sh
TESTS += %D%/patterns.sh

# The acceptance tables of conf/papers/overparameterized and hierarchical-resnet: half an hour.
dist_noinst_SCRIPTS += %D%/table.sh
long_checks += check-nets-table
check-nets-table: all
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' THALWEG_PLUGIN_PATH='$(abs_top_builddir)/.libs' THALWEG_SYSTEM_PLUGIN_PATH='' $(srcdir)/%D%/table.sh
