#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Matrices of low trace norm from the command line: one question with a known answer, the limit, the
# example with every answer checked, over threads and resumed, and bandit feedback.
. "$top_srcdir/tests/online/lib.sh"
example=$top_srcdir/conf/examples/online-ratings.cfg

# 3 4 / 0 5 has the singular values 3 sqrt(5) and sqrt(5); a radius of 2 earns 6 sqrt(5).
cat >one.cfg <<'END'
oracle: { type = "low-rank"; users = 2; items = 2; radius = 2.0; };
rounds: { type = "recorded"; path = "one.csv"; };
END
printf '2:2,1:1,1:2,2:1\n5,3,4,0\n-5,-3,-4,0\n0,0,0,0\n' >one.csv
for round in 1 2; do
  status 0 "$thalweg" solve one.cfg --round $round --json --out chosen
  between "round $round" "$(value out reward)" 13.4164078648 13.4164078651
  between "its bound" "$(value out bound)" 13.4164078649 13.4164213
done
status 0 "$thalweg" solve one.cfg --round 3 --json
between 'nothing to earn' "$(value out reward)" 0 0
grep -q 'user 2' chosen || fail 'the factors are not written down'
# What was written earns what was printed: the sum of F_ij user_i item_j.
status 0 "$thalweg" solve one.cfg --round 1 --out chosen
awk '{ v[$1 $2] = NF > 2 ? $3 : 1 }
  END {
    e = v["user1"] * (3 * v["item1"] + 4 * v["item2"]) + v["user2"] * 5 * v["item2"]
    exit !(e > 13.41640 && e < 13.41641)
  }' chosen || {
  fail 'the factors do not earn that'
  cat chosen >&2
}

status 2 "$thalweg" solve one.cfg --set oracle.users=2000
says err 'expected 4000 losses'
status 2 "$thalweg" solve one.cfg --set oracle.users=2000 --set oracle.items=501
says err 'users * items: expected at most 1000000 entries, found 2000 * 501 = 1002000'

# The example: every answer against the true optimum; the same bits on any number of threads, and in
# two halves.
play one "$example" --set monitor.check=true --set run.threads=1
play three "$example" --set run.threads=3
cmp one/decisions.jsonl three/decisions.jsonl || fail 'threads decide otherwise'
play half "$example" --set stop.rounds=150
cp half/result.json half-way.json
resume half --quiet --set stop.rounds=300 || fail 'resume'
cmp one/decisions.jsonl half/decisions.jsonl || fail 'a resumed run decides otherwise'
reward=$(value one/result.json expected_reward)
best=$(value one/result.json best_reward)
between 'what is earned, over the best in hindsight' "$(calc "$reward / $best")" 0.5 1
# Later it knows more: the half that follows earns more than the one before.
before=$(value half-way.json expected_reward)
between 'the second half over the first' "$(calc "($reward - $before) / $before")" 1.5 10

# Unit matrices are a spanner.
play bandit "$example" --set 'learner.type="improper-bandit"' --set monitor.check=true
finish
