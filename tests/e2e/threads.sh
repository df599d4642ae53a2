#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The same bits at any number of threads.
. "$top_srcdir/tests/e2e/lib.sh"

set -- toy.cfg --quiet --set oracle.width=5001 --set optimizer.batch=40 --set stop.passes=3
for precision in single double; do
  for n in 1 2 3 8; do
    OMP_NUM_THREADS=$n
    export OMP_NUM_THREADS
    run "$@" --set run.precision=$precision --out $precision$n || fail "$n threads"
    says $precision$n/result.json "\"threads\": $n"
    test $n = 1 || same ${precision}1 $precision$n
  done
done
finish
