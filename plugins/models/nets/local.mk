# SPDX-License-Identifier: BSD-3-Clause
plugin_LTLIBRARIES += nets.la
nets_la_SOURCES = \
  %D%/create.c \
  %D%/eval.c \
  %D%/loss.c \
  %D%/nets.h \
  %D%/noise.c \
  %D%/pass.c \
  %D%/plugin.c \
  %D%/probe.c \
  %D%/regular.c \
  %D%/shape.c \
  %D%/start.c
nets_la_LDFLAGS = $(plugin_ldflags)
nets_la_LIBADD = libthwnets.la $(LIBM)
