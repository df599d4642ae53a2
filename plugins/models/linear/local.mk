# SPDX-License-Identifier: BSD-3-Clause
plugin_LTLIBRARIES += linear.la
linear_la_SOURCES = \
  %D%/create.c \
  %D%/eval.c \
  %D%/facts.c \
  %D%/hessian.c \
  %D%/linear.h \
  %D%/plugin.c \
  %D%/predict.c \
  %D%/spectrum.c \
  %D%/vr.c
linear_la_LDFLAGS = $(plugin_ldflags)
linear_la_LIBADD = libthwlinear.la $(BLAS_LIBS) $(LIBM)
