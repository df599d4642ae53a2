# SPDX-License-Identifier: BSD-3-Clause
noinst_LTLIBRARIES += libthwnets.la
libthwnets_la_SOURCES = \
  %D%/act.inc \
  %D%/f32.c \
  %D%/f32_avx2.c \
  %D%/f64.c \
  %D%/f64_avx2.c \
  %D%/nets.h \
  %D%/products.inc \
  %D%/real.h \
  %D%/select.c \
  %D%/variant.h
