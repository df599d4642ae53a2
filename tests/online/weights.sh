#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# E6, continuous multiplicative weights: regret, half-spaces and samples within the specification's
# bands; kill -9 and resume to the last bit is in runs.sh.
. "$top_srcdir/tests/online/lib.sh"
quiet='--set monitor.decisions=false --set monitor.rounds=1000000'
coin='--set rounds.kind=coin'

# mean KEY DIVISOR ARGS...: mean over three seeds of KEY of result.json; half-spaces, calls and samples
# of every run are held to their bands.
mean() {
  key=$1 divisor=$2
  shift 2
  : >values
  for seed in 100 200 300; do
    # shellcheck disable=SC2086
    play band "$@" "$papers/improper-cmwu.cfg" $quiet --set rounds.seed="$seed"
    value band/result.json "$key" >>values
    tail -n 1 band/metrics.jsonl >record
    dimension=$(value band/result.json dimension)
    between "E6: half-spaces" "$(value record learner.cuts_found)" 1 $((3 * dimension))
    between "E6: samples" "$(value record learner.samples_drawn)" 1 60
    between "E6: calls" "$(value band/result.json oracle_calls)" 1 60
    between "E6: violations of P2" "$(value record learner.p2_violations)" 0 0
  done
  result=$(awk -v d="$divisor" '{ s += $1 } END { printf "%.17g", s / NR / d }' values)
}

check='--set learner.check=true'
for T in 250 1000 4000; do
  root=$(calc "sqrt($T)")
  # shellcheck disable=SC2086
  mean alpha_regret "$root" "$papers/inflated-experts.cfg" --set oracle.base.n=5 \
    --set learner.cost_bound=1.5 --set stop.rounds=$T $coin $check
  between "E6: experts, coin, $T rounds" "$result" 0 1.5
  # shellcheck disable=SC2086
  mean alpha_regret "$root" "$papers/inflated-experts.cfg" --set oracle.base.n=5 \
    --set learner.cost_bound=1.5 --set stop.rounds=$T $check
  between "E6: experts, stochastic, $T rounds" "$result" 0 1.5
done
# shellcheck disable=SC2086
mean alpha_regret "$(calc 'sqrt(1000)')" "$papers/inflated-paths.cfg" \
  --set 'oracle.base.grid=[3,3]' --set learner.cost_bound=6.0 --set stop.rounds=1000 $coin $check
between 'E6: paths, 1000 rounds' "$result" 0 4
sed 's/vc10/vc8/' "$papers/vc10.cfg" >vc8.cfg
cp "$papers/vc8.col" .
# shellcheck disable=SC2086
mean ratio 1 vc8.cfg --set learner.cost_bound=16.0 --set stop.rounds=1000 $coin $check
between 'E6: covers, ratio to the optimum after 1000 rounds' "$result" 1 1.08
finish
