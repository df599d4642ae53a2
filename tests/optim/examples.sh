#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every pipeline in conf/examples runs as it stands and reaches what it asks for.
. "$top_srcdir/tests/e2e/lib.sh"
THALWEG_PLUGIN_PATH=$top_builddir/.libs

found=0
for file in "$top_srcdir"/conf/examples/*.cfg; do
  name=$(basename "$file" .cfg)
  found=$((found + 1))
  case $name in
    adding | char-rnn | digits-rnn | mlp | series-rnn) # networks: as far as a budget goes, here a short one
      status 0 "$thalweg" run "$file" --no-plot --quiet --out "$name" --set stop.passes=1
      says "$name/result.json" '"status": "budget"'
      continue
      ;;
    max-cut | low-rank | online-*) # ends after its rounds, without a verdict
      status 0 "$thalweg" run "$file" --no-plot --quiet --out "$name" --set stop.rounds=50
      says "$name/result.json" '"status": "budget"'
      continue
      ;;
  esac
  status 0 "$thalweg" run "$file" --no-plot --quiet --out "$name"
  says "$name/result.json" '"status": "converged"'
  case $name in
    catalyst) ;; # asks for no verdict
    *) says "$name/result.json" 'approximate-local-minimum' ;;
  esac
done
test $found -ge 8 || fail "only $found examples found"
finish
