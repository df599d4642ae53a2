#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Under a locale with a decimal comma everything is as under none: files, output, plugins that are
# verified, the readers of numbers.
. "$top_srcdir/tests/e2e/lib.sh"
if ! command -v localedef >/dev/null 2>&1 ||
  ! localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" >/dev/null 2>&1; then
  echo 'no localedef, or no sources of locales: not tried'
  exit 77
fi
export LOCPATH="$work"
comma=$(LC_ALL=de_DE.UTF-8 locale decimal_point 2>/dev/null)
test "$comma" = , || {
  echo 'the C library does not take locales from LOCPATH: not tried'
  exit 77
}

# succeeds COMMAND...: in German.
succeeds() {
  LC_ALL=de_DE.UTF-8
  export LC_ALL
  status 0 "$@"
  unset LC_ALL
}
toy() {
  run toy.cfg --quiet --set optimizer.step=0.25 --set stop.passes=3.5 "$@"
}

toy --out plain || fail 'run'
succeeds toy --out german
same plain german
cmp plain/pipeline.cfg german/pipeline.cfg || fail 'pipeline.cfg depends on the locale'
succeeds resume german --set stop.passes=5.5
resume plain --quiet --set stop.passes=5.5 || fail 'resume'
same plain german
for f in plain german; do sed '/seconds"/d' $f/result.json >$f.json; done
cmp plain.json german.json || fail 'result.json depends on the locale'
succeeds "$thalweg" info stop
says out 'epsilon = 0.0001'

# verify takes up the user's locale on purpose, to see whether a plugin changes it.
succeeds "$thalweg" verify --check surroundings "$top_builddir/.libs/csv.so" \
  --set path="$top_srcdir/conf/data/digits.csv.gz"
THALWEG_PLUGIN_PATH=$top_builddir/.libs
succeeds run "$top_srcdir/conf/quickstart.cfg" --set stop.passes=2 --out digits-de
status 0 run "$top_srcdir/conf/quickstart.cfg" --set stop.passes=2 --out digits
same digits digits-de

# These look for such a locale themselves, and skip that part where the system has none.
for program in test_config test_sources_number; do
  status 0 "$top_builddir/$program"
  says out '[       OK ] foreign_locale'
done
finish
