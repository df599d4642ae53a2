# SPDX-License-Identifier: BSD-3-Clause

plugin_LTLIBRARIES += synthetic.la
synthetic_la_SOURCES = \
  %D%/synthetic/plugin.c \
  %D%/synthetic/rows.c \
  %D%/synthetic/synthetic.h
synthetic_la_LDFLAGS = $(plugin_ldflags)
synthetic_la_LIBADD = libthwdata.la $(LIBM)
