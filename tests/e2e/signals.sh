#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# One signal ends the run after its step, with a checkpoint; two break it off. Two processes cannot
# share a folder.
. "$top_srcdir/tests/e2e/lib.sh"

set -- toy.cfg --set oracle.width=20 --set oracle.work=50 --set monitor.every=0.2
run "$@" --out ref --quiet || fail "the run without a break"

# started DIR: waits for the first checkpoint.
started() {
  n=0
  while [ ! -f "$1/checkpoint" ] && [ $n -lt 1000 ]; do
    sleep 0.01
    n=$((n + 1))
  done
}

for sig in INT TERM; do
  start_run "$@" --out $sig --set stop.passes=2000
  started $sig
  kill -$sig $pid
  wait $pid
  got=$?
  test $got = 130 || fail "exit status $got after SIG$sig"
  says out 'interrupted: a signal asked the run to end'
  says $sig/result.json '"status": "interrupted"'
  says $sig/result.json '"verdict": null'
  resume $sig --quiet --set stop.passes=20 || fail "resume after SIG$sig"
  same ref $sig
done

# In the middle of a step that takes for ever (one batch after the other, never enough).
start_run "$@" --out twice --set stop.passes=0 --set optimizer.greed=1000000
started twice
sleep 0.2
kill -INT $pid
sleep 0.1
kill -INT $pid 2>/dev/null
wait $pid
got=$?
test $got = 130 || fail "exit status $got after two signals"
says twice/result.json '"status": "interrupted"'
test -f twice/checkpoint || fail "the checkpoint from before the step is gone"

# The lock.
start_run "$@" --out busy --quiet --set stop.passes=0
started busy
status 2 resume busy
says err 'busy: another process is running in this folder'
kill -TERM $pid
wait $pid
finish
