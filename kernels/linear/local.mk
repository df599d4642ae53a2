# SPDX-License-Identifier: BSD-3-Clause
noinst_LTLIBRARIES += libthwlinear.la
# Vectors wider than the instruction set's are passed between functions that are all inlined: the
# compilers' remark about the calling convention does not apply.
libthwlinear_la_CFLAGS = $(AM_CFLAGS) -Wno-psabi
libthwlinear_la_SOURCES = \
  %D%/avx2.c \
  %D%/base.c \
  %D%/linear.h \
  %D%/loss.inc \
  %D%/rows.inc \
  %D%/select.c \
  %D%/simd.h \
  %D%/table.inc \
  %D%/variant.h \
  %D%/vr.inc \
  %D%/vr_k.inc
