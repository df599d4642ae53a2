# SPDX-License-Identifier: BSD-3-Clause
# Methods that find minima in other ways than by a search for negative curvature.
rivals_rig = %D%/rig.c %D%/rig.h

check_PROGRAMS += test_perturbed_gd
test_perturbed_gd_SOURCES = $(rivals_rig) %D%/test_perturbed_gd.c
test_perturbed_gd_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_perturbed_gd_LDADD = libtpproblems.la $(unit_ldadd)
TESTS += test_perturbed_gd
