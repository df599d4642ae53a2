#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The pipelines of conf/papers/neon2: plain methods end in a saddle and say so, with the value and the
# curvature that theory gives; inside neon2 they end in a minimum, with the value it gives.
. "$top_srcdir/tests/e2e/lib.sh"
THALWEG_PLUGIN_PATH=$top_builddir/.libs
conf=$top_srcdir/conf/papers/neon2

# ends PROBLEM METHOD VERDICT LOW HIGH CURVATURE OPTIONS...: verdict, bounds of f, and an upper bound
# of the curvature that the verdict found ("any" where it must not be below -delta).
ends() {
  problem=$1 method=$2 verdict=$3 low=$4 high=$5 curvature=$6
  shift 6
  rm -rf run
  "$thalweg" run "$conf/$problem.cfg" "$conf/$method.cfg" --out run --quiet --no-plot \
    --set monitor.every=0 "$@" >out 2>err || {
    fail "$problem $method does not run"
    cat out err >&2
    return
  }
  kind=$(sed -n 's/^ *"kind": "\(.*\)",$/\1/p' run/result.json)
  f=$(sed -n 's/^  "f": \(.*\),$/\1/p' run/result.json)
  bend=$(sed -n 's/^    "curvature": \(.*\),$/\1/p' run/result.json)
  test "$kind" = "$verdict" || fail "$problem $method: verdict \"$kind\", not \"$verdict\" (f = $f)"
  awk "BEGIN { exit !($f >= $low && $f <= $high) }" ||
    fail "$problem $method: f = $f is not within $low .. $high"
  test "$curvature" = any || awk "BEGIN { exit !($bend <= $curvature) }" ||
    fail "$problem $method: the curvature found is $bend, above $curvature"
  test "$verdict" != saddle || test -s run/direction.npy ||
    fail "$problem $method: no direction was saved"
}

minimum=approximate-local-minimum
for m in gd heavy-ball sgd adam svrg scsg natasha15 spider; do
  ends quartic plain-$m saddle 0 0 -0.35
  ends quartic neon2-$m $minimum -2.05819 -2.05817 any
  ends matrix-sensing plain-$m saddle 0.2464 0.2466 -1
  ends matrix-sensing neon2-$m $minimum 0 3e-5 any
  ends phase-retrieval plain-$m saddle 0.7 0.8 -1
  ends phase-retrieval neon2-$m $minimum 0 3e-5 any
  ends tensor-ica plain-$m saddle -0.131579 -0.131578 -0.08
  ends tensor-ica neon2-$m $minimum -0.2500001 -0.249998 any
  ends two-layer plain-$m saddle 0.0933 0.0934 -0.04
  ends two-layer neon2-$m $minimum 0 2e-4 any
  ends staircase neon2-$m $minimum -0.487615 -0.48761 any
done
for m in gd heavy-ball sgd svrg scsg natasha15; do
  ends staircase plain-$m saddle -0.4267 -0.0609 -0.2
done
# one function: (1^2 - 1)^2/4 + (0.64 + 0.36 + 0.16)/4 where only the first eigenvector is found
for m in gd heavy-ball; do
  ends matrix-factorisation plain-$m saddle 0.29 0.290001 -0.1
  ends matrix-factorisation neon2-$m $minimum 0 1e-8 any
done
ends matrix-factorisation plain-adam saddle 0.29 0.290001 -0.1 --set optimizer.batch=0 \
  --set optimizer.period=200
ends matrix-factorisation neon2-adam $minimum 0 1e-8 any --set optimizer.inner.batch=0
for m in natasha2 ssrgd; do
  ends quartic $m $minimum -2.05819 -2.05817 any
  ends tensor-ica $m $minimum -0.2500001 -0.249998 any
done

# Single precision; a rotation that is left out, where the minimum is -(0.16 + 0.04 + 0.01)/4; noise
# in the gradients too; the largest saddle of a pair of components, -2/(2*2 - 1).
ends quartic plain-svrg saddle 0 0 -0.35 --set run.precision=single
ends quartic neon2-svrg $minimum -2.0583 -2.0581 any --set run.precision=single
ends quartic neon2-svrg $minimum -0.052501 -0.052495 any --set model.rotate=false
ends quartic neon2-svrg $minimum -2.05819 -2.05817 any --set model.gradient_noise=0.1
ends tensor-ica plain-gd saddle -0.166667 -0.166666 -0.6 --set model.support=2
ends tensor-ica neon2-scsg $minimum -0.2500001 -0.249998 any --set model.support=2

# Real data, shipped: no saddle is in the way.
ends digits plain-lbfgs $minimum 0.6095 0.6101 any
ends digits neon2-lbfgs $minimum 0.6095 0.6101 any
finish
