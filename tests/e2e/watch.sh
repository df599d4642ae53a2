#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The group watch: a number of the records cuts the step, ends the run early, gives back its best point;
# resumed it does all that at the same places.
. "$top_srcdir/tests/e2e/lib.sh"
THALWEG_PLUGIN_PATH=$top_builddir/.libs

cat >p.cfg <<'END'
source: { type = "gaussian-classes"; n = 200; d = 20; split_valid = 0.3; separation = 1.0; };
model: { type = "logistic"; };
oracle: { type = "finite-sum"; };
optimizer: { type = "sgd"; step = 0.5; draw = "epoch"; };
stop: { passes = 60.0; epsilon = 0.0; verdict = false; };
watch: { metric = "valid.loss"; };
END
"$thalweg" run p.cfg --out probe --no-plot --quiet --set watch.metric=nothing 2>err
metric=$(sed -n 's/.*there are f, grad_norm, \([^,]*\).*/\1/p' err)
case $metric in valid.*) ;; *) fail "no metric of the set valid in: $(cat err)" ;; esac
sed -i.bak "s/valid.loss/$metric/" p.cfg
status 2 run p.cfg --set watch.metric=grad_nom --out bad
says err 'did you mean "grad_norm"'
test -e bad && fail "a folder was made for a run that cannot be"
rises=$(case $metric in *accuracy) echo true ;; *) echo false ;; esac)
set -- --quiet --set watch.rises="$rises" --set watch.patience=5

# Early: the last record is patience behind the best one.
status 0 run p.cfg --out early "$@"
says early/result.json '"status": "stalled"'
best=$(sed -n 's/.*"best_at": \([0-9.]*\).*/\1/p' early/result.json)
end=$(sed -n 's/^  "passes": \([0-9.]*\).*/\1/p' early/result.json)
awk -v b="$best" -v e="$end" 'BEGIN { exit !(e - b >= 5 && e - b < 6 && e < 60) }' ||
  fail "the best record is at pass $best and the end at $end"

# The best point is given back: its metric is the best of all records.
status 0 run p.cfg --out kept "$@" --set watch.keep_best=true
says kept/result.json '"kept": true'
sed "s/.*\"$metric\":\([^,}]*\).*/\1/" kept/metrics.jsonl >values
awk -v up="$rises" 'NR == 1 || (up == "true" ? $1 > best : $1 < best) { best = $1 } { last = $1 }
  END { exit last != best }' values || fail "the last record is not the best"
cmp -s early/point.npy kept/point.npy && fail "keep_best changes nothing"

# The step is cut twice before the end.
status 0 run p.cfg --out cut "$@" --set watch.cuts=2 --set watch.cut=0.5
says cut/result.json '"cuts": 2'
awk -F'"optimizer.step":' 'NR > 1 && NF > 1 { split($2, a, ","); s[a[1]] = 1 } END { for (i in s) n++; exit n != 3 }' \
  cut/metrics.jsonl || fail "not three lengths of the step"

# Killed in between, the same.
status 0 run p.cfg --out half "$@" --set watch.cuts=2 --set watch.cut=0.5 --set stop.passes=9 \
  --set checkpoint.every=0
status 0 resume half --quiet --set stop.passes=60
same cut half

# A value that ends the run.
status 0 run p.cfg --out goal --quiet --set watch.metric=f --set watch.reach='[0.65]'
says goal/result.json '"status": "converged"'
says goal/result.json 'has reached watch.reach = 0.65'

finish
