# SPDX-License-Identifier: BSD-3-Clause
plugin_LTLIBRARIES += kernels.la
kernels_la_SOURCES = \
  %D%/create.c \
  %D%/eval.c \
  %D%/kernel.c \
  %D%/kernels.h \
  %D%/plugin.c \
  %D%/select.c
kernels_la_LDFLAGS = $(plugin_ldflags)
kernels_la_LIBADD = $(BLAS_LIBS) $(LIBM)
