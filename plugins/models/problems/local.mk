# SPDX-License-Identifier: BSD-3-Clause
plugin_LTLIBRARIES += problems.la
problems_la_SOURCES = \
  %D%/create.c \
  %D%/planted.c \
  %D%/plugin.c \
  %D%/problem.h \
  %D%/ridge.c
problems_la_LDFLAGS = $(plugin_ldflags)
problems_la_LIBADD = libthwproblems.la $(LIBM)
