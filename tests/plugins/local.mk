# SPDX-License-Identifier: BSD-3-Clause
# Plugins for tests of the host.

check_LTLIBRARIES += %D%/toy.la
%C%_toy_la_SOURCES = %D%/toy.c
%C%_toy_la_LDFLAGS = $(plugin_ldflags) -rpath /nowhere
%C%_toy_la_LIBADD = $(LIBM)

check_LTLIBRARIES += %D%/bigram.la
%C%_bigram_la_SOURCES = %D%/bigram.c
%C%_bigram_la_LDFLAGS = $(plugin_ldflags) -rpath /nowhere
%C%_bigram_la_LIBADD = $(LIBM)
