#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The golden trace of the specification: vertex cover on VC14, 250 stochastic rounds. The projected
# iterate agrees with an independent implementation to 1e-6, and every projection keeps both of its
# guarantees.
. "$top_srcdir/tests/online/lib.sh"

play golden "$papers/golden.cfg"
while read -r t sum norm calls; do
  sed -n "${t}p" golden/metrics.jsonl >record
  between "round $t: sum of z" "$(value record learner.z_sum)" \
    "$(calc "$sum - 1e-6")" "$(calc "$sum + 1e-6")"
  between "round $t: norm of z" "$(value record learner.z_norm)" \
    "$(calc "$norm - 1e-6")" "$(calc "$norm + 1e-6")"
  between "round $t: oracle calls" "$(value record oracle_calls)" $((calls - 3)) $((calls + 3))
done <<'END'
1 14.000000000 5.291502622 2
2 13.210612566 4.995366764 2
3 12.483302878 4.722338688 2
5 10.934001151 4.153422394 2
10 8.128479386 3.097174507 9
50 7.006724427 2.495448018 24
100 7.003778756 2.641879999 25
250 7.011673187 2.641602224 28
END
tail -n 1 golden/metrics.jsonl >record
between 'violations of P1' "$(value record learner.p1_violations)" 0 0
between 'violations of P2' "$(value record learner.p2_violations)" 0 0
between 'largest loss' "$(value golden/result.json largest_loss)" 2.311190378 2.311190380
finish
