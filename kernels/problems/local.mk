# SPDX-License-Identifier: BSD-3-Clause
noinst_LTLIBRARIES += libthwproblems.la
libthwproblems_la_SOURCES = \
  %D%/cubic.c \
  %D%/factor.c \
  %D%/planted.c \
  %D%/problems.h \
  %D%/quartic.c \
  %D%/ridge.c \
  %D%/spectrum.c \
  %D%/staircase.c \
  %D%/tensor.c \
  %D%/valley.c
libthwproblems_la_LIBADD = libthwlinear.la $(LIBM)
