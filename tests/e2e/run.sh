#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# thalweg run: the folder, its files, and every way in which a run can end.
. "$top_srcdir/tests/e2e/lib.sh"

# ---- the folder -------------------------------------------------------------------------------
status 0 run toy.cfg
status 0 run toy.cfg
for f in pipeline.cfg metrics.jsonl result.json point.npy checkpoint log; do
  test -f runs/toy-002/$f || fail "runs/toy-002 has no $f"
done
test ! -f runs/toy-001/loss.svg || fail "--no-plot made a picture"
same runs/toy-001 runs/toy-002
says out 'budget: stop.passes = 20 are spent'
says out 'folder runs/toy-002'
says runs/toy-001/result.json '"status": "budget"'
says runs/toy-001/result.json '"gradients": 4000'
test "$(wc -l <runs/toy-001/metrics.jsonl)" = 21 || fail "not one record per pass and one before"
says runs/toy-001/metrics.jsonl '"optimizer.phase":"late"'
status 0 run runs/toy-001/pipeline.cfg --out again
same runs/toy-001 again

status 2 run toy.cfg --out again
says err 'exists and is not an empty folder'
mkdir empty
status 0 run toy.cfg --out empty --quiet
test ! -s out || fail "--quiet prints"
status 0 run toy.cfg --out none/such
same runs/toy-001 none/such
status 1 run toy.cfg --out toy.cfg/such
says err 'cannot be made: Not a directory'
status 2 run toy.cfg --set run.name=../evil
status 2 run toy.cfg --set optimizer.stepp=1
says err 'did you mean "step"'
status 2 run
status 2 run nothing.cfg

# ---- what ends a run --------------------------------------------------------------------------
status 0 run toy.cfg --out eps --set stop.epsilon=0.02 --set optimizer.batch=0 --set optimizer.step=2
says eps/result.json '"status": "converged"'
says out 'is at most stop.epsilon = 0.02'
status 0 run toy.cfg --out steps --set stop.steps=3 --set monitor.every=0
says out 'stop.steps = 3 are made'
test "$(wc -l <steps/metrics.jsonl)" = 4 || fail "monitor.every = 0: not one record per step"
status 0 run toy.cfg --out seconds --set stop.passes=0 --set stop.seconds=0.05
says out 'stop.seconds = 0.05 have gone by'
status 0 run toy.cfg --out 'done' --set optimizer.done_at=30
says out 'converged: toy-sgd is done by its own criterion'
status 3 run toy.cfg --out idle --set optimizer.idle_at=3
says err 'without asking its oracle for anything'
says idle/result.json '"status": "failed"'

# ---- divergence: the point of the last record is kept ------------------------------------------
status 1 run toy.cfg --out nan --set optimizer.nan_at=120
says err 'diverged in step'
says err 'asked for by optimizer)'
says err 'A smaller step of `optimizer'
says nan/result.json '"status": "diverged"'
last=$(tail -n 1 nan/metrics.jsonl | sed 's/.*"step":\([0-9]*\),.*/\1/')
status 0 run toy.cfg --out before --set stop.steps="$last"
cmp nan/point.npy before/point.npy || fail "the diverged run did not keep its last good point"

# ---- budgets are kept inside a step -----------------------------------------------------------
status 0 run toy.cfg --out tight --set optimizer.greed=7 --set stop.passes=3.21
spent=$(sed -n '/"counts"/,/"calls"/s/.*"gradients": \([0-9]*\),.*/\1/p' tight/result.json)
test "$spent" -le 642 || fail "$spent gradients where 642 are allowed"
test "$spent" -gt 610 || fail "$spent gradients: the budget of 642 was not used"

# ---- words ------------------------------------------------------------------------------------
sed 's/toy-sgd/toy-forgetful/' toy.cfg >forgetful.cfg
status 0 run forgetful.cfg --out forgetful
says err 'toy-forgetful offers no thw.state/1: this run cannot be resumed'
test ! -f forgetful/checkpoint || fail "a checkpoint without the optimizer's state"
status 0 run toy.cfg --out json --json
says out '"status": "budget"'
says err 'folder json'
cmp out json/result.json || fail "--json prints something else than result.json"
status 0 run toy.cfg --out stream --set oracle.stream=true --set stop.passes=2
says out 'a stream'
status 0 run toy.cfg --out single --set run.precision=single
grep -q "'<f4'" single/point.npy || fail "single precision: point.npy is not float32"
finish
