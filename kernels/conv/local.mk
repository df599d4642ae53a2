# SPDX-License-Identifier: BSD-3-Clause
noinst_LTLIBRARIES += libthwconv.la
libthwconv_la_SOURCES = \
  %D%/best.c \
  %D%/conv.h \
  %D%/conv.inc \
  %D%/f32.c \
  %D%/f32_avx2.c \
  %D%/f64.c \
  %D%/f64_avx2.c \
  %D%/map.inc \
  %D%/plan.c \
  %D%/point.inc \
  %D%/real.h \
  %D%/table.inc \
  %D%/tile.inc \
  %D%/tile_avx2.inc
