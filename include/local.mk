# SPDX-License-Identifier: BSD-3-Clause
thalwegincludedir = $(includedir)/thalweg
thalweginclude_HEADERS = \
  %D%/thalweg/base.h \
  %D%/thalweg/component.h \
  %D%/thalweg/learner.h \
  %D%/thalweg/linear.h \
  %D%/thalweg/model.h \
  %D%/thalweg/optimizer.h \
  %D%/thalweg/oracle.h \
  %D%/thalweg/rng.h \
  %D%/thalweg/rounds.h \
  %D%/thalweg/source.h \
  %D%/thalweg/thalweg.h \
  %D%/thalweg/vec.h
