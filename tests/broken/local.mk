# SPDX-License-Identifier: BSD-3-Clause
# Plugins broken on purpose. Without -export-symbols-regex: that of a library without the symbol
# would not link.

broken_ldflags = -module -avoid-version -shared -rpath /nowhere

# For the loader: load.c, broken in the way that its macro says.

check_LTLIBRARIES += %D%/load_crash.la
%C%_load_crash_la_SOURCES = %D%/load.c
%C%_load_crash_la_LDFLAGS = $(broken_ldflags)
%C%_load_crash_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_CRASH

check_LTLIBRARIES += %D%/load_exit.la
%C%_load_exit_la_SOURCES = %D%/load.c
%C%_load_exit_la_LDFLAGS = $(broken_ldflags)
%C%_load_exit_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_EXIT

check_LTLIBRARIES += %D%/load_good.la
%C%_load_good_la_SOURCES = %D%/load.c
%C%_load_good_la_LDFLAGS = $(broken_ldflags)
%C%_load_good_la_CPPFLAGS = $(AM_CPPFLAGS)

check_LTLIBRARIES += %D%/load_hang.la
%C%_load_hang_la_SOURCES = %D%/load.c
%C%_load_hang_la_LDFLAGS = $(broken_ldflags)
%C%_load_hang_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_HANG

check_LTLIBRARIES += %D%/load_loud.la
%C%_load_loud_la_SOURCES = %D%/load.c
%C%_load_loud_la_LDFLAGS = $(broken_ldflags)
%C%_load_loud_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_LOUD

check_LTLIBRARIES += %D%/load_magic.la
%C%_load_magic_la_SOURCES = %D%/load.c
%C%_load_magic_la_LDFLAGS = $(broken_ldflags)
%C%_load_magic_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_MAGIC

check_LTLIBRARIES += %D%/load_major.la
%C%_load_major_la_SOURCES = %D%/load.c
%C%_load_major_la_LDFLAGS = $(broken_ldflags)
%C%_load_major_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_MAJOR

check_LTLIBRARIES += %D%/load_minor.la
%C%_load_minor_la_SOURCES = %D%/load.c
%C%_load_minor_la_LDFLAGS = $(broken_ldflags)
%C%_load_minor_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_MINOR

check_LTLIBRARIES += %D%/load_null.la
%C%_load_null_la_SOURCES = %D%/load.c
%C%_load_null_la_LDFLAGS = $(broken_ldflags)
%C%_load_null_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_NULL

check_LTLIBRARIES += %D%/load_null_id.la
%C%_load_null_id_la_SOURCES = %D%/load.c
%C%_load_null_id_la_LDFLAGS = $(broken_ldflags)
%C%_load_null_id_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_NULL_ID

check_LTLIBRARIES += %D%/load_offset.la
%C%_load_offset_la_SOURCES = %D%/load.c
%C%_load_offset_la_LDFLAGS = $(broken_ldflags)
%C%_load_offset_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_OFFSET

check_LTLIBRARIES += %D%/load_size.la
%C%_load_size_la_SOURCES = %D%/load.c
%C%_load_size_la_LDFLAGS = $(broken_ldflags)
%C%_load_size_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_SIZE

check_LTLIBRARIES += %D%/load_symbol.la
%C%_load_symbol_la_SOURCES = %D%/load.c
%C%_load_symbol_la_LDFLAGS = $(broken_ldflags)
%C%_load_symbol_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_SYMBOL

check_LTLIBRARIES += %D%/load_twice.la
%C%_load_twice_la_SOURCES = %D%/load.c
%C%_load_twice_la_LDFLAGS = $(broken_ldflags)
%C%_load_twice_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_TWICE

# For thalweg verify.

check_LTLIBRARIES += %D%/verify/broken.la
%C%_verify_broken_la_SOURCES = \
  %D%/verify/broken.h \
  %D%/verify/models.c \
  %D%/verify/online.c \
  %D%/verify/optimizers.c \
  %D%/verify/oracles.c \
  %D%/verify/plugin.c \
  %D%/verify/sources.c
%C%_verify_broken_la_LDFLAGS = $(broken_ldflags)
%C%_verify_broken_la_LIBADD = $(LIBM)

check_LTLIBRARIES += %D%/verify/entry_good.la
%C%_verify_entry_good_la_SOURCES = %D%/verify/entry.c %D%/verify/sources.c
%C%_verify_entry_good_la_LDFLAGS = $(broken_ldflags)
%C%_verify_entry_good_la_CPPFLAGS = $(AM_CPPFLAGS)

check_LTLIBRARIES += %D%/verify/entry_license.la
%C%_verify_entry_license_la_SOURCES = %D%/verify/entry.c %D%/verify/sources.c
%C%_verify_entry_license_la_LDFLAGS = $(broken_ldflags)
%C%_verify_entry_license_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_LICENSE

check_LTLIBRARIES += %D%/verify/entry_light.la
%C%_verify_entry_light_la_SOURCES = %D%/verify/entry.c %D%/verify/sources.c
%C%_verify_entry_light_la_LDFLAGS = $(broken_ldflags)
%C%_verify_entry_light_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_LIGHT

check_LTLIBRARIES += %D%/verify/entry_symbols.la
%C%_verify_entry_symbols_la_SOURCES = %D%/verify/entry.c %D%/verify/sources.c
%C%_verify_entry_symbols_la_LDFLAGS = $(broken_ldflags)
%C%_verify_entry_symbols_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_TWO_SYMBOLS

check_LTLIBRARIES += %D%/verify/entry_version.la
%C%_verify_entry_version_la_SOURCES = %D%/verify/entry.c %D%/verify/sources.c
%C%_verify_entry_version_la_LDFLAGS = $(broken_ldflags)
%C%_verify_entry_version_la_CPPFLAGS = $(AM_CPPFLAGS) -DBREAK_VERSION
