# SPDX-License-Identifier: BSD-3-Clause
# Convolutions and convolutional networks.
check_PROGRAMS += test_conv
test_conv_SOURCES = %D%/test_conv.c
test_conv_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_conv_LDADD = libthwconv.la $(CMOCKA_LIBS) $(LIBM)
TESTS += test_conv

check_PROGRAMS += test_conv_net
test_conv_net_SOURCES = \
  %D%/linear_fixture.h \
  %D%/open_source.h \
  %D%/test_conv_net.c
test_conv_net_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_conv_net_LDADD = $(unit_ldadd)
TESTS += test_conv_net

check_PROGRAMS += test_images
test_images_SOURCES = \
  %D%/linear_fixture.h \
  %D%/open_source.h \
  %D%/test_images.c
test_images_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_images_LDADD = $(unit_ldadd)
TESTS += test_images
