# SPDX-License-Identifier: BSD-3-Clause
EXTRA_DIST += %D%/optimizers.md %D%/verdict.md
