# SPDX-License-Identifier: BSD-3-Clause
plugin_LTLIBRARIES += finite-sum.la
finite_sum_la_SOURCES = \
  %D%/common.c \
  %D%/common.h \
  %D%/finite-sum.c
finite_sum_la_LDFLAGS = $(plugin_ldflags)
finite_sum_la_LIBADD = $(LIBM)

plugin_LTLIBRARIES += stream.la
stream_la_SOURCES = \
  %D%/common.c \
  %D%/common.h \
  %D%/stream.c
stream_la_LDFLAGS = $(plugin_ldflags)
stream_la_LIBADD = $(LIBM)
