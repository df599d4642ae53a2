# SPDX-License-Identifier: BSD-3-Clause
EXTRA_DIST += \
  %D%/notes.md \
  %D%/report.py

if TESTS_ENABLED
check_PROGRAMS += verdict_quality
verdict_quality_SOURCES = %D%/quality.c
verdict_quality_LDADD = libtpproblems.la libthwcore.la
dist_check_SCRIPTS += %D%/quick.sh
TESTS += %D%/quick.sh
endif

# Five minutes; needs Python with numpy and scipy. Results: bench/results/verdict.*
verdict-quality: verdict_quality$(EXEEXT)
	$(PYTHON) '$(top_srcdir)/bench/verdict/report.py' --program ./verdict_quality$(EXEEXT) \
	  --out '$(top_srcdir)/bench/results'
.PHONY: verdict-quality
