# SPDX-License-Identifier: BSD-3-Clause
# What the optimizers share: written against thw_vec alone.

noinst_LTLIBRARIES += libthwoptim.la
libthwoptim_la_SOURCES = \
  %D%/clip.h \
  %D%/constants.c \
  %D%/descent.c \
  %D%/descent.h \
  %D%/epoch.c \
  %D%/epoch.h \
  %D%/guard.c \
  %D%/guard.h \
  %D%/linesearch.c \
  %D%/linesearch.h \
  %D%/noise.c \
  %D%/noise.h \
  %D%/optim.c \
  %D%/optim.h \
  %D%/perturb.c \
  %D%/perturb.h \
  %D%/schedule.c \
  %D%/schedule.h \
  %D%/theory.c \
  %D%/theory.h \
  %D%/vr.c \
  %D%/vr.h
libthwoptim_la_LIBADD = $(LIBM)
