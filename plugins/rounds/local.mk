# SPDX-License-Identifier: BSD-3-Clause
# What learners play against.

plugin_LTLIBRARIES += generated-rounds.la
generated_rounds_la_SOURCES = %D%/generated.c
generated_rounds_la_LDFLAGS = $(plugin_ldflags)
generated_rounds_la_LIBADD = libthwonline.la libthwdata.la $(ZLIB_LIBS) $(BLAS_LIBS) $(LIBM)

plugin_LTLIBRARIES += recorded.la
recorded_la_SOURCES = %D%/recorded.c
recorded_la_LDFLAGS = $(plugin_ldflags)
recorded_la_LIBADD = libthwonline.la libthwdata.la $(ZLIB_LIBS) $(BLAS_LIBS) $(LIBM)
