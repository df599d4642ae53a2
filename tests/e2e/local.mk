# SPDX-License-Identifier: BSD-3-Clause
# Whole runs, from the command line.

EXTRA_DIST += %D%/lib.sh
dist_check_SCRIPTS += \
  %D%/disk.sh \
  %D%/kill.sh \
  %D%/locale.sh \
  %D%/methods.sh \
  %D%/predict.sh \
  %D%/resume.sh \
  %D%/run.sh \
  %D%/saddles.sh \
  %D%/sequences.sh \
  %D%/signals.sh \
  %D%/sweep.sh \
  %D%/threads.sh \
  %D%/watch.sh
TESTS += \
  %D%/disk.sh \
  %D%/kill.sh \
  %D%/locale.sh \
  %D%/methods.sh \
  %D%/predict.sh \
  %D%/resume.sh \
  %D%/run.sh \
  %D%/saddles.sh \
  %D%/sequences.sh \
  %D%/signals.sh \
  %D%/sweep.sh \
  %D%/threads.sh \
  %D%/watch.sh
