# SPDX-License-Identifier: BSD-3-Clause
if TESTS_ENABLED
EXTRA_PROGRAMS += neon2_searches
CLEANFILES += neon2_searches$(EXEEXT)
neon2_searches_SOURCES = %D%/searches.c
neon2_searches_LDADD = libtpproblems.la libthwcore.la
endif
