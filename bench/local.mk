# SPDX-License-Identifier: BSD-3-Clause
# What takes minutes, and is measured rather than tested: bench/README.md.
include %D%/neon2/local.mk
include %D%/verdict/local.mk
