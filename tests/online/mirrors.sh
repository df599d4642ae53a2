#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Mirror maps, and the ellipsoid method for decompositions and projections: both guarantees hold on
# every call, and regret stays below its bound.
. "$top_srcdir/tests/online/lib.sh"
quiet='--set monitor.decisions=false --set monitor.rounds=1000000 --set learner.check=true'

# kept WHAT ARGS...: a run whose projections are all checked.
kept() {
  what=$1
  shift
  # shellcheck disable=SC2086
  play kept "$@" $quiet
  tail -n 1 kept/metrics.jsonl >record
  between "$what: violations of P1" "$(value record learner.p1_violations)" 0 0
  between "$what: violations of P2" "$(value record learner.p2_violations)" 0 0
}

# 20 experts, factor 1.5: the entropy has 1.5 to 1.6 sqrt(T) in the specification, three seeds here.
experts="$papers/inflated-experts.cfg $papers/improper-omd.cfg"
for seed in 100 200 300; do
  # shellcheck disable=SC2086
  kept entropy $experts --set oracle.base.n=20 --set stop.rounds=1000 --set rounds.seed=$seed \
    --set 'learner.mirror="entropy"'
  between 'entropy: alpha-regret/sqrt(T)' "$(calc "$(value kept/result.json alpha_regret) / sqrt(1000)")" 0.9 2.2
  between 'entropy: its bound' "$(value kept/result.json alpha_regret)" 0 "$(value kept/result.json bound)"
done
for mirror in entropy hypentropy; do
  kept "$mirror on paths" "$papers/inflated-paths.cfg" "$papers/improper-omd.cfg" \
    --set stop.rounds=500 --set "learner.mirror=\"$mirror\""
  between "$mirror on paths: alpha-regret/sqrt(T)" "$(calc "$(value kept/result.json alpha_regret) / sqrt(500)")" -1 5
done
kept 'ellipsoid decomposition' "$papers/inflated-paths.cfg" "$papers/improper-omd.cfg" \
  --set stop.rounds=120 --set 'learner.decomposition="ellipsoid"'
for decomposition in minimum-norm ellipsoid; do
  # shellcheck disable=SC2086
  kept "ellipsoid projection, $decomposition" $experts --set oracle.base.n=4 --set stop.rounds=60 \
    --set 'learner.projection="ellipsoid"' --set "learner.decomposition=\"$decomposition\""
done
status 2 run "$papers/inflated-experts.cfg" "$papers/improper-omd.cfg" --out bad \
  --set 'learner.projection="ellipsoid"' --set 'learner.mirror="hypentropy"'
says err 'projection = "ellipsoid" needs mirror = "euclid"'
finish
