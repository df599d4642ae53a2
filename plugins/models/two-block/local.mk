# SPDX-License-Identifier: BSD-3-Clause
plugin_LTLIBRARIES += two-block.la
two_block_la_SOURCES = \
  %D%/eval.c \
  %D%/plugin.c \
  %D%/two-block.h
two_block_la_LDFLAGS = $(plugin_ldflags)
two_block_la_LIBADD = $(BLAS_LIBS) $(LIBM)
