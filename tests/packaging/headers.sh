#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Each public header compiles alone, without a warning, as C99, C11 and C++.
# usage: headers.sh c99|c11|c++11   (CC and CXX from the environment)
set -u
std=$1
include=${THALWEG_INCLUDE-$top_srcdir/include}
case $std in
c++*) compiler=${CXX:-c++} lang=c++ extra= ;;
*) compiler=${CC:-cc} lang=c extra=-Wstrict-prototypes ;;
esac
set -- $compiler
if ! command -v "$1" >/dev/null 2>&1; then
  echo "no $1 here"
  exit 77
fi
status=0 count=0
for header in "$include"/thalweg/*.h; do
  count=$((count + 1))
  # Twice, for the guard.
  if ! printf '#include "%s"\n#include "%s"\nint main(void) { return 0; }\n' "$header" "$header" |
    $compiler -x $lang -std="$std" -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror $extra \
      -I"$include" -fsyntax-only -; then
    echo "$header does not compile alone as $std"
    status=1
  fi
done
[ $count -gt 0 ] || status=1
echo "$count headers as $std"
exit $status
