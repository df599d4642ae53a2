#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Bands of the specification, section 18, as far as they go in a few seconds. Means over seeds; the
# widths are the specification's.
. "$top_srcdir/tests/online/lib.sh"
few='--set monitor.decisions=false --set monitor.rounds=1000000 --set monitor.hindsight=false'

# mean KEY POWER T SEEDS ARGS...: mean over the seeds of KEY of result.json over T^POWER; the mean of
# the calls is in $calls.
mean() {
  key=$1 power=$2 rounds=$3 seeds=$4
  shift 4
  : >values
  for seed in $seeds; do
    # shellcheck disable=SC2086
    play band "$@" $few --set stop.rounds="$rounds" --set rounds.seed="$seed"
    echo "$(value band/result.json "$key") $(value band/result.json oracle_calls)" >>values
  done
  calls=$(awk '{ s += $2 } END { printf "%.17g", s / NR }' values)
  result=$(awk -v t="$rounds" -v p="$power" '{ s += $1 } END { printf "%.17g", s / NR / t ^ p }' values)
}

# E3: alpha-regret of order sqrt(T) where the factor is tight, calls that hardly grow. The mean over
# 8 seeds has a standard error of about 0.35 at 4000 rounds.
eight='100 200 300 400 500 600 700 800'
mean alpha_regret 0.5 1000 "$eight" "$papers/inflated-paths.cfg" "$papers/improper-omd.cfg"
between 'E3: alpha-regret/sqrt(T) at 1000' "$result" 1.42 3.32
between 'E3: calls at 1000' "$calls" 62 248
small=$calls
mean alpha_regret 0.5 4000 "$eight" "$papers/inflated-paths.cfg" "$papers/improper-omd.cfg"
between 'E3: alpha-regret/sqrt(T) at 4000' "$result" 1.42 3.30
between 'E3: calls at 4000 over calls at 1000' "$(calc "$calls / $small")" 0 1.4
between 'E3: the bound' "$(value band/result.json alpha_regret)" -1e9 "$(value band/result.json bound)"

# Without caches: about as much regret, and calls in every round.
mean alpha_regret 0.5 1000 100 "$papers/inflated-paths.cfg" "$papers/improper-omd.cfg"
warm=$result
mean alpha_regret 0.5 1000 100 "$papers/inflated-paths.cfg" "$papers/improper-omd.cfg" --set learner.cold=true
between 'E3: cold over warm' "$(calc "$result / $warm")" 0.85 1.15
between 'E3: cold calls per round' "$(calc "$calls / 1000")" 8 14

# E4: natural oracle, against the true optimum; and the baselines.
mean regret 0.5 1000 100 "$papers/vc14.cfg" "$papers/improper-omd.cfg" \
  --set rounds.kind='"coin"' --set learner.loss_bound=3.6055512754639891
between 'E4: improper-omd on VC14' "$result" 0.98 1.64
mean regret 0.5 1000 100 "$papers/vc14.cfg" "$papers/garber.cfg" --set rounds.kind='"coin"' \
  --set learner.loss_bound=3.6055512754639891
between 'E4: garber on VC14' "$result" 1.35 2.25
mean regret 0.5 250 100 "$papers/vc14.cfg" "$papers/kakade-kalai-ligett.cfg" \
  --set rounds.kind='"coin"' --set learner.loss_bound=3.4641016151377544
between 'E4: kakade-kalai-ligett on VC14' "$result" 1.48 2.46
between 'E4: its calls per round' "$(calc "$calls / 250")" 126 234
mean regret 0.5 1000 100 "$papers/vc14.cfg" "$papers/ftpl.cfg" --set rounds.kind='"coin"'
between 'E4: ftpl with an approximate oracle on VC14' "$result" 4 1000

# E10: bandit feedback.
mean alpha_regret 0.66666666666666667 8000 '100 200 300' "$papers/inflated-experts.cfg" "$papers/improper-bandit.cfg"
between 'E10: experts' "$result" 0 1.5
mean alpha_regret 0.66666666666666667 8000 '100 200 300' "$papers/inflated-paths.cfg" "$papers/improper-bandit.cfg" --set rounds.kind='"around-mean"'
between 'E10: paths' "$result" 0 7
between 'E10: calls of the projections' "$(value band/metrics.jsonl learner.pad_calls)" 1 60
finish
