# SPDX-License-Identifier: BSD-3-Clause
# Numeric kernels shared by the plugins of this tree: hidden symbols, linked into each.

include %D%/conv/local.mk
include %D%/curvature/local.mk
include %D%/cut/local.mk
include %D%/data/local.mk
include %D%/escape/local.mk
include %D%/linear/local.mk
include %D%/nets/local.mk
include %D%/online/local.mk
include %D%/optim/local.mk
include %D%/problems/local.mk
include %D%/recurrent/local.mk
