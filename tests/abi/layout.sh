#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The layout of the public structs against the pinned one. Lines may be added (a member at the end
# of a struct that begins with its size); nothing that is there may move.
set -u
golden=$top_srcdir/tests/abi/lp64.txt
out=$(mktemp) || exit 99
trap 'rm -f "$out"' EXIT
listed=$top_srcdir/tests/abi/layout.inc
for name in $(sed -n 's/^\(typedef \)\{0,1\}struct \(thw_[a-z0-9_]*\) {.*/\2/p' \
  "$top_srcdir"/include/thalweg/*.h); do
  grep -q "^S($name)" "$listed" || { echo "struct $name is not in tests/abi/layout.inc"; exit 1; }
done

./abi_layout >"$out"
status=$?
if [ $status -ne 0 ]; then
  [ $status -eq 77 ] && echo "the pinned layout is for LP64 only"
  exit $status
fi
if diff -u "$golden" "$out"; then exit 0; fi
echo "A struct or constant of the plugin contract has changed. Unless a member was appended on"
echo "purpose, put it back. To pin what was appended: ./abi_layout >tests/abi/lp64.txt"
exit 1
