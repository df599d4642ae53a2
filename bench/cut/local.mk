# SPDX-License-Identifier: BSD-3-Clause
EXTRA_DIST += %D%/bench.py

if TESTS_ENABLED
EXTRA_PROGRAMS += cut_relax
CLEANFILES += cut_relax$(EXEEXT)
cut_relax_SOURCES = %D%/relax.c
cut_relax_LDADD = libthwcut.la libthwonline.la libthwdata.la libthwcore.la
endif
