#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The program's own words: version, help, mistakes on the command line, output that cannot be
# written.
set -u
thalweg=$top_builddir/thalweg
umask 022
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
status=0
bad() {
  echo "FAIL: $*"
  cat "$work/out" "$work/err"
  status=1
}
# code EXPECTED ARGUMENT...
code() {
  want=$1
  shift
  "$thalweg" "$@" >"$work/out" 2>"$work/err"
  got=$?
  [ $got -eq "$want" ] || bad "thalweg $*: expected exit status $want, found $got"
}
out() { grep -Fq -- "$1" "$work/out" || bad "expected on standard output: $1"; }
err() { grep -Fq -- "$1" "$work/err" || bad "expected on standard error: $1"; }
quiet() { [ ! -s "$work/err" ] || bad "thalweg $*: expected nothing on standard error"; }

mkdir "$work/plugins"
cp "$top_builddir/tests/broken/.libs/load_good.so" "$work/plugins/" || exit 99
export THALWEG_PLUGIN_PATH="$work/plugins" THALWEG_SYSTEM_PLUGIN_PATH=

code 0 --version
out "(plugin interface 0.1)"
code 0 help
out 'usage: thalweg COMMAND'
code 0 --help
out '  list '
code 0 help list
out 'usage: thalweg list [KIND]'
code 0 info x y --nonsense --help
out 'usage: thalweg info NAME'
code 2
err 'usage: thalweg COMMAND'
code 2 lst
err 'no command "lst" (did you mean "list"?)'
code 2 help lst
err 'no command "lst" (did you mean "list"?)'
code 2 qqqqqqqq
err 'no command "qqqqqqqq": `thalweg help'
code 2 --qqqqqqqq
err 'no option "--qqqqqqqq"'

code 0 list
out 'optimizers'
out '  fixture  does nothing, for tests of the loader'
quiet list
code 0 list optimizer --names
[ "$(cat "$work/out")" = fixture ] || bad 'list --names'
code 0 list models
err 'no model found on the search path'
code 2 list modle
err 'no kind "modle" (did you mean "model"?)'
code 2 list --jsn
err 'list has no option --jsn (did you mean --json?)'
code 2 list --json=yes
err 'list --json takes no value, found "yes"'
code 2 list --plugin-path
err 'list --plugin-path needs a value'
code 2 list a b
err 'list takes one kind, found 2 words'

code 0 info fixture
out 'fixture (optimizer) - does nothing, for tests of the loader'
out '  step = 0.1'
out '. Step length.'
code 0 info optimizer/fixture --names
[ "$(cat "$work/out")" = step ] || bad 'info --names'
code 0 info fixture --json
out '"min_open": true'
out '"default": 0.1'
code 2 info fixtur
err 'no component "fixtur" (did you mean "fixture"?)'
code 2 info modle/fixture
err 'the part before the slash is no kind'
code 2 info
err 'info takes one name, found 0'
for group in run stop monitor checkpoint; do
  code 0 info $group
  out "$group (group of options) - "
  code 0 info $group --names
  code 0 info $group --json
done

# No line of text is wider than a page.
code 0 info stop
awk 'length > 80 { exit 1 }' "$work/out" || bad 'info stop: a line is longer than 80 columns'

# Output that cannot be written is a failure with a word.
if [ -c /dev/full ]; then
  "$thalweg" list >/dev/full 2>"$work/err"
  [ $? -eq 1 ] || bad 'list >/dev/full: expected exit status 1'
  err 'cannot write standard output: No space left on device'
fi
"$thalweg" info fixture >&- 2>"$work/err"
[ $? -eq 1 ] || bad 'info with standard output closed: expected exit status 1'
err 'cannot write standard output: '

exit $status
