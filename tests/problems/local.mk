# SPDX-License-Identifier: BSD-3-Clause
check_LTLIBRARIES += libtpproblems.la
libtpproblems_la_SOURCES = \
  %D%/cells.c \
  %D%/cells.h \
  %D%/chain.c \
  %D%/chain.h \
  %D%/model.h \
  %D%/models.c \
  %D%/oracle.c \
  %D%/problems.h \
  %D%/reduce.c \
  %D%/reduce.h \
  %D%/spectrum.c
libtpproblems_la_LIBADD = libthwproblems.la
