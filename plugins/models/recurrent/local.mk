# SPDX-License-Identifier: BSD-3-Clause
plugin_LTLIBRARIES += recurrent.la
recurrent_la_SOURCES = \
  %D%/carry.c \
  %D%/create.c \
  %D%/eval.c \
  %D%/facts.c \
  %D%/generate.c \
  %D%/plugin.c \
  %D%/predict.c \
  %D%/probe.c \
  %D%/probe.h \
  %D%/recurrent.h \
  %D%/shard.c \
  %D%/start.c \
  %D%/weights.c
recurrent_la_LDFLAGS = $(plugin_ldflags)
recurrent_la_LIBADD = libthwrecurrent.la $(BLAS_LIBS) $(LIBM)
