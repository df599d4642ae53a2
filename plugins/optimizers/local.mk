# SPDX-License-Identifier: BSD-3-Clause

plugin_LTLIBRARIES += adam.la
adam_la_SOURCES = %D%/adam/adam.c
adam_la_LDFLAGS = $(plugin_ldflags)
adam_la_LIBADD = libthwoptim.la libthwcurvature.la $(LIBM)

plugin_LTLIBRARIES += catalyst.la
catalyst_la_SOURCES = \
  %D%/catalyst/catalyst.c \
  %D%/catalyst/catalyst.h \
  %D%/catalyst/shifted.c
catalyst_la_LDFLAGS = $(plugin_ldflags)
catalyst_la_LIBADD = libthwoptim.la libthwcurvature.la $(LIBM)

plugin_LTLIBRARIES += cubic.la
cubic_la_SOURCES = \
  %D%/cubic/cubic.c \
  %D%/cubic/cubic.h \
  %D%/cubic/descent.c \
  %D%/cubic/krylov.c \
  %D%/cubic/plugin.c \
  %D%/cubic/reduced.c
cubic_la_LDFLAGS = $(plugin_ldflags)
cubic_la_LIBADD = libthwoptim.la libthwcurvature.la $(BLAS_LIBS) $(LIBM)

plugin_LTLIBRARIES += gd.la
gd_la_SOURCES = %D%/gd/gd.c
gd_la_LDFLAGS = $(plugin_ldflags)
gd_la_LIBADD = libthwoptim.la libthwcurvature.la $(LIBM)

plugin_LTLIBRARIES += lbfgs.la
lbfgs_la_SOURCES = %D%/lbfgs/lbfgs.c
lbfgs_la_LDFLAGS = $(plugin_ldflags)
lbfgs_la_LIBADD = libthwoptim.la libthwcurvature.la $(LIBM)

plugin_LTLIBRARIES += neon2.la
neon2_la_SOURCES = \
  %D%/neon2/guard.c \
  %D%/neon2/neon2.c \
  %D%/neon2/neon2.h \
  %D%/neon2/plugin.c \
  %D%/neon2/theory.c
neon2_la_LDFLAGS = $(plugin_ldflags)
neon2_la_LIBADD = libthwescape.la libthwoptim.la libthwcurvature.la $(LIBM)

noinst_LTLIBRARIES += libthwnatasha.la
libthwnatasha_la_SOURCES = \
  %D%/natasha/epoch.c \
  %D%/natasha/natasha.h \
  %D%/natasha/theory.c

plugin_LTLIBRARIES += natasha15.la
natasha15_la_SOURCES = %D%/natasha/natasha15.c
natasha15_la_LDFLAGS = $(plugin_ldflags)
natasha15_la_LIBADD = libthwnatasha.la libthwoptim.la libthwcurvature.la $(LIBM)

plugin_LTLIBRARIES += natasha2.la
natasha2_la_SOURCES = %D%/natasha/natasha2.c
natasha2_la_LDFLAGS = $(plugin_ldflags)
natasha2_la_LIBADD = libthwnatasha.la libthwescape.la libthwoptim.la libthwcurvature.la $(LIBM)

plugin_LTLIBRARIES += newton.la
newton_la_SOURCES = \
  %D%/newton/newton.c \
  %D%/newton/newton.h \
  %D%/newton/solve.c
newton_la_LDFLAGS = $(plugin_ldflags)
newton_la_LIBADD = libthwoptim.la libthwcurvature.la $(BLAS_LIBS) $(LIBM)

plugin_LTLIBRARIES += perturbed-gd.la
perturbed_gd_la_SOURCES = %D%/perturbed-gd/perturbed-gd.c
perturbed_gd_la_LDFLAGS = $(plugin_ldflags)
perturbed_gd_la_LIBADD = libthwoptim.la libthwcurvature.la $(LIBM)

plugin_LTLIBRARIES += scsg.la
scsg_la_SOURCES = \
  %D%/scsg/plugin.c \
  %D%/scsg/scsg.c \
  %D%/scsg/scsg.h
scsg_la_LDFLAGS = $(plugin_ldflags)
scsg_la_LIBADD = libthwoptim.la libthwcurvature.la $(LIBM)

plugin_LTLIBRARIES += sgd.la
sgd_la_SOURCES = %D%/sgd/sgd.c
sgd_la_LDFLAGS = $(plugin_ldflags)
sgd_la_LIBADD = libthwoptim.la libthwcurvature.la $(LIBM)

plugin_LTLIBRARIES += spider.la
spider_la_SOURCES = \
  %D%/spider/escape.c \
  %D%/spider/plugin.c \
  %D%/spider/spider.c \
  %D%/spider/spider.h
spider_la_LDFLAGS = $(plugin_ldflags)
spider_la_LIBADD = libthwoptim.la libthwcurvature.la $(LIBM)

plugin_LTLIBRARIES += svrg.la
svrg_la_SOURCES = \
  %D%/svrg/plugin.c \
  %D%/svrg/rule.c \
  %D%/svrg/svrg.c \
  %D%/svrg/svrg.h
svrg_la_LDFLAGS = $(plugin_ldflags)
svrg_la_LIBADD = libthwoptim.la libthwcurvature.la $(LIBM)
