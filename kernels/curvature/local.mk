# SPDX-License-Identifier: BSD-3-Clause
noinst_LTLIBRARIES += libthwcurvature.la
libthwcurvature_la_SOURCES = \
  %D%/curvature.h \
  %D%/det.c \
  %D%/estimate.c \
  %D%/gradient.c \
  %D%/gradient.h \
  %D%/internal.h \
  %D%/krylov.c \
  %D%/online.c \
  %D%/product.c \
  %D%/search.c \
  %D%/svrg.c \
  %D%/vr.c
libthwcurvature_la_LIBADD = $(LIBM)
