# SPDX-License-Identifier: BSD-3-Clause
# Deciding online: decisions, projection-and-decomposition, nonnegative least squares.

noinst_LTLIBRARIES += libthwonline.la
libthwonline_la_SOURCES = \
  %D%/cache.c \
  %D%/env.c \
  %D%/env.h \
  %D%/graph.c \
  %D%/graph.h \
  %D%/lanczos.c \
  %D%/lanczos.h \
  %D%/learn.c \
  %D%/learn.h \
  %D%/matching.c \
  %D%/matching.h \
  %D%/nnls.c \
  %D%/nnls.h \
  %D%/pad.c \
  %D%/pad.h \
  %D%/pad_state.c \
  %D%/programs.c \
  %D%/sampler.c \
  %D%/sampler.h \
  %D%/sets.c \
  %D%/sets.h \
  %D%/sparse.c \
  %D%/sparse.h \
  %D%/tsplib.c \
  %D%/tsplib.h \
  %D%/uniform.h
libthwonline_la_LIBADD = $(BLAS_LIBS) $(LIBM)
