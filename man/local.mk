# SPDX-License-Identifier: BSD-3-Clause
dist_man_MANS += \
  %D%/thalweg-plugin.7 \
  %D%/thalweg.1 \
  %D%/thalweg.cfg.5
