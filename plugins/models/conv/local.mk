# SPDX-License-Identifier: BSD-3-Clause
plugin_LTLIBRARIES += conv.la
conv_la_SOURCES = \
  %D%/backward.c \
  %D%/conv.h \
  %D%/create.c \
  %D%/eval.c \
  %D%/forward.c \
  %D%/head.c \
  %D%/net.c \
  %D%/noise.c \
  %D%/plugin.c \
  %D%/predict.c \
  %D%/room.c \
  %D%/start.c \
  %D%/stats.c
conv_la_LDFLAGS = $(plugin_ldflags)
conv_la_LIBADD = libthwconv.la $(LIBM)
