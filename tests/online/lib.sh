# SPDX-License-Identifier: BSD-3-Clause
# What the tests of online pipelines share; sourced, not run. On top of tests/e2e/lib.sh, with the
# plugins of the tree.
. "$top_srcdir/tests/e2e/lib.sh"
THALWEG_PLUGIN_PATH=$top_builddir/.libs
export THALWEG_PLUGIN_PATH
papers=$top_srcdir/conf/papers/approximation-oracle

# value FILE KEY: the number behind the key, the last one in the file.
value() {
  sed -n "s/.*\"$2\": *\([-+0-9][-+0-9.eE]*\).*/\1/p" "$1" | tail -n 1
}

# between WHAT X LOW HIGH
between() {
  awk -v x="$2" -v lo="$3" -v hi="$4" 'BEGIN { exit !(x != "" && x + 0 >= lo && x + 0 <= hi) }' ||
    fail "$1: $2 is not in [$3, $4]"
}

calc() {
  awk "BEGIN { printf \"%.17g\", $* }"
}

# play NAME FILE... [--set ...]: a quiet run into folder NAME.
play() {
  folder=$1
  shift
  rm -rf "$folder"
  "$thalweg" run "$@" --out "$folder" --quiet --no-plot || fail "run $*"
}
