# SPDX-License-Identifier: BSD-3-Clause
# One line per room of plugins; in the room's fragment, a paragraph per plugin:
#
#   plugin_LTLIBRARIES += svmlight.la
#   svmlight_la_SOURCES = %D%/svmlight/svmlight.c
#   svmlight_la_LDFLAGS = $(plugin_ldflags)
#   svmlight_la_LIBADD = libthwdata.la $(ZLIB_LIBS) $(LIBM)

include %D%/learners/local.mk
include %D%/linear/local.mk
include %D%/models/local.mk
include %D%/optimizers/local.mk
include %D%/oracles/local.mk
include %D%/rounds/local.mk
include %D%/sources/local.mk

# thalweg refuses plugins that a group may write to, which is what a umask of 002 makes of them.
all-local: $(plugin_LTLIBRARIES)
	@chmod go-w .libs .libs/*.so
