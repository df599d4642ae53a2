# SPDX-License-Identifier: BSD-3-Clause
# Pipelines to learn from, installed as examples with the data they name.
examplesdir = $(docdir)/examples
examplesdatadir = $(examplesdir)/data

dist_examples_DATA = \
  %D%/quickstart.cfg

# One for each optimizer and some of networks; they name data as ../data.
examplesoptimizersdir = $(examplesdir)/optimizers
dist_examplesoptimizers_DATA = \
  %D%/examples/adam.cfg \
  %D%/examples/adding.cfg \
  %D%/examples/catalyst.cfg \
  %D%/examples/char-rnn.cfg \
  %D%/examples/cubic.cfg \
  %D%/examples/digits-rnn.cfg \
  %D%/examples/gd.cfg \
  %D%/examples/lbfgs.cfg \
  %D%/examples/mlp.cfg \
  %D%/examples/natasha15.cfg \
  %D%/examples/natasha2.cfg \
  %D%/examples/neon2.cfg \
  %D%/examples/newton.cfg \
  %D%/examples/perturbed-gd.cfg \
  %D%/examples/scsg.cfg \
  %D%/examples/series-rnn.cfg \
  %D%/examples/sgd.cfg \
  %D%/examples/spider.cfg \
  %D%/examples/svrg-nonconvex.cfg \
  %D%/examples/svrg.cfg

dist_examplesdata_DATA = \
  %D%/data/README \
  %D%/data/digits.csv.gz \
  %D%/data/lynx.csv \
  %D%/data/shakespeare.txt.gz

# An online pipeline and its roads.
examplesonlinedir = $(examplesdir)/online
dist_examplesonline_DATA = \
  %D%/examples/max-cut.cfg \
  %D%/examples/online-cover.cfg \
  %D%/examples/online-routing.cfg \
  %D%/examples/petersen.txt \
  %D%/examples/posts.txt \
  %D%/examples/roads.txt

# Solvers of one's own.
examplesownsolverdir = $(examplesdir)/own-solver
dist_examplesownsolver_DATA = \
  %D%/examples/own-solver/c.cfg \
  %D%/examples/own-solver/cover.c \
  %D%/examples/own-solver/cover.py \
  %D%/examples/own-solver/python.cfg \
  %D%/examples/own-solver/streets.txt

# Problems and learners of the approximation oracle.
examplesapproximationdir = $(examplesdir)/papers/approximation-oracle
dist_examplesapproximation_DATA = \
  %D%/papers/approximation-oracle/README.md \
  %D%/papers/approximation-oracle/ftl.cfg \
  %D%/papers/approximation-oracle/ftpl.cfg \
  %D%/papers/approximation-oracle/garber.cfg \
  %D%/papers/approximation-oracle/golden.cfg \
  %D%/papers/approximation-oracle/improper-bandit.cfg \
  %D%/papers/approximation-oracle/improper-omd.cfg \
  %D%/papers/approximation-oracle/inflated-experts.cfg \
  %D%/papers/approximation-oracle/inflated-paths.cfg \
  %D%/papers/approximation-oracle/kakade-kalai-ligett.cfg \
  %D%/papers/approximation-oracle/vc10.cfg \
  %D%/papers/approximation-oracle/vc10.col \
  %D%/papers/approximation-oracle/vc14.cfg \
  %D%/papers/approximation-oracle/vc14.col \
  %D%/papers/approximation-oracle/vc8.col

# Problem and method files of NEON2; digits.cfg names ../../data, so the folders keep their places.
examplesneon2dir = $(examplesdir)/papers/neon2
dist_examplesneon2_DATA = \
  %D%/papers/neon2/README.md \
  %D%/papers/neon2/a9a.cfg \
  %D%/papers/neon2/cubic.cfg \
  %D%/papers/neon2/digits.cfg \
  %D%/papers/neon2/matrix-factorisation.cfg \
  %D%/papers/neon2/matrix-sensing.cfg \
  %D%/papers/neon2/mnist.cfg \
  %D%/papers/neon2/natasha2.cfg \
  %D%/papers/neon2/neon2-adam.cfg \
  %D%/papers/neon2/neon2-gd.cfg \
  %D%/papers/neon2/neon2-heavy-ball.cfg \
  %D%/papers/neon2/neon2-lbfgs.cfg \
  %D%/papers/neon2/neon2-natasha15.cfg \
  %D%/papers/neon2/neon2-scsg.cfg \
  %D%/papers/neon2/neon2-sgd.cfg \
  %D%/papers/neon2/neon2-spider.cfg \
  %D%/papers/neon2/neon2-svrg.cfg \
  %D%/papers/neon2/perturbed-gd.cfg \
  %D%/papers/neon2/phase-retrieval.cfg \
  %D%/papers/neon2/plain-adam.cfg \
  %D%/papers/neon2/plain-gd.cfg \
  %D%/papers/neon2/plain-heavy-ball.cfg \
  %D%/papers/neon2/plain-lbfgs.cfg \
  %D%/papers/neon2/plain-natasha15.cfg \
  %D%/papers/neon2/plain-scsg.cfg \
  %D%/papers/neon2/plain-sgd.cfg \
  %D%/papers/neon2/plain-spider.cfg \
  %D%/papers/neon2/plain-svrg.cfg \
  %D%/papers/neon2/quartic.cfg \
  %D%/papers/neon2/ssrgd.cfg \
  %D%/papers/neon2/staircase.cfg \
  %D%/papers/neon2/tensor-ica.cfg \
  %D%/papers/neon2/two-layer.cfg \
  %D%/papers/neon2/w8a.cfg

# Recurrent networks: what the two papers claim.
examplesrnnconvergencedir = $(examplesdir)/papers/rnn-convergence
dist_examplesrnnconvergence_DATA = \
  %D%/papers/rnn-convergence/README.md \
  %D%/papers/rnn-convergence/both.cfg \
  %D%/papers/rnn-convergence/close.cfg \
  %D%/papers/rnn-convergence/last.cfg \
  %D%/papers/rnn-convergence/long.cfg \
  %D%/papers/rnn-convergence/memorise.cfg \
  %D%/papers/rnn-convergence/narrow.cfg \
  %D%/papers/rnn-convergence/reference.cfg \
  %D%/papers/rnn-convergence/scale.cfg \
  %D%/papers/rnn-convergence/sgd.cfg \
  %D%/papers/rnn-convergence/wide.cfg
examplesrnngeneralizationdir = $(examplesdir)/papers/rnn-generalization
dist_examplesrnngeneralization_DATA = \
  %D%/papers/rnn-generalization/README.md \
  %D%/papers/rnn-generalization/adam.cfg \
  %D%/papers/rnn-generalization/both.cfg \
  %D%/papers/rnn-generalization/concept.cfg \
  %D%/papers/rnn-generalization/linearised.cfg \
  %D%/papers/rnn-generalization/long.cfg \
  %D%/papers/rnn-generalization/more.cfg \
  %D%/papers/rnn-generalization/single.cfg \
  %D%/papers/rnn-generalization/unscaled.cfg

# A large step first, or a small one.
exampleslargedir = $(examplesdir)/papers/large-learning-rate
dist_exampleslarge_DATA = \
  %D%/papers/large-learning-rate/README.md \
  %D%/papers/large-learning-rate/large.cfg \
  %D%/papers/large-learning-rate/patterns.cfg \
  %D%/papers/large-learning-rate/small-noise.cfg \
  %D%/papers/large-learning-rate/small.cfg

exampleshierarchicaldir = $(examplesdir)/papers/hierarchical-resnet
dist_exampleshierarchical_DATA = \
  %D%/papers/hierarchical-resnet/README.md \
  %D%/papers/hierarchical-resnet/conv-resnet20-full.cfg \
  %D%/papers/hierarchical-resnet/conv-wide.cfg \
  %D%/papers/hierarchical-resnet/gauss-poly.cfg \
  %D%/papers/hierarchical-resnet/kernel.cfg \
  %D%/papers/hierarchical-resnet/linear-parity.cfg \
  %D%/papers/hierarchical-resnet/parity-full.cfg \
  %D%/papers/hierarchical-resnet/parity.cfg \
  %D%/papers/hierarchical-resnet/plain.cfg \
  %D%/papers/hierarchical-resnet/sensitivity.cfg \
  %D%/papers/hierarchical-resnet/unfactored.cfg

examplesoverparameterizeddir = $(examplesdir)/papers/overparameterized
dist_examplesoverparameterized_DATA = \
  %D%/papers/overparameterized/README.md \
  %D%/papers/overparameterized/gauss.cfg \
  %D%/papers/overparameterized/kernel.cfg \
  %D%/papers/overparameterized/narrow.cfg \
  %D%/papers/overparameterized/regularised.cfg \
  %D%/papers/overparameterized/signs.cfg \
  %D%/papers/overparameterized/sin.cfg \
  %D%/papers/overparameterized/three-layer-full.cfg \
  %D%/papers/overparameterized/three-layer.cfg \
  %D%/papers/overparameterized/two-layer.cfg
