# SPDX-License-Identifier: BSD-3-Clause
# Pipelines to learn from, installed as examples with the data they name.
examplesdir = $(docdir)/examples
examplesdatadir = $(examplesdir)/data

dist_examples_DATA = \
  %D%/quickstart.cfg

# One for each optimizer; they name data as ../data.
examplesoptimizersdir = $(examplesdir)/optimizers
dist_examplesoptimizers_DATA = \
  %D%/examples/adam.cfg \
  %D%/examples/catalyst.cfg \
  %D%/examples/gd.cfg \
  %D%/examples/lbfgs.cfg \
  %D%/examples/natasha15.cfg \
  %D%/examples/natasha2.cfg \
  %D%/examples/neon2.cfg \
  %D%/examples/newton.cfg \
  %D%/examples/scsg.cfg \
  %D%/examples/sgd.cfg \
  %D%/examples/svrg-nonconvex.cfg \
  %D%/examples/svrg.cfg

dist_examplesdata_DATA = \
  %D%/data/README \
  %D%/data/digits.csv.gz
