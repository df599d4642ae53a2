# SPDX-License-Identifier: BSD-3-Clause
dist_man_MANS += \
  %D%/thalweg.cfg.5
