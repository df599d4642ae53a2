# SPDX-License-Identifier: BSD-3-Clause
include %D%/conv/local.mk
include %D%/kernels/local.mk
include %D%/linear/local.mk
include %D%/nets/local.mk
include %D%/problems/local.mk
include %D%/recurrent/local.mk
include %D%/two-block/local.mk
