#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# E5: with a stubborn oracle, which keeps its promise and no more, whoever follows the leader has
# linear alpha-regret; the learner that decides by projection and decomposition has not.
. "$top_srcdir/tests/online/lib.sh"

# Blocks of 800 rounds, in each of which one of 8 experts pays.
blocks() {
  awk -v n="$1" 'BEGIN {
    for (t = 0; t < n; t++) {
      e = int(t / 800) % 8
      for (i = 0; i < 8; i++) printf "%d%s", i == e, i < 7 ? "," : "\n"
    }
  }' >losses.csv
}
cat >stubborn.cfg <<'END'
run: { name = "stubborn"; };
oracle: { type = "stubborn"; n = 8; factor = 2.0; slack = 600.0; };
rounds: { type = "recorded"; path = "losses.csv"; };
learner: { type = "improper-omd"; step = "fixed"; loss_bound = 1.0; radius = 2.0; };
monitor: { decisions = false; hindsight = false; rounds = 1000000; };
END
cat >ftpl.cfg <<'END'
learner: { type = "ftpl"; diameter = 2.0; cost_bound = 1.0; loss_bound = 1.0; };
END
cat >strip.cfg <<'END'
run: { name = "ftpl"; };
oracle: { type = "stubborn"; n = 8; factor = 2.0; slack = 600.0; };
rounds: { type = "recorded"; path = "losses.csv"; };
monitor: { decisions = false; hindsight = false; rounds = 1000000; };
END
previous=0
for T in 12800 25600; do
  blocks $T
  play a stubborn.cfg
  between "alpha-regret/T of improper-omd at $T" \
    "$(calc "$(value a/result.json alpha_regret) / $T")" -1 -0.2
  play b strip.cfg ftpl.cfg
  followed=$(calc "$(value b/result.json alpha_regret) / $T")
  between "alpha-regret/T of ftpl at $T" "$followed" "$previous" 1
  previous=$followed
done
between 'alpha-regret/T of ftpl at 25600' "$followed" 0.2 1
finish
