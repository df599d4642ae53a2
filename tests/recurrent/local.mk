# SPDX-License-Identifier: BSD-3-Clause
# The acceptance experiments on recurrent networks. The quick ones are a test; the whole table takes
# about half an hour: make check-recurrent-table.

check_PROGRAMS += recurrent_table
recurrent_table_SOURCES = \
  %D%/baselines.c \
  %D%/experiments.h \
  %D%/initial.c \
  %D%/initial.h \
  %D%/kernel.c \
  %D%/kernel.h \
  %D%/lab.c \
  %D%/lab.h \
  %D%/learn.c \
  %D%/learn.h \
  %D%/memorise.c \
  %D%/memorise.h \
  %D%/net.c \
  %D%/net.h \
  %D%/recipes.c \
  %D%/recipes.h \
  %D%/table.c
recurrent_table_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
recurrent_table_LDADD = $(optim_ldadd) $(BLAS_LIBS) $(LIBM)
dist_check_SCRIPTS += \
  %D%/bands.sh \
  %D%/methods.sh
TESTS += \
  %D%/bands.sh \
  %D%/methods.sh
