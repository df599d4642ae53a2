# SPDX-License-Identifier: BSD-3-Clause
# From stationary points to local minima: for the optimizers that do it.

noinst_LTLIBRARIES += libthwescape.la
libthwescape_la_SOURCES = \
  %D%/escape.c \
  %D%/escape.h \
  %D%/line.c \
  %D%/search.c \
  %D%/test.c
libthwescape_la_LIBADD = $(LIBM)
