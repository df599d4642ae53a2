#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# two-patterns and two-block-net: the short way over rays against the plain one, and
# the order in which a large and a small step learn (large-learning-rate.md, 11.1, shortened).
. "$top_srcdir/tests/e2e/lib.sh"
THALWEG_PLUGIN_PATH=$top_builddir/.libs
conf=$top_srcdir/conf/papers/large-learning-rate
set -- --quiet --no-plot

# The same run by both ways: f of the last record to eight digits.
last() { sed -n 's/.*"f":\([^,]*\),.*/\1/p' "$1/metrics.jsonl" | tail -n 1; }
for way in true false; do
  status 0 "$thalweg" run "$conf/patterns.cfg" "$conf/large.cfg" "$@" --set model.rays=$way \
    --set stop.passes=60 --out rays-$way
done
awk -v a="$(last rays-true)" -v b="$(last rays-false)" 'BEGIN { d = a - b; exit !(d < 1e-6 && d > -1e-6) }' ||
  fail "the two ways end at $(last rays-true) and $(last rays-false)"

# At time 10 (200 steps of 0.05, 10 of 1) the small step has learned Q, the large one has not; at time
# 100 the large one, with the noise in it, has learned P. Three seeds.
number() { sed -n "s/.*\"$2\":\([^,}]*\).*/\1/p" "$1/metrics.jsonl" | tail -n 1; }
for seed in 1 2 3; do
  status 0 "$thalweg" run "$conf/patterns.cfg" "$conf/small.cfg" "$@" --set run.seed=$seed \
    --set stop.passes=240 --out small-$seed
  status 0 "$thalweg" run "$conf/patterns.cfg" "$conf/large.cfg" "$@" --set run.seed=$seed \
    --set stop.passes=150 --out large-$seed
  awk -v s="$(number small-$seed q-only.error)" -v l="$(number large-$seed q-only.error)" \
    -v p="$(number large-$seed p-only.error)" 'BEGIN { exit !(s < 0.02 && l > 0.05 && p < 0.25) }' ||
    fail "seed $seed: q-only $(number small-$seed q-only.error) small, $(number large-$seed q-only.error) large; p-only $(number large-$seed p-only.error)"
done
status 2 "$thalweg" run "$conf/patterns.cfg" "$conf/large.cfg" "$@" --set source.p0=0.9 --out bad
says err 'p0 + q0'
status 2 "$thalweg" run "$conf/patterns.cfg" "$conf/large.cfg" "$@" --set model.d2=60 --out bad
says err 'd2 = 60'
finish
