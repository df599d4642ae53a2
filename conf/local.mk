# SPDX-License-Identifier: BSD-3-Clause
# Pipelines to learn from, installed as examples with the data they name.
examplesdir = $(docdir)/examples
examplesdatadir = $(examplesdir)/data

dist_examples_DATA = \
  %D%/quickstart.cfg

dist_examplesdata_DATA = \
  %D%/data/README \
  %D%/data/digits.csv.gz
