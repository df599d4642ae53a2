# SPDX-License-Identifier: BSD-3-Clause
# Learners.
learners_ldadd = libthwonline.la libthwdata.la $(ZLIB_LIBS) $(BLAS_LIBS) $(LIBM)

plugin_LTLIBRARIES += improper.la
improper_la_SOURCES = \
  %D%/bandit.c \
  %D%/cmwu.c \
  %D%/improper.c \
  %D%/improper.h \
  %D%/omd.c \
  %D%/shared.c \
  %D%/spanner.c \
  %D%/spanner.h
improper_la_LDFLAGS = $(plugin_ldflags)
improper_la_LIBADD = $(learners_ldadd)

plugin_LTLIBRARIES += online-baselines.la
online_baselines_la_SOURCES = \
  %D%/baselines.c \
  %D%/garber.c \
  %D%/improper.h \
  %D%/kakade-kalai-ligett.c \
  %D%/leader.c \
  %D%/shared.c
online_baselines_la_LDFLAGS = $(plugin_ldflags)
online_baselines_la_LIBADD = $(learners_ldadd)
