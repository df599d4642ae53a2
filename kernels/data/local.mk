# SPDX-License-Identifier: BSD-3-Clause
# Reading, labelling, splitting and scaling rows: what the sources of this tree share.

noinst_LTLIBRARIES += libthwdata.la
libthwdata_la_SOURCES = \
  %D%/env.c \
  %D%/env.h \
  %D%/pool.c \
  %D%/pool.h
libthwdata_la_LIBADD = $(ZLIB_LIBS) $(LIBM)
