#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# neon2, scsg, svrg and natasha2 run on recurrent networks as on any other model: the same bits with
# 1, 2 and 3 threads and across a kill and a resumption; a verdict where the network is smooth, and
# the reason where it is not.
. "$top_srcdir/tests/e2e/lib.sh"
THALWEG_PLUGIN_PATH=$top_builddir/.libs

# 80 sequences are three shards, so that threads have something to share.
cat >task.cfg <<'END'
run: { name = "task"; seed = 3; };
source: { type = "random-labels"; n = 80; length = 5; dim = 6; };
model: { type = "rnn"; hidden = 12; activation = "tanh"; gain = 1.0; };
oracle: { type = "finite-sum"; };
monitor: { every = 1.0; };
checkpoint: { every = 0.0; };
stop: { epsilon = 1e-9; delta = 1e-9; passes = 30.0; };
END
cat >scsg.cfg <<'END'
optimizer: { type = "scsg"; };
END
cat >svrg.cfg <<'END'
optimizer: { type = "svrg"; };
END
cat >natasha2.cfg <<'END'
optimizer: { type = "natasha2"; };
END
cat >neon2.cfg <<'END'
optimizer: { type = "neon2"; inner: { type = "svrg"; }; };
END

cut=0
# Waits until the run has written a checkpoint, then kills it.
killed() {
  start_run "$@" --quiet
  i=0
  while test ! -s killed/checkpoint && kill -0 "$pid" 2>/dev/null && test $i -lt 500; do
    sleep 0.01
    i=$((i + 1))
  done
  kill -9 "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  test -e killed/result.json || cut=$((cut + 1))
}

falls() {
  awk -v name="$2" '
    match($0, /"f":[^,}]*/) { f = substr($0, RSTART + 4, RLENGTH - 4) + 0; if (!n++) first = f }
    END { if (!(f < 0.99 * first)) { print name ": f = " first " .. " f; exit 1 } }' \
    "$1/metrics.jsonl" || fail "$2 does not lower f"
}

for method in scsg svrg natasha2 neon2; do
  for activation in tanh relu; do
    set -- task.cfg $method.cfg --set "model.activation=$activation"
    for n in 1 2 3; do
      OMP_NUM_THREADS=$n
      export OMP_NUM_THREADS
      run "$@" --quiet --out $n || fail "$method, $activation, $n threads"
      test $n = 1 || same 1 $n
    done
    falls 1 "$method, $activation"
    killed "$@" --out killed
    resume killed --quiet || fail "resume of $method, $activation"
    same 1 killed
    rm -r 1 2 3 killed
  done
done

# The verdict.
verdict() {
  sed -n '/"verdict"/,/}/s/.*"kind": "\(.*\)".*/\1/p' "$1/result.json"
}
set -- task.cfg neon2.cfg --no-plot --quiet --set source.n=4 --set source.length=3 \
  --set model.hidden=24 --set stop.epsilon=0.02 --set stop.delta=0.1 --set stop.passes=4000
status 0 "$thalweg" run "$@" --out tanh
test "$(verdict tanh)" = approximate-local-minimum || fail "tanh ends in: $(verdict tanh)"
status 0 "$thalweg" run "$@" --out relu --set model.activation=relu
test "$(verdict relu)" = unknown || fail "relu ends in: $(verdict relu)"
says relu/result.json 'not twice differentiable'
test $cut -gt 0 || fail "every run ended before it was killed"
finish
