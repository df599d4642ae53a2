#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# thalweg explain: constants and where they come from, and the numbers of the theorems, worked out
# here by hand.
. "$top_srcdir/tests/e2e/lib.sh"
THALWEG_PLUGIN_PATH=$top_builddir/.libs
export THALWEG_PLUGIN_PATH
thalweg=$top_builddir/thalweg

cat >sum.cfg <<'END'
source: { type = "rows"; n = 100; };
model: { type = "quartic-saddle"; d = 100; eigenvalues = [-0.4]; };
oracle: { type = "finite-sum"; };
stop: { epsilon = 1e-2; delta = 1e-2; confidence = 0.99; };
END
# explain METHOD ARGUMENT...: the card in out.json
card() {
  printf 'optimizer: { %s };\n' "$1" >method.cfg
  shift
  "$thalweg" explain sum.cfg method.cfg --json "$@" >out.json 2>err || { cat err; fail "explain $*"; }
}
has() { grep -Fq -- "$1" out.json || { cat out.json; fail "expected: $1"; }; }
# refused STATUS WORDS ARGUMENT...
refused() {
  want=$1 words=$2
  shift 2
  "$thalweg" explain "$@" >out 2>err
  [ $? -eq "$want" ] || fail "explain $*: expected exit status $want"
  grep -Fq -- "$words" err || { cat err; fail "expected on standard error: $words"; }
}

given='--constant L=1 --constant D_f=2'
# 2 n L D_f / epsilon^2
card 'type = "gd";' $given
has '"gradients": 4000000.0,'
has '"passes": 40000.0,'
has '"formula": "2 n L D_f / epsilon^2"'
# n + n ceil(L D_f / (n^(1/3) epsilon^2)) = 100 + 100 * 4309
card 'type = "svrg";' $given
has '"gradients": 431000.0,'
# n + n ceil(L D_f / (sqrt(n) epsilon^2)) = 100 + 100 * 2000
card 'type = "spider";' $given
has '"gradients": 200100.0,'
# and with L2 = 0.5: L2^2 D_f / delta^3 = 5e5, L L2^2 D_f / (sqrt(n) delta^4) = 5e6
card 'type = "spider"; escape = "perturb";' $given --constant L2=0.5
has '"gradients": 550200100.0,'
# V = 3: epsilon^-4 L V D_f = (L D_f / epsilon^2) (V / epsilon^2) = 2e4 * 3e4
card 'type = "sgd";' $given --constant V=3
has '"gradients": 600000000.0,'
# chi/3 = ln(d L D_f / (epsilon^2 p)) = ln(2e8) = 19.1138, to the fourth 133472
card 'type = "perturbed-gd";' $given
has '"gradients": 266944'
# ceil(sqrt(L2 epsilon) D_f / epsilon^2) = 2e3, n + n L / sqrt(L2 epsilon), L2 = 1, V_H large
card 'type = "cubic";' $given --constant L2=1 --constant V=1 --constant V_H=10
has '"gradients": 2200000.0,'
has '"missing": null'

# What nobody knows is named.
card 'type = "spider"; escape = "perturb";' --constant L=1 --set stop.delta=0.0
has '"gradients": null,'
has '"missing": "delta"'
# An outer method builds on its inner one: 101 searches of 100 * 113 gradients, as Neon2^det has it
# for L = 1, delta = 0.01, p = 0.01 alone; with neon2's own p it has a few more.
card 'type = "neon2"; inner: { type = "gd"; };' $given --constant L2=0.001
has '"path": "optimizer.inner"'
has '"aim": "local-minimum"'
has '"optimizer": "neon2"'
# The verdict's search at most: acosh(sqrt(200/pi)/(0.8 p)) / acosh(1 + 2 (delta/2)/(L + delta/2)) = 53.9,
# so 54 products, one more for the probe and the gradient itself.
card 'type = "gd";' --constant L=1 --set source.n=1
has '"search": "neon2-krylov"'
has '"gradients": 56.0'

# Where constants come from: a parameter is the user's word, --constant wins over it.
card 'type = "svrg"; lipschitz = 7.0;'
tr -d ' \n' <out.json | grep -q '"L":{"value":7.0,"origin":"user"' || fail 'L by parameter'
card 'type = "svrg"; lipschitz = 7.0;' --constant L=3
tr -d ' \n' <out.json | grep -q '"L":{"value":3.0,"origin":"user"' || fail 'L by option'
card 'type = "svrg";'
tr -d ' \n' <out.json | grep -q '"L":{"value":[0-9.]*,"origin":"estimate"' || fail 'L estimated'
tr -d ' \n' <out.json | grep -q '"D_f":{"value":[0-9.e-]*,"origin":"model"' || fail 'D_f of the model'
# L2 is estimated around the start: sum x_j^4/4 has 6 |x_j|, so 6 on the ball of radius 1, though
# third derivatives vanish at its centre.
bounds() { # LOW HIGH: of L2, estimated
  value=$(tr -d ' \n' <out.json | sed -n 's/.*"L2":{"value":\([-0-9.e+]*\),"origin":"estimate".*/\1/p')
  awk "BEGIN { exit !(\"$value\" != \"\" && $value >= $1 && $value <= $2) }" || fail "L2 = $value is not in $1 .. $2"
}
bounds 5 6.001
card 'type = "svrg";' --set run.precision=single
bounds 5 6.001
card 'type = "svrg";' --set oracle.type=stream
bounds 5 6.001
card 'type = "svrg";'
"$thalweg" explain sum.cfg method.cfg >text || fail 'text'
grep -q 'L  *[0-9.]* *estimated ' text || fail 'the text says where L comes from'
grep -q 'optimizer: svrg' text || fail 'the text names the method'
# Twelve products on 100 rows, the gradient, V from 100 rows, L2 by 33; V_H is known.
grep -q 'took 4[67]00 component gradients' text || { cat text; fail 'cost of the estimates'; }

# The start is the run's: same f as its first record.
"$thalweg" run sum.cfg method.cfg --quiet --no-plot --set stop.steps=1 \
  --set stop.verdict=false --out run1 >/dev/null 2>&1
f0=$(sed -n '1,3s/.*"step": *0,.*"f": *\([-0-9.e+]*\).*/\1/p' run1/metrics.jsonl)
card 'type = "svrg";'
[ -z "$f0" ] || grep -q "\"f\": $f0" out.json || fail "f at the start: the run has $f0"

# Streams, and models whose curvature means nothing.
cat >hinge.cfg <<'END'
source: { type = "sparse-planted"; n = 50; d = 10; nnz = 3; };
model: { type = "squared-hinge"; };
oracle: { type = "finite-sum"; };
optimizer: { type = "adam"; };
END
"$thalweg" explain hinge.cfg >text 2>err || { cat err; fail 'explain on squared-hinge'; }
grep -q 'it states no theorem' text || fail 'a method without theorem'
cat >stream.cfg <<'END'
source: { type = "sparse-planted"; n = 50; d = 10; nnz = 3; };
model: { type = "logistic"; };
oracle: { type = "stream"; };
optimizer: { type = "scsg"; };
stop: { epsilon = 1e-2; delta = 0.1; passes = 3.0; };
END
"$thalweg" explain stream.cfg >text 2>err || { cat err; fail 'explain on a stream'; }
grep -q 'problem: a stream in' text || { cat text; fail 'a stream'; }
grep -q 'neon2-online' text || fail 'the search of a stream'

refused 2 'NAME=VALUE' sum.cfg method.cfg --constant L
refused 2 'NAME=VALUE' sum.cfg method.cfg --constant rho=1
refused 2 'a number' sum.cfg method.cfg --constant L=much
refused 2 'a number' sum.cfg method.cfg --constant L=-1
refused 2 'a pipeline file'
refused 2 'absent.cfg' absent.cfg
finish
