# SPDX-License-Identifier: BSD-3-Clause
check_LTLIBRARIES += libtpproblems.la
libtpproblems_la_SOURCES = \
  %D%/cells.c \
  %D%/cells.h \
  %D%/chain.c \
  %D%/chain.h \
  %D%/cubic.c \
  %D%/factor.c \
  %D%/model.h \
  %D%/oracle.c \
  %D%/problems.h \
  %D%/quartic.c \
  %D%/reduce.c \
  %D%/reduce.h \
  %D%/spectrum.c
