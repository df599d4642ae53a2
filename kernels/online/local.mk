# SPDX-License-Identifier: BSD-3-Clause
# Deciding online: decisions, projection-and-decomposition, nonnegative least squares.

noinst_LTLIBRARIES += libthwonline.la
libthwonline_la_SOURCES = \
  %D%/bregman.c \
  %D%/cache.c \
  %D%/ellipsoid.c \
  %D%/ellipsoid.h \
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
  %D%/mirror.h \
  %D%/nnls.c \
  %D%/nnls.h \
  %D%/pad.c \
  %D%/pad.h \
  %D%/pad_check.c \
  %D%/pad_el.c \
  %D%/pad_state.c \
  %D%/programs.c \
  %D%/sampler.c \
  %D%/sampler.h \
  %D%/sets.c \
  %D%/sets.h \
  %D%/singular.c \
  %D%/singular.h \
  %D%/sod.c \
  %D%/sod_el.c \
  %D%/sparse.c \
  %D%/sparse.h \
  %D%/tsplib.c \
  %D%/tsplib.h \
  %D%/uniform.h
libthwonline_la_LIBADD = $(BLAS_LIBS) $(LIBM)
