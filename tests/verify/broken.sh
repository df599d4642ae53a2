#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every check of `thalweg verify` can fail: each broken component fails the checks that
# expected.txt lists, and no others; sound ones fail none.
set -u
thalweg=$top_builddir/thalweg
broken=$top_builddir/tests/broken/.libs
components=$top_builddir/tests/broken/verify/.libs
expected=$top_srcdir/tests/verify/expected.txt
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
status=0
bad() {
  echo "FAIL: $*"
  sed 's/^/    /' "$work/out"
  status=1
}

# failures FILE [OPTION...]: the checks that fail or warn, in one line.
failures() {
  "$thalweg" verify "$@" >"$work/out" 2>&1
  code=$?
  awk '/^  (FAIL|warn)/ { printf " %s", $2 }' "$work/out"
  return $code
}

# expect "NAMES" FILE [OPTION...]
expect() {
  want=$1
  shift
  got=$(failures "$@")
  code=$?
  [ "$got" = "$want" ] || bad "$*: expected:$want; found:$got"
  case $(grep -c '^  FAIL' "$work/out") in
  0) [ $code -eq 0 ] || bad "$*: nothing failed, exit status $code" ;;
  *) [ $code -eq 3 ] || bad "$*: exit status $code, not 3" ;;
  esac
}

grep -v '^#' "$expected" >"$work/expected"
while IFS=: read -r id want; do
  expect "$want" "$components/broken.so" --component "$id"
done <"$work/expected"

# A component that exits or hangs costs one check, not the tool.
expect ' works' "$components/broken.so" --component exits --check works
grep -q 'a plugin must not exit' "$work/out" || bad 'exits: the reason'
expect ' works' "$components/broken.so" --component hangs --check works --timeout 2
grep -q 'no answer within 2 seconds' "$work/out" || bad 'hangs: the reason'

# Killed in the middle of a check, the tool leaves nothing behind: what it started holds the pipe.
mkfifo "$work/alive"
"$thalweg" verify "$components/broken.so" --component hangs --check works --timeout 1000 \
  >/dev/null 2>&1 3>"$work/alive" &
exec 4<"$work/alive"
sleep 1
kill -9 $!
wait 2>/dev/null
timeout 60 cat <&4 || bad 'hangs: the check outlives the tool'
exec 4<&-

# The plugin as a whole.
expect '' "$components/entry_good.so"
expect ' identity' "$components/entry_license.so"
expect ' identity' "$components/entry_version.so"
expect ' light' "$components/entry_light.so"
expect ' one-symbol' "$components/entry_symbols.so"
expect ' same-answer description' "$broken/load_twice.so"
expect ' description' "$broken/load_magic.so"
expect ' description' "$broken/load_offset.so"
expect ' description' "$broken/load_null_id.so"
expect ' loads one-symbol' "$broken/load_symbol.so"
failures "$broken/load_crash.so" | grep -q ' loads' || bad 'load_crash: loads'
grep -q 'ended by signal' "$work/out" || bad 'load_crash: the reason'
failures "$broken/load_hang.so" --check loads --timeout 2 | grep -q ' loads' || bad 'load_hang'

# No check without something that breaks it.
{
  cut -d: -f2 "$work/expected" | tr ' ' '\n'
  printf '%s\n' loads one-symbol same-answer light description identity
} | sort -u >"$work/proved"
"$thalweg" verify --list | awk '{ print $2 }' | sort -u >"$work/all"
comm -23 "$work/all" "$work/proved" >"$work/out"
[ -s "$work/out" ] && bad 'checks that nothing here breaks'

# Usage.
"$thalweg" verify >"$work/out" 2>&1
[ $? -eq 2 ] || bad 'no file'
"$thalweg" verify /nowhere.so >"$work/out" 2>&1
[ $? -eq 2 ] || bad 'a file that is not there'
"$thalweg" verify "$components/broken.so" --check budgte >"$work/out" 2>&1
[ $? -eq 2 ] || bad 'an unknown check'
grep -q 'did you mean "budget"' "$work/out" || bad 'the nearest check'
"$thalweg" verify "$components/broken.so" --component nobody >"$work/out" 2>&1
[ $? -eq 2 ] || bad 'an unknown component'
"$thalweg" verify "$components/entry_good.so" --json >"$work/out" 2>&1 || bad '--json'
grep -q '"outcome": "pass"' "$work/out" || bad '--json: outcomes'
"$thalweg" verify "$components/broken.so" --component sound-optimizer --check budget --in-process \
  >"$work/out" 2>&1 || bad '--in-process'
exit $status
