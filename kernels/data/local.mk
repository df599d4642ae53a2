# SPDX-License-Identifier: BSD-3-Clause
# Reading, labelling, splitting and scaling rows: what the sources of this tree share.

noinst_LTLIBRARIES += libthwdata.la
libthwdata_la_SOURCES = \
  %D%/arrays.c \
  %D%/arrays.h \
  %D%/choose.c \
  %D%/common.h \
  %D%/dict.c \
  %D%/dict.h \
  %D%/env.c \
  %D%/env.h \
  %D%/file.c \
  %D%/file.h \
  %D%/label.c \
  %D%/npy.c \
  %D%/npy.h \
  %D%/number.c \
  %D%/number.h \
  %D%/pool.c \
  %D%/pool.h \
  %D%/scale.c \
  %D%/table.c \
  %D%/table.h
libthwdata_la_LIBADD = $(ZLIB_LIBS) $(LIBM)
