#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# thalweg verdict, end to end: a run's minimum, a saddle that is given as a file, and what is refused.
set -u
: "${top_builddir:?}"
thalweg=$top_builddir/thalweg
umask 022
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/plugins" || exit 99
cp "$top_builddir/tests/plugins/.libs/toy.so" "$dir/plugins/" || exit 99
THALWEG_PLUGIN_PATH=$dir/plugins
export THALWEG_PLUGIN_PATH
cd "$dir" || exit 99

fail() {
  echo "FAIL: $*" >&2
  cat out err >&2
  exit 1
}

# try STATUS WORDS...: the command must end with STATUS.
try() {
  want=$1
  shift
  "$thalweg" "$@" > out 2> err
  got=$?
  test "$got" = "$want" || fail "thalweg $*: exit status $got, expected $want"
}
says() { grep -q -e "$1" out || fail "no \"$1\" in the output"; }
complains() { grep -q -e "$1" err || fail "no \"$1\" among the errors"; }

# bend = 2 makes the origin a saddle with a small gradient, and minima around it.
cat > toy.cfg << 'END'
run: { name = "toy"; seed = 3; };
oracle: { type = "toy-sum"; bend = 2.0; };
optimizer: { type = "toy-sgd"; };
stop: { epsilon = 0.05; delta = 1e-2; passes = 200.0; };
END
# seven zeros
{
  printf '\223NUMPY\001\000v\000'
  printf '%-117s\n' "{'descr': '<f8', 'fortran_order': False, 'shape': (7,), }"
  dd if=/dev/zero bs=56 count=1 2> /dev/null
} > zero.npy

try 0 run toy.cfg --out r --quiet --no-plot
cp r/result.json before.json

# A run's point, twice alike; the run's own result stays.
try 0 verdict r
says '^verdict: approximate-local-minimum: '
says 'L .* (estimated)'
cp r/verdict.json first.json
try 0 verdict r --json
cmp -s out r/verdict.json || fail "--json prints something else than verdict.json"
cmp -s first.json r/verdict.json || fail "the same point was judged differently"
cmp -s before.json r/result.json || fail "result.json was touched"
says '"kind": "approximate-local-minimum"'

# Criteria set anew.
try 0 verdict r --set stop.epsilon=1e-12
says '^verdict: not-stationary: '
try 0 verdict r --set stop.verdict_passes=3
says '^verdict: unknown: .*stop.verdict_passes'

# The origin: a saddle. It is not the run's point, so nothing of it goes into the run's folder.
cp r/verdict.json run-verdict.json
try 0 verdict --point zero.npy r --set stop.epsilon=0.5
says '^verdict: saddle: '
cmp -s run-verdict.json r/verdict.json || fail "the run's verdict was overwritten by another point's"
test ! -e r/direction.npy || fail "another point's direction was put beside the run's"
try 0 verdict --point zero.npy toy.cfg --set stop.epsilon=0.5 --json
says '"kind": "saddle"'
says '"direction": null'
test ! -e verdict.json || fail "a file was written unasked"
mkdir o
try 0 verdict --point zero.npy toy.cfg --set stop.epsilon=0.5 --out o
test -s o/direction.npy -a -s o/verdict.json || fail "--out was not obeyed"
# A direction is a point like any other to look at: seven numbers in double precision.
test "$(wc -c < o/direction.npy)" -eq "$(wc -c < zero.npy)" || fail "direction.npy has another size"

# Streams and single precision.
try 0 verdict --point zero.npy toy.cfg --set stop.epsilon=0.5 --set oracle.stream=true
says 'saddle: .*standard error.*neon2-online'
try 0 verdict --point zero.npy toy.cfg --set stop.epsilon=0.5 --set stop.delta=1e-7 \
  --set run.precision=single
says 'unknown: .*single-precision'

# A point needs no method.
sed '/^optimizer/d' toy.cfg > bare.cfg
try 0 verdict --point zero.npy bare.cfg --set stop.epsilon=0.5
says '^verdict: saddle: '
try 2 run bare.cfg --out bare
complains 'the pipeline has no group `optimizer'

# A folder in which nothing can be written: folders of those names are in the way, which stops root
# too.
cp -r r locked
rm locked/verdict.json locked/log
mkdir locked/verdict.json.tmp locked/log
try 0 verdict locked
says '^verdict: approximate-local-minimum: '
complains 'warning: the verdict is not saved: locked/verdict.json: cannot be written: '
if grep -q 'written to' out; then fail "says that it was saved"; fi
try 0 verdict locked --json
says '"kind": "approximate-local-minimum"'
mkdir o/verdict.json.tmp
try 1 verdict locked --out o
says '^verdict: approximate-local-minimum: '
complains 'error: o/verdict.json: cannot be written: '
if test "$(id -u)" != 0; then
  chmod a-w r
  try 0 verdict r
  complains 'the verdict is not saved: r/verdict.json: cannot be written: Permission denied'
  chmod u+w r
fi

# What is refused.
try 2 verdict
try 2 verdict nowhere
try 2 verdict toy.cfg
complains 'point'
try 2 verdict r --set run.seed=4
complains 'another run'
try 2 verdict --point absent.npy toy.cfg
complains 'absent.npy'
dd if=zero.npy of=short.npy bs=100 count=1 2> /dev/null
try 2 verdict --point short.npy toy.cfg
complains 'short.npy'
try 2 verdict --point zero.npy toy.cfg --set oracle.width=8
complains '7 elements'
try 2 verdict --point zero.npy toy.cfg --out nowhere
exit 0
