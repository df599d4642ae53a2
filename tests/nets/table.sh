#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The acceptance experiments on networks of dense layers: table.sh [NAME...] runs the named groups, or
# all of them, in half an hour. Each line: what, measured over the seeds, the band.
set -u
thalweg=$top_builddir/thalweg
over=$top_srcdir/conf/papers/overparameterized hier=$top_srcdir/conf/papers/hierarchical-resnet
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failures=0

# errors KEY SEEDS ARGS...: the last record's KEY for each seed, one per line, in $work/values.
errors() {
  key=$1 seeds=$2
  shift 2
  : >"$work/values"
  for seed in $seeds; do
    rm -rf "$work/run"
    "$thalweg" run "$@" --set run.seed="$seed" --set run.threads=1 --set monitor.every=50.0 \
      --set monitor.probe_every=1000 --quiet --no-plot --out "$work/run" >"$work/out" 2>&1 || cat "$work/out"
    sed -n "\$s/.*\"$key\":\([-+.e0-9]*\).*/\1/p" "$work/run/metrics.jsonl" >>"$work/values"
  done
}
mean() { awk '{ s += $1 } END { print s / NR }' "$work/values"; }
median() { sort -g "$work/values" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
# line WHAT VALUE LOW HIGH
line() {
  all=$(tr '\n' ' ' <"$work/values")
  if awk -v v="$2" -v l="$3" -v h="$4" 'BEGIN { exit !(v == v + 0 && v >= l && v <= h) }'; then
    verdict=ok
  else
    verdict=MISSED failures=$((failures + 1))
  fi
  echo "$verdict | $1 | $2 | [$3, $4] | $all"
}
over_by() { awk -v a="$1" -v b="$2" 'BEGIN { print a / b }'; }

run_tanh() {
  errors test.error '0 1 2' "$over/three-layer.cfg"
  net=$(mean)
  line '10.1 three-layer, 200 units' "$net" 0 0.16
  best=1e9
  for kernel in ntk2 ntk3 ntk2a ntk3a ck2 ck3 gaussian laplace; do
    errors test.error '0 1 2' "$over/kernel.cfg" --set "model.kernel=\"$kernel\""
    line "10.1 $kernel" "$(mean)" 0.6 5
    best=$(awk -v a="$best" -v b="$(mean)" 'BEGIN { print a < b ? a : b }')
  done
  line '10.1 best kernel over network' "$(over_by "$best" "$net")" 5 1e9
}
width() { # TARGET UNITS
  errors test.error '0 1 2' "$over/three-layer.cfg" --set "source.target=\"$1\"" --set model.width="$2" \
    --set optimizer.step="$(over_by 1 "$2")"
  mean
}
run_width() {
  for target in tanh sin; do
    a=$(width $target 25) b=$(width $target 100) c=$(width $target 200) d=$(width $target 400)
    line "10.2 $target, 25 over 100 units" "$(over_by "$a" "$b")" 3 1e9
    line "10.2 $target, 400 over 200 units" "$(over_by "$d" "$c")" 0 1.3
  done
}
run_samples() {
  for pair in 250:1.34 500:0.43 2000:0.029 4000:0.014; do
    n=${pair%:*} want=${pair#*:}
    errors test.error '0 1 2' "$over/three-layer.cfg" --set source.n="$n"
    line "10.3 three-layer, $n rows" "$(mean)" "$(over_by "$want" 2)" "$(over_by "$want" 0.5)"
  done
  for cell in 250:ntk3:6.05 250:ck2:5.49 250:gaussian:5.17 500:ntk3:3.61 500:ck2:2.55 500:gaussian:2.85 \
    2000:ntk3:0.65 2000:ck2:0.26 2000:gaussian:0.25; do
    n=${cell%%:*} want=${cell##*:} kernel=${cell#*:} kernel=${kernel%:*}
    errors test.error '0 1 2' "$over/kernel.cfg" --set source.n="$n" \
      --set "model.kernel=\"$kernel\""
    line "10.3 $kernel, $n rows" "$(mean)" "$(over_by "$want" 1.54)" "$(over_by "$want" 0.74)"
  done
}
run_theory() {
  errors test.error '0 1 2' "$over/three-layer.cfg" --set stop.passes=400.0 --set optimizer.period=200.0
  plain=$(mean)
  line '10.4 plain, 400 passes' "$plain" 0 0.27
  errors probe.spread 0 "$over/three-layer.cfg"
  spread=$(mean)
  line '10.4 spread, plain' "$spread" 0 5
  for variant in gauss regularised; do
    errors test.error '0 1 2' "$over/three-layer.cfg" "$over/$variant.cfg"
    line "10.4 $variant over plain" "$(over_by "$(mean)" "$plain")" 0.7 1.3
  done
  errors probe.spread 0 "$over/three-layer.cfg" "$over/regularised.cfg"
  line '10.4 spread, regularised over plain' "$(over_by "$(mean)" "$spread")" 0 0.999
  errors test.error '0 1 2' "$over/three-layer.cfg" "$over/signs.cfg"
  line '10.4 signs' "$(mean)" 0 4
}
run_parity() {
  for pair in 0.1:0.5 0.3:0.25 0.5:0.15; do
    alpha=${pair%:*} floor=$(awk -v a="${pair%:*}" 'BEGIN { print 8 * a * a }')
    errors test.error '0 1 2 3 4' "$hier/parity.cfg" --set source.alpha="$alpha"
    line "9.1 residual net over the floor, alpha $alpha" "$(over_by "$(median)" "$floor")" 0 "${pair#*:}"
  done
  errors test.error 0 "$hier/parity.cfg" "$hier/plain.cfg"
  line '9.1 three layers over the floor' "$(over_by "$(mean)" 0.72)" 1 9
  errors test.error 0 "$hier/parity.cfg" "$hier/plain.cfg" --set model.depth=2
  line '9.1 two layers over the floor' "$(over_by "$(mean)" 0.72)" 1 9
  for kernel in gaussian ntk2 ntk3 ck2; do
    errors test.error 0 "$hier/kernel.cfg" --set "model.kernel=\"$kernel\""
    line "9.1 $kernel over the floor" "$(over_by "$(mean)" 0.72)" 1 9
  done
  errors test.error 0 "$hier/parity.cfg" --set source.alpha=0.0
  line '9.8 alpha = 0' "$(mean)" 0 0.01
}
run_linear() {
  for pair in 0.1:0.35 0.2:0.12 0.5:0.12; do
    floor=$(awk -v a="${pair%:*}" 'BEGIN { print 4 * a * a }')
    errors test.error '0 1 2' "$hier/parity.cfg" "$hier/linear-parity.cfg" --set source.alpha="${pair%:*}"
    line "9.5 residual net over the floor, alpha ${pair%:*}" "$(over_by "$(median)" "$floor")" 0 "${pair#*:}"
  done
  for kernel in gaussian ntk2 ntk3 ck2; do
    errors test.error 0 "$hier/kernel.cfg" --set 'source.task="linear-parity"' --set source.n=1000 \
      --set source.alpha=0.2 --set "model.kernel=\"$kernel\"" \
      --set 'model.bandwidth=[8.0, 32.0, 128.0, 512.0]'
    line "9.5 $kernel over the floor, alpha 0.2" "$(over_by "$(mean)" 0.16)" 1 1.35
  done
}
run_more() {
  errors test.error '0 1 2' "$hier/parity.cfg" --set source.n=500 --set stop.passes=3200.0 \
    --set optimizer.period=1600.0
  line '9.2 500 rows over the floor' "$(over_by "$(median)" 0.72)" 1.5 9
  errors test.error '0 1 2' "$hier/parity.cfg" --set source.n=1500 --set stop.passes=1067.0 \
    --set optimizer.period=533.0
  line '9.2 1500 rows over the floor' "$(over_by "$(median)" 0.72)" 0 0.2
  for pair in 1.0:0:0.2 0.5:0:0.2 0.2:1:9 0.0:1:9; do
    beta=${pair%%:*} band=${pair#*:}
    errors test.error 0 "$hier/parity.cfg" --set source.beta="$beta"
    line "9.4 beta $beta over the floor" "$(over_by "$(mean)" 0.72)" "${band%:*}" "${band#*:}"
  done
}
[ $# -gt 0 ] || set -- tanh width samples theory parity linear more
for group in "$@"; do
  "run_$group" || exit 99
done
[ $failures -eq 0 ]
