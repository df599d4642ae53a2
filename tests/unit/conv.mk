# SPDX-License-Identifier: BSD-3-Clause
# Convolutions and convolutional networks.
check_PROGRAMS += test_conv
test_conv_SOURCES = %D%/test_conv.c
test_conv_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_conv_LDADD = libthwconv.la $(CMOCKA_LIBS) $(LIBM)
TESTS += test_conv
