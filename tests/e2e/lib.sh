# SPDX-License-Identifier: BSD-3-Clause
# What the end-to-end tests share; sourced, not run. Each test works in a folder of its own.

thalweg=${THALWEG_PROGRAM:-$top_builddir/thalweg} # a checker may stand in front
THALWEG_PLUGIN_PATH=$top_builddir/tests/plugins/.libs
export THALWEG_PLUGIN_PATH
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
failures=0

fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

# status WANT COMMAND...: the command's exit status is WANT; its output is in out and err.
status() {
  want=$1
  shift
  "$@" >out 2>err
  got=$?
  test $got = "$want" || {
    fail "exit status $got where $want is expected: $*"
    cat out err >&2
  }
}

# says FILE WORDS: the file has the words, as they are.
says() {
  grep -F -q -e "$2" "$1" || {
    fail "$1 does not say \"$2\":"
    cat "$1" >&2
  }
}

# A record without what may differ between two runs.
timeless() {
  sed 's/"seconds":[^,}]*,//; s/"method_seconds":[^,}]*,//' "$1/metrics.jsonl"
}

# same A B: two run folders agree in point and records, to the last bit.
same() {
  cmp "$1/point.npy" "$2/point.npy" || fail "$1 and $2 end in different points"
  timeless "$1" >metrics.a
  timeless "$2" >metrics.b
  cmp metrics.a metrics.b || {
    fail "$1 and $2 have different records"
    diff metrics.a metrics.b | head -n 6 >&2
  }
  test -s metrics.a || fail "$1 has no records"
}

# The host's verdict and picture are tested elsewhere and cost time here.
run() {
  "$thalweg" run --no-plot --set stop.verdict=false "$@"
}
resume() {
  "$thalweg" resume --no-plot "$@"
}
# In the background; $pid is the program itself and no shell around it.
start_run() {
  "$thalweg" run --no-plot --set stop.verdict=false "$@" >out 2>err &
  pid=$!
}
start_resume() {
  "$thalweg" resume --no-plot "$@" >out 2>err &
  pid=$!
}

cat >toy.cfg <<'END'
run: { name = "toy"; };
oracle: { type = "toy-sum"; };
optimizer: { type = "toy-sgd"; };
stop: { passes = 20.0; epsilon = 0.0; };
END

finish() {
  test $failures = 0 || exit 1
  exit 0
}
