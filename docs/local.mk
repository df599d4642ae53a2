# SPDX-License-Identifier: BSD-3-Clause
dist_doc_DATA = \
  %D%/convolutional.md \
  %D%/design.md \
  %D%/local-minima.md \
  %D%/networks.md \
  %D%/online.md \
  %D%/optimizers.md \
  %D%/packaging.md \
  %D%/recurrent.md \
  %D%/verdict.md \
  NEWS \
  README.md
