# SPDX-License-Identifier: BSD-3-Clause
# Recurrent models.
check_PROGRAMS += test_recurrent
test_recurrent_SOURCES = \
  %D%/linear_fixture.h \
  %D%/open_source.h \
  %D%/seq_fixture.h \
  %D%/test_recurrent.c
test_recurrent_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_recurrent_LDADD = $(unit_ldadd)
TESTS += test_recurrent
