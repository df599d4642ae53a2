# SPDX-License-Identifier: BSD-3-Clause
# Online pipelines.
EXTRA_DIST += %D%/lib.sh
dist_check_SCRIPTS += \
  %D%/bands.sh \
  %D%/golden.sh \
  %D%/leader.sh \
  %D%/runs.sh \
  %D%/solve.sh
TESTS += \
  %D%/bands.sh \
  %D%/golden.sh \
  %D%/leader.sh \
  %D%/runs.sh \
  %D%/solve.sh
