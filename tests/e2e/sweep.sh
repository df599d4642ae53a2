#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# thalweg sweep, compare and report: every combination is the run that it would be alone, a sweep that
# was stopped goes on, tables say what the folders hold.
. "$top_srcdir/tests/e2e/lib.sh"
THALWEG_PLUGIN_PATH=$top_builddir/.libs

cat >p.cfg <<'END'
run: { name = "p"; };
source: { type = "gaussian-classes"; n = 200; d = 5; };
model: { type = "logistic"; l2 = 0.01; };
oracle: { type = "finite-sum"; };
optimizer: { type = "sgd"; step = 0.1; };
stop: { passes = 3.0; verdict = false; };
END
"$thalweg" check p.cfg >out 2>err || {
  cat err >&2
  exit 99
}

# ---- every combination, the first setting slowest; the same bits as alone, at any number of jobs
status 0 "$thalweg" sweep p.cfg --vary optimizer.step=0.05,0.2 --vary run.seed=1..3 --jobs 2 --out s
says out 'optimizer.step=0.2, run.seed=3: budget'
test "$(find s -name result.json | wc -l)" = 6 || fail "not six results"
status 0 run p.cfg --set optimizer.step=0.2 --set run.seed=2 --out alone
same s/005 alone
head -n 1 s/sweep.csv | grep -q '^run,optimizer.step,run.seed,status,f,' || {
  fail "the head of sweep.csv"
  cat s/sweep.csv >&2
}
test "$(wc -l <s/sweep.csv)" = 7 || fail "sweep.csv has not a line for each run"

# The numbers of the table are those of the results, and the mean is their mean.
status 0 "$thalweg" compare s --columns run,optimizer.step,f --csv
f=$(sed -n 's/^ *"f": \([^,]*\),/\1/p' s/005/result.json | head -n 1)
awk -F, -v f="$f" '$1 == "005" && $2 == 0.2 && $3 == f { ok = 1 } END { exit !ok }' out ||
  fail "compare shows another f than $f"
mean=$(awk -F, '$2 == 0.2 { s += $3; n++ } END { printf "%.12g", s / n }' out)
status 0 "$thalweg" compare s --columns optimizer.step,run.seed,f --over run.seed --csv
awk -F, -v m="$mean" '$1 == 0.2 { d = $2 - m; ok = d < 1e-12 && d > -1e-12 && $3 <= $2 && $2 <= $4 && $5 == 3 }
  END { exit !ok }' out || {
  fail "the mean over seeds is not $mean, or not between the extremes"
  cat out >&2
}
status 0 "$thalweg" compare s --columns run,f --json
says out '"run": "005"'
# Without columns: what differs, and nothing else of the pipeline.
status 0 "$thalweg" compare s/001 s/004
says out 'optimizer.step'
grep -q 'run.seed' out && fail "a setting that agrees is shown as a difference"

# ---- layers: methods side by side
printf 'optimizer: { type = "gd"; };\n' >gd.cfg
printf 'optimizer: { type = "lbfgs"; };\n' >lbfgs.cfg
sed '/^optimizer/d' p.cfg >base.cfg
status 0 "$thalweg" sweep base.cfg --layers gd.cfg,lbfgs.cfg --out layers
says out 'run.name=lbfgs'
says layers/002/pipeline.cfg 'type = "lbfgs"'

# ---- stopped and gone on with: no run is lost, none is made twice
"$thalweg" sweep p.cfg --vary run.seed=1..3 --set stop.passes=2000000 --set checkpoint.every=0.2 \
  --out stopped >out 2>err &
pid=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  test -s stopped/001/metrics.jsonl && break
  sleep 0.3
done
kill -INT $pid
wait $pid
test $? = 130 || fail "an interrupted sweep does not end with 130"
says err 'sweep --resume stopped'
test -e stopped/003/result.json && fail "a run began after the signal"
for i in 001 002 003; do
  sed -i.bak 's/passes = 2000000.0/passes = 3.0/' stopped/$i/pipeline.cfg
done
rm -f stopped/001/checkpoint # its end has passed already: from the start with the new one
status 0 "$thalweg" sweep --resume stopped
test "$(find stopped -name result.json | wc -l)" = 3 || fail "a resumed sweep has not three results"
grep -l interrupted stopped/*/result.json && fail "an interrupted run was not gone on with"
cp stopped/001/metrics.jsonl before
status 0 "$thalweg" sweep --resume stopped
cmp before stopped/001/metrics.jsonl || fail "a finished run was made again"

# ---- a failing run is told and does not end the others
sed 's/"gaussian-classes".*/"svmlight"; path = "data"; };/' p.cfg >file.cfg
printf '1 1:1\n-1 1:-1\n' >data
status 0 "$thalweg" check file.cfg
status 1 "$thalweg" sweep file.cfg --vary 'source.path="data","gone"' --out failing
says err 'source.path="gone"'
says out 'source.path="data": budget'

# ---- mistakes are told before a folder is made
status 2 "$thalweg" sweep p.cfg --vary optimizer.step=0.1,-1 --out bad
says err 'optimizer.step=-1'
test -e bad && fail "a folder was made for a sweep that cannot run"
status 2 "$thalweg" sweep p.cfg --vary optimizer.stp=0.1 --out bad
says err 'did you mean "step"'
status 2 "$thalweg" sweep p.cfg --out bad
says err '--vary'
status 2 "$thalweg" sweep p.cfg --vary optimizer.step --out bad
status 2 "$thalweg" sweep p.cfg --vary run.seed=1..99999 --out bad
says err 'more than 9999'
status 2 "$thalweg" sweep --resume alone
says err 'sweep.json'
status 2 "$thalweg" compare s --columns optimizer.stepp
says err 'did you mean "optimizer.step"'
status 2 "$thalweg" compare nothing
says err 'nothing: not a run folder'
status 2 "$thalweg" compare s --over optimizer.nothing

# ---- the page holds everything and links to nothing
status 0 "$thalweg" report s --title 'steps < 1 & seeds' --out page.html
says page.html 'steps &lt; 1 &amp; seeds'
says page.html '<td class="n">0.2'
says page.html 'type = &quot;sgd&quot;;'
says page.html 'monitor'
grep -E -q '(href|src)=.[^#]' page.html && fail "the page links to something"
if command -v gnuplot >/dev/null 2>&1; then
  says page.html '<svg'
  test -s s/sweep.svg || fail "no picture of the sweep"
else
  says err 'gnuplot is not installed'
fi
finish
