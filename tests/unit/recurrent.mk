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

check_PROGRAMS += test_recurrent_kernel
test_recurrent_kernel_SOURCES = %D%/test_recurrent_kernel.c
test_recurrent_kernel_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_recurrent_kernel_LDADD = libthwrecurrent.la $(CMOCKA_LIBS) $(BLAS_LIBS) $(LIBM)
TESTS += test_recurrent_kernel
