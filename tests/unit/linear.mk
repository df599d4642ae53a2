# SPDX-License-Identifier: BSD-3-Clause
# Linear models and the oracles over them.
check_PROGRAMS += test_models
test_models_SOURCES = %D%/linear_cases.h %D%/linear_fixture.h %D%/open_source.h %D%/test_models.c
test_models_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_models_LDADD = libthwlinear.la $(unit_ldadd)
TESTS += test_models

check_PROGRAMS += test_models_facts
test_models_facts_SOURCES = \
  %D%/linear_cases.h \
  %D%/linear_fixture.h \
  %D%/open_source.h \
  %D%/test_models_facts.c
test_models_facts_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_models_facts_LDADD = libthwlinear.la $(unit_ldadd)
TESTS += test_models_facts

check_PROGRAMS += test_fused
test_fused_SOURCES = %D%/linear_fixture.h %D%/open_source.h %D%/test_fused.c
test_fused_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_fused_LDADD = libthwlinear.la $(unit_ldadd)
TESTS += test_fused

check_PROGRAMS += test_oracles
test_oracles_SOURCES = %D%/linear_fixture.h %D%/open_source.h %D%/test_oracles.c
test_oracles_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_oracles_LDADD = $(unit_ldadd)
TESTS += test_oracles
