# SPDX-License-Identifier: BSD-3-Clause
# Maximum cut: the semidefinite relaxation, its proof, rounding.

noinst_LTLIBRARIES += libthwcut.la
# As in kernels/linear.
libthwcut_la_CFLAGS = $(AM_CFLAGS) -Wno-psabi
libthwcut_la_SOURCES = \
  %D%/avx2.c \
  %D%/base.c \
  %D%/cut.h \
  %D%/cuts.c \
  %D%/cuts.h \
  %D%/graph.c \
  %D%/internal.h \
  %D%/loops.h \
  %D%/loops.inc \
  %D%/newton.c \
  %D%/proof.c \
  %D%/proof.h \
  %D%/round.c \
  %D%/sdp.c
libthwcut_la_LIBADD = $(BLAS_LIBS) $(LIBM)
