# SPDX-License-Identifier: BSD-3-Clause
# Methods that find minima in other ways than by a search for negative curvature.
rivals_trial = %D%/trial.c %D%/trial.h

check_PROGRAMS += test_perturbed_gd
test_perturbed_gd_SOURCES = $(rivals_trial) %D%/test_perturbed_gd.c
test_perturbed_gd_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_perturbed_gd_LDADD = libtpproblems.la $(unit_ldadd)
TESTS += test_perturbed_gd

check_PROGRAMS += test_spider
test_spider_SOURCES = $(rivals_trial) %D%/test_spider.c
test_spider_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_spider_LDADD = libtpproblems.la $(unit_ldadd)
TESTS += test_spider

check_PROGRAMS += test_spider_bands
test_spider_bands_SOURCES = %D%/test_spider_bands.c
test_spider_bands_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_spider_bands_LDADD = $(optim_ldadd)
TESTS += test_spider_bands

check_PROGRAMS += test_cubic
test_cubic_SOURCES = \
  $(rivals_trial) \
  plugins/optimizers/cubic/cubic.h \
  plugins/optimizers/cubic/reduced.c \
  %D%/test_cubic.c
test_cubic_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_cubic_LDADD = libtpproblems.la $(unit_ldadd) $(BLAS_LIBS)
TESTS += test_cubic

dist_check_SCRIPTS += %D%/explain.sh
TESTS += %D%/explain.sh
