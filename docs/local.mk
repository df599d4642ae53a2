# SPDX-License-Identifier: BSD-3-Clause
EXTRA_DIST += %D%/local-minima.md %D%/optimizers.md %D%/verdict.md
