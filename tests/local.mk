# SPDX-License-Identifier: BSD-3-Clause

if TESTS_ENABLED
AM_TESTS_ENVIRONMENT = \
  top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
  top_builddir='$(abs_top_builddir)'; export top_builddir; \
  THALWEG_PLUGIN_PATH='$(abs_top_builddir)/.libs'; export THALWEG_PLUGIN_PATH; \
  THALWEG_SYSTEM_PLUGIN_PATH=''; export THALWEG_SYSTEM_PLUGIN_PATH;

unit_ldadd = libthwcore.la $(CMOCKA_LIBS)

check_PROGRAMS += test_space
test_space_SOURCES = %D%/unit/test_space.c
test_space_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_space_LDADD = $(unit_ldadd)
TESTS += test_space
endif
