# SPDX-License-Identifier: BSD-3-Clause
# Sources: readers, tables, generators.

source_tests = \
  test_sources_arrays \
  test_sources_csv \
  test_sources_number \
  test_sources_sequence \
  test_sources_svmlight \
  test_sources_synthetic \
  test_sources_table \
  test_sources_text
check_PROGRAMS += $(source_tests)
TESTS += $(source_tests)
EXTRA_DIST += tests/unit/open_source.h tests/unit/sequence_rows.h

test_sources_arrays_SOURCES = tests/unit/test_sources_arrays.c
test_sources_arrays_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_sources_arrays_LDADD = $(unit_ldadd)

test_sources_csv_SOURCES = tests/unit/test_sources_csv.c
test_sources_csv_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_sources_csv_LDADD = $(unit_ldadd)

test_sources_number_SOURCES = tests/unit/test_sources_number.c
test_sources_number_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_sources_number_LDADD = libthwdata.la $(unit_ldadd)

test_sources_sequence_SOURCES = tests/unit/test_sources_sequence.c
test_sources_sequence_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_sources_sequence_LDADD = $(unit_ldadd)

test_sources_svmlight_SOURCES = tests/unit/test_sources_svmlight.c
test_sources_svmlight_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_sources_svmlight_LDADD = $(unit_ldadd) $(ZLIB_LIBS)

test_sources_synthetic_SOURCES = tests/unit/test_sources_synthetic.c
test_sources_synthetic_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_sources_synthetic_LDADD = $(unit_ldadd)

test_sources_table_SOURCES = tests/unit/test_sources_table.c
test_sources_table_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_sources_table_LDADD = $(unit_ldadd)

test_sources_text_SOURCES = tests/unit/test_sources_text.c
test_sources_text_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
test_sources_text_LDADD = $(unit_ldadd)
