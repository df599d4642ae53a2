# SPDX-License-Identifier: BSD-3-Clause
# Networks of dense layers, their sources and their rivals.
check_PROGRAMS += test_nets
test_nets_SOURCES = %D%/test_nets.c
test_nets_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_nets_LDADD = libthwnets.la $(optim_ldadd) $(LIBM)
TESTS += test_nets
dist_check_SCRIPTS += %D%/patterns.sh
TESTS += %D%/patterns.sh
