#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# thalweg resume: larger budgets, other ends, refusals; the same bits as without a break.
. "$top_srcdir/tests/e2e/lib.sh"

# A run that ended by its budget goes on as if it had had the larger one, wherever the budget cut.
# With `greed' the optimizer takes steps far beyond what the host wants, so that it is refused in the
# middle of one.
for greed in 1 3 40; do
  run toy.cfg --out ref$greed --quiet --set optimizer.greed=$greed || fail "greed $greed"
  for passes in 0.05 1 3.3 7.77 12.495; do
    dir=r$greed-$passes
    run toy.cfg --out $dir --quiet --set optimizer.greed=$greed --set stop.passes=$passes ||
      fail "passes $passes"
    resume $dir --quiet --set stop.passes=15.1 || fail "resume $dir"
    resume $dir --quiet --set stop.passes=20 || fail "resume $dir again"
    same ref$greed $dir
  done
done

# The same with a record after every step, with the whole sum, and in single precision.
for set in monitor.every=0 optimizer.batch=0 run.precision=single monitor.every=2.5; do
  run toy.cfg --out "ref-$set" --quiet --set $set
  run toy.cfg --out "cut-$set" --quiet --set $set --set stop.passes=6.6
  resume "cut-$set" --quiet --set stop.passes=20 || fail "resume with $set"
  same "ref-$set" "cut-$set"
done

# Other ends.
run toy.cfg --out cut-steps --quiet --set stop.steps=5
resume cut-steps --quiet --set stop.steps=0 || fail "resume after steps"
same ref1 cut-steps
run toy.cfg --out cut-eps --quiet --set stop.epsilon=0.03
grep -q converged cut-eps/result.json || fail "epsilon = 0.03 was not reached"
resume cut-eps --quiet --set stop.epsilon=0 || fail "resume after epsilon"
same ref1 cut-eps

# A finished run ends again at once, in the same way.
cp -r ref1 twice
resume twice --quiet || fail "resume of a finished run"
same ref1 twice
run toy.cfg --out ref-done --quiet --set optimizer.done_at=100
cp -r ref-done done2
resume done2 --quiet --set stop.passes=50 || fail "resume of a run that is done"
same ref-done done2

# Counts go on too.
for f in ref1 r1-3.3; do sed '/seconds"/d' $f/result.json >$f.json; done
cmp ref1.json r1-3.3.json || diff ref1.json r1-3.3.json || fail "results differ"

# No checkpoint: from the start.
cp -r ref1 bare
rm bare/checkpoint
status 0 resume bare
says out 'starting over'
same ref1 bare

# ---- refusals ---------------------------------------------------------------------------------
status 2 resume ref1 --set optimizer.step=0.1
says err 'would make it another run: only stop.*, checkpoint.*, run.threads may be set here'
status 2 resume ref1 --set monitor.every=2
status 2 resume nowhere
says err 'nowhere: not a run folder: No such file or directory'
status 2 resume
cp -r ref1 corrupt
printf x | dd of=corrupt/checkpoint bs=1 seek=300 conv=notrunc 2>/dev/null
status 1 resume corrupt
says err 'corrupt/checkpoint: corrupt: the checksum does not match'
cp -r ref1 short
head -c 700 ref1/checkpoint >short/checkpoint
status 1 resume short
says err 'short/checkpoint: truncated: 700 bytes of'
cp -r ref1 other
sed 's/rows = 200/rows = 150/' ref1/pipeline.cfg >other/pipeline.cfg
status 2 resume other
says err 'other/pipeline.cfg: oracle.rows is the integer 150, and was the integer 200 when the checkpoint was written'
says err 'only stop.*, checkpoint.*, run.threads may change'
for edit in 's/step = 0/step = 1/' 's/seed = 1/seed = 2/' 's/"toy"/"joy"/' '/greed/d; s/batch = 4/batch = 5/'; do
  cp ref1/pipeline.cfg other/
  sed "$edit" ref1/pipeline.cfg >other/pipeline.cfg
  cmp -s ref1/pipeline.cfg other/pipeline.cfg && fail "nothing edited by $edit"
  status 2 resume other
  says err 'when the checkpoint was written: put it back, or start a new run'
done
# What may change, and what is no change.
sed 's/passes = 20.0/passes = 21.0/; s/rows = 200/rows = 0xC8/; s/^/  /' ref1/pipeline.cfg >other/pipeline.cfg
status 0 resume other
resume ref1 --quiet --set stop.passes=21 || fail 'one pass more'
same ref1 other
cp -r ref1 wide
sed 's/width = 7/width = 9/' ref1/pipeline.cfg >wide/pipeline.cfg
status 2 resume wide
says err 'oracle.width is the integer 9'
cp -r ref1 cut
: >cut/metrics.jsonl
status 1 resume cut
says err 'cut/metrics.jsonl: has 0 bytes where the checkpoint knows'
finish
