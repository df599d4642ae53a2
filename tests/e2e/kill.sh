#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# kill -9 at random moments, then resume: the same point and the same records as without. KILLS
# moments (12); every third run is killed again while it resumes.
. "$top_srcdir/tests/e2e/lib.sh"

# About half a second; checkpoints every few milliseconds, so that many a kill meets one half-way.
set -- toy.cfg --quiet --set oracle.width=20 --set oracle.work=20 --set monitor.every=0.2 \
  --set checkpoint.every=0.003
begin=$(date +%s%N)
run "$@" --out ref || fail "the run without a break"
whole=$((($(date +%s%N) - begin) / 1000))

moment() { # of the whole run's time, in seconds, the $1-th of the sequence
  awk -v seed="$1" -v whole=$whole \
    'BEGIN { srand(seed); rand(); printf "%.4f", whole * 1e-6 * 1.1 * rand() }'
}

early=0 midway=0 late=0
i=0
while [ $i -lt "${KILLS:-12}" ]; do
  i=$((i + 1))
  start_run "$@" --out k$i
  sleep "$(moment $i)"
  kill -9 $pid 2>/dev/null
  wait $pid 2>/dev/null
  if [ -f k$i/result.json ]; then late=$((late + 1))
  elif [ -f k$i/checkpoint ]; then midway=$((midway + 1))
  else early=$((early + 1)); fi
  # Killed before it had a folder: there is nothing to resume.
  test -f k$i/pipeline.cfg || { rm -rf k$i; continue; }
  if [ $((i % 3)) = 0 ]; then
    start_resume k$i --quiet
    sleep "$(moment $((i + 1000)))"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
  fi
  resume k$i --quiet || fail "resume after kill $i"
  same ref k$i
  rm -rf k$i
done
echo "killed before the first checkpoint: $early, midway: $midway, after the end: $late"
finish
