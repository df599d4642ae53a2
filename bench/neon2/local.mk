# SPDX-License-Identifier: BSD-3-Clause
EXTRA_DIST += \
  %D%/notes.md \
  %D%/overhead.cfg \
  %D%/overhead.py \
  %D%/report.py \
  %D%/reproduce.py \
  %D%/stairs.cfg \
  %D%/stream.cfg \
  %D%/sum.cfg

if TESTS_ENABLED
EXTRA_PROGRAMS += neon2_searches
CLEANFILES += neon2_searches$(EXEEXT)
neon2_searches_SOURCES = %D%/searches.c
neon2_searches_LDADD = libtpproblems.la libthwcore.la
endif

# Under twenty minutes on two cores; needs Python. Results: bench/results/neon2.*
reproduce-neon2: all neon2_searches$(EXEEXT)
	THALWEG_PLUGIN_PATH='$(abs_top_builddir)/.libs' THALWEG_SYSTEM_PLUGIN_PATH='' \
	  $(PYTHON) '$(top_srcdir)/bench/neon2/reproduce.py' --thalweg ./thalweg$(EXEEXT) \
	  --searches ./neon2_searches$(EXEEXT) --out '$(top_srcdir)/bench/results'
.PHONY: reproduce-neon2
