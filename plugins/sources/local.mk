# SPDX-License-Identifier: BSD-3-Clause

source_libs = libthwdata.la $(ZLIB_LIBS) $(LIBM)

plugin_LTLIBRARIES += csv.la
csv_la_SOURCES = \
  %D%/csv/columns.c \
  %D%/csv/csv.h \
  %D%/csv/plugin.c \
  %D%/csv/reader.c \
  %D%/csv/scan.c
csv_la_LDFLAGS = $(plugin_ldflags)
csv_la_LIBADD = $(source_libs)

plugin_LTLIBRARIES += idx.la
idx_la_SOURCES = \
  %D%/idx/idx.c \
  %D%/idx/idx.h \
  %D%/idx/plugin.c
idx_la_LDFLAGS = $(plugin_ldflags)
idx_la_LIBADD = $(source_libs)

plugin_LTLIBRARIES += images.la
images_la_SOURCES = \
  %D%/images/augment.c \
  %D%/images/cifar.c \
  %D%/images/images.h \
  %D%/images/patch.c \
  %D%/images/plugin.c \
  %D%/images/wrap.c
images_la_LDFLAGS = $(plugin_ldflags)
images_la_LIBADD = $(source_libs)

plugin_LTLIBRARIES += npy.la
npy_la_SOURCES = %D%/npy/plugin.c
npy_la_LDFLAGS = $(plugin_ldflags)
npy_la_LIBADD = $(source_libs)

plugin_LTLIBRARIES += sequence.la
sequence_la_SOURCES = \
  %D%/sequence/adding.c \
  %D%/sequence/concept.c \
  %D%/sequence/concept.h \
  %D%/sequence/concept_data.c \
  %D%/sequence/copy.c \
  %D%/sequence/gen.c \
  %D%/sequence/phi.c \
  %D%/sequence/phi.h \
  %D%/sequence/plugin.c \
  %D%/sequence/random_labels.c \
  %D%/sequence/sequence.h \
  %D%/sequence/series.c \
  %D%/sequence/steps.c \
  %D%/sequence/store.c \
  %D%/sequence/store.h \
  %D%/sequence/text.c \
  %D%/sequence/vocab.c \
  %D%/sequence/vocab.h
sequence_la_LDFLAGS = $(plugin_ldflags)
sequence_la_LIBADD = $(source_libs)

plugin_LTLIBRARIES += svmlight.la
svmlight_la_SOURCES = \
  %D%/svmlight/parse.c \
  %D%/svmlight/plugin.c \
  %D%/svmlight/reader.c \
  %D%/svmlight/svmlight.h
svmlight_la_LDFLAGS = $(plugin_ldflags)
svmlight_la_LIBADD = $(source_libs)

plugin_LTLIBRARIES += synthetic.la
synthetic_la_SOURCES = \
  %D%/synthetic/dense.c \
  %D%/synthetic/gen.c \
  %D%/synthetic/plugin.c \
  %D%/synthetic/rows.c \
  %D%/synthetic/sparse.c \
  %D%/synthetic/synthetic.h
synthetic_la_LDFLAGS = $(plugin_ldflags)
synthetic_la_LIBADD = $(source_libs)

plugin_LTLIBRARIES += targets.la
targets_la_SOURCES = \
  %D%/targets/gen.c \
  %D%/targets/hierarchical.c \
  %D%/targets/plugin.c \
  %D%/targets/smooth.c \
  %D%/targets/targets.h
targets_la_LDFLAGS = $(plugin_ldflags)
targets_la_LIBADD = $(source_libs)

plugin_LTLIBRARIES += two-patterns.la
two_patterns_la_SOURCES = %D%/patterns/two-patterns.c
two_patterns_la_LDFLAGS = $(plugin_ldflags)
two_patterns_la_LIBADD = $(source_libs)
