# SPDX-License-Identifier: BSD-3-Clause
# Linear oracles.
linear_ldadd = libthwonline.la libthwdata.la $(ZLIB_LIBS) $(BLAS_LIBS) $(LIBM)

plugin_LTLIBRARIES += assignment.la
assignment_la_SOURCES = %D%/assignment.c
assignment_la_LDFLAGS = $(plugin_ldflags)
assignment_la_LIBADD = $(linear_ldadd)

plugin_LTLIBRARIES += exec.la
exec_la_SOURCES = \
  %D%/exec/child.c \
  %D%/exec/child.h \
  %D%/exec/exec.c \
  %D%/exec/lines.c \
  %D%/exec/lines.h
exec_la_LDFLAGS = $(plugin_ldflags)
exec_la_LIBADD = $(linear_ldadd)

plugin_LTLIBRARIES += experts.la
experts_la_SOURCES = %D%/experts.c
experts_la_LDFLAGS = $(plugin_ldflags)
experts_la_LIBADD = $(linear_ldadd)

plugin_LTLIBRARIES += inflated.la
inflated_la_SOURCES = %D%/inflated.c
inflated_la_LDFLAGS = $(plugin_ldflags)
inflated_la_LIBADD = $(linear_ldadd)

plugin_LTLIBRARIES += low-rank.la
low_rank_la_SOURCES = \
  %D%/low-rank/factors.c \
  %D%/low-rank/factors.h \
  %D%/low-rank/low-rank.c
low_rank_la_LDFLAGS = $(plugin_ldflags)
low_rank_la_LIBADD = $(linear_ldadd)

plugin_LTLIBRARIES += max-cut.la
max_cut_la_SOURCES = %D%/max-cut.c
max_cut_la_LDFLAGS = $(plugin_ldflags)
max_cut_la_LIBADD = libthwcut.la $(linear_ldadd)

plugin_LTLIBRARIES += set-cover.la
set_cover_la_SOURCES = \
  %D%/set-cover/cover.c \
  %D%/set-cover/cover.h \
  %D%/set-cover/set-cover.c
set_cover_la_LDFLAGS = $(plugin_ldflags)
set_cover_la_LIBADD = $(linear_ldadd)

plugin_LTLIBRARIES += shortest-path.la
shortest_path_la_SOURCES = %D%/shortest-path.c
shortest_path_la_LDFLAGS = $(plugin_ldflags)
shortest_path_la_LIBADD = $(linear_ldadd)

plugin_LTLIBRARIES += spanning-tree.la
spanning_tree_la_SOURCES = %D%/spanning-tree.c
spanning_tree_la_LDFLAGS = $(plugin_ldflags)
spanning_tree_la_LIBADD = $(linear_ldadd)

plugin_LTLIBRARIES += tsp.la
tsp_la_SOURCES = \
  %D%/tsp/closure.c \
  %D%/tsp/exact.c \
  %D%/tsp/improve.c \
  %D%/tsp/tour.c \
  %D%/tsp/tsp.c \
  %D%/tsp/tsp.h \
  %D%/tsp/walk.c
tsp_la_LDFLAGS = $(plugin_ldflags)
tsp_la_LIBADD = $(linear_ldadd)

plugin_LTLIBRARIES += vertex-cover.la
vertex_cover_la_SOURCES = %D%/vertex-cover.c
vertex_cover_la_LDFLAGS = $(plugin_ldflags)
vertex_cover_la_LIBADD = $(linear_ldadd)
