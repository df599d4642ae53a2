#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A disk that is full (by a limit on the size of files) and folders that may not be written to: a
# message with file and reason, exit status 1, the previous checkpoint whole.
. "$top_srcdir/tests/e2e/lib.sh"

# limited BLOCKS COMMAND...: no file may grow beyond that. A thread checker maps a temporary file of its
# own, and would be hit first: it finds no place for one.
limited() {
  blocks=$1
  shift
  (ulimit -f "$blocks" && TMPDIR=/nonexistent exec "$@")
}

run toy.cfg --out ref --quiet --set monitor.every=0.1 || fail "the run without a break"

# metrics.jsonl meets the limit; a record may be there in part.
status 1 limited 32 "$thalweg" run toy.cfg --no-plot \
  --set stop.verdict=false --set monitor.every=0.1 --set checkpoint.every=0 --out metrics
says err 'metrics/metrics.jsonl: cannot be written: File too large'
says metrics/result.json '"status": "failed"'
resume metrics --quiet || fail "resume after metrics.jsonl was too large"
same ref metrics

# The checkpoint meets the limit.
set -- --quiet --set oracle.width=3000 --set oracle.rows=20
run toy.cfg --out wide "$@" || fail "the wide run"
run toy.cfg --out full "$@" --set stop.passes=3
cp full/checkpoint before
status 1 limited 80 "$thalweg" resume full --quiet --no-plot \
  --set checkpoint.every=0 --set stop.passes=20
says err 'full/checkpoint: cannot be written: File too large'
cmp full/checkpoint before || fail "the previous checkpoint was spoiled"
test ! -f full/checkpoint.tmp || fail "half a checkpoint was left behind"
resume full --quiet || fail "resume after the checkpoint was too large"
same wide full

if [ "$(id -u)" = 0 ]; then
  echo "running as root: folders that may not be written to are not tested"
else
  mkdir closed
  chmod 555 closed
  status 1 run toy.cfg --out closed/here
  says err 'closed/here: the run folder cannot be made: Permission denied'
  cp -r full sealed
  chmod 555 sealed
  status 1 resume sealed --set stop.passes=25
  says err 'Permission denied'
  cmp sealed/checkpoint full/checkpoint || fail "a sealed checkpoint changed"
  chmod 755 closed sealed
fi
finish
