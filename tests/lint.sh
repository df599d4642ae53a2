#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# make lint: what a reviewer should not have to look for. Tools that are absent are named.
set -u
cd "$top_srcdir" || exit 1
status=0
bad() {
  echo "$*"
  status=1
}
if [ -e .git ]; then
  files=$(git ls-files)
else
  files=$(find . -type f ! -path './build*' ! -path './m4/*' ! -path './autom4te.cache/*' \
    ! -name configure ! -name Makefile.in ! -name aclocal.m4 ! -name 'config.h.in*' | sed 's|^\./||')
fi

list() { echo "$files" | grep -E "$1"; }

# Left out: the licence itself, and what has no comments: JSON, tables, packed data, the raw seeds of
# the fuzz targets.
for f in $(echo "$files" |
  grep -vE '^COPYING$|\.json$|\.gz$|^conf/data/.*\.csv$|^tests/fuzz/(checkpoint|csv|gzip|idx|npy|number|svmlight)/|^tests/fuzz/config/deep-set$'); do
  head -n 4 "$f" | grep -q 'SPDX-License-Identifier: BSD-3-Clause' || bad "$f: no SPDX line"
done

for f in $(list '\.(c|h)$'); do
  lines=$(wc -l <"$f")
  [ "$lines" -le 700 ] || bad "$f: $lines lines (at most 700)"
done

if command -v clang-format >/dev/null 2>&1; then
  list '\.(c|h|inc)$' | grep -v '^tests/abi/layout\.inc$' |
    xargs clang-format --dry-run --Werror 2>&1 | head -n 40 | grep . && status=1
else
  echo "clang-format is not here: layout not checked"
fi

pages=$(list '^man/.*\.[157]$')
if command -v mandoc >/dev/null 2>&1; then
  for f in $pages; do
    mandoc -T lint -W warning "$f" || bad "$f: see above"
  done
else
  echo "mandoc is not here: man pages not checked"
fi

if command -v shellcheck >/dev/null 2>&1; then
  # Excluded: variables that the makefile or the sourcing script sets or uses.
  for f in quickstart $(list '\.sh$'); do
    shellcheck -s sh -S warning -e SC2034,SC2154 "$f" || status=1
  done
  shellcheck .ci/run || status=1
else
  echo "shellcheck is not here: shell scripts not checked"
fi

[ $status -eq 0 ] && echo "lint: clean"
exit $status
