# SPDX-License-Identifier: BSD-3-Clause
noinst_LTLIBRARIES += libthwrecurrent.la
libthwrecurrent_la_SOURCES = \
  %D%/backward.inc \
  %D%/cell.inc \
  %D%/f32.c \
  %D%/f32_avx2.c \
  %D%/f64.c \
  %D%/forward.inc \
  %D%/fused.inc \
  %D%/loss.inc \
  %D%/outer.inc \
  %D%/packed.inc \
  %D%/real.h \
  %D%/recurrent.h \
  %D%/tile.inc \
  %D%/vector.inc
