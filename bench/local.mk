# SPDX-License-Identifier: BSD-3-Clause
# What takes minutes, and is measured rather than tested: bench/README.md.
PYTHON = python3

EXTRA_DIST += \
  %D%/README.md \
  %D%/conv/bench.py \
  %D%/conv/peer.py \
  %D%/linear/bench.py \
  %D%/linear/catalyst.cfg \
  %D%/linear/lbfgs.cfg \
  %D%/linear/newton.cfg \
  %D%/linear/svrg.cfg \
  %D%/nets/bench.py \
  %D%/nets/mlp.cfg \
  %D%/nets/peer.py \
  %D%/overhead/plain_svrg.c \
  %D%/overhead/run.py \
  %D%/overhead/svrg.cfg \
  %D%/recurrent/bench.py \
  %D%/recurrent/peer.py \
  %D%/recurrent/rnn.cfg

include %D%/cut/local.mk
include %D%/neon2/local.mk
include %D%/verdict/local.mk
