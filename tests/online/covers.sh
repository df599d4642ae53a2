#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Set covers: the three formats, mistakes, every answer against the true optimum, the example, and the
# instances of the OR-Library within the guaranteed factor and near the best known.
. "$top_srcdir/tests/online/lib.sh"
shared=$top_srcdir/../shared/data/setcover

solve() { # solve PATH FORMAT ARGS...: the cost, in $cost
  echo "oracle: { type = \"set-cover\"; path = \"$1\"; format = \"$2\"; };" >solve.cfg
  shift 2
  "$thalweg" solve solve.cfg --out chosen "$@" >solved 2>err || {
    fail "solve $*"
    cat err >&2
  }
  cost=$(sed -n 's/^cost \([0-9.e+]*\).*/\1/p' solved)
}

# One instance three times; the best cover is b and c, which cost 5.
printf '3 3\n4 2 1 2\n2 2 2 3\n3 2 3 1\n' >columns.txt
printf '# posts\nb 2: y z\nc 3: z x\na 4: x y\n' >list.txt
printf '3 3\n4 2 3\n2 1 3\n2 1 2\n2 2 3\n' >rows.txt
for format in 'rows orlib' 'columns rail' 'list list'; do
  # shellcheck disable=SC2086
  set -- $format
  solve "$1.txt" "$2"
  between "$format" "$cost" 5 5
done
says chosen b
says chosen c
wrong() {
  echo "oracle: { type = \"set-cover\"; path = \"wrong.txt\"; format = \"$2\"; };" >solve.cfg
  "$thalweg" solve solve.cfg >out 2>err && fail "a wrong file passes: $1"
  says err "$1"
}
printf '3 3\n4 2 3\n2 1 9\n2 1 2\n2 2 3\n' >wrong.txt
wrong 'wrong.txt:3: expected the number of a set or element' orlib
printf '3 3\n4 2 3\n0\n2 1 2\n2 2 3\n' >wrong.txt
wrong 'element 1 is in no set' orlib
printf 'a 1: x\na 2: y\n' >wrong.txt
wrong 'wrong.txt:2: a set of this name was there before' list
printf 'a x y\n' >wrong.txt
wrong 'wrong.txt:1: expected a cost, or a colon' list

# Every answer is feasible and within the factor of the true optimum, with and without search.
for improve in true false; do
  play ex "$top_srcdir/conf/examples/online-cover.cfg" --set stop.rounds=400 \
    --set monitor.check=true --set oracle.improve=$improve
done
play ex "$top_srcdir/conf/examples/online-cover.cfg"
says ex/decisions.jsonl '"river"'
between 'ratio of the example' "$(value ex/result.json ratio)" 0.5 1.2

if [ ! -d "$shared" ]; then
  echo 'the instances of the OR-Library are not here: left out'
  finish
fi
for name in scp41 scp49 scp51 scp61; do
  best=$(awk -v name=$name '$1 == name { print $4 }' "$shared/optima.tsv")
  for improve in true false; do
    solve "$shared/$name.txt" orlib --set oracle.improve=$improve
    # covered, and the cost added up again, by what was written
    awk -v want="$cost" 'NR == FNR { taken[$1] = 1; next }
      { for (i = 1; i <= NF; i++) v[n++] = $i }
      END {
        m = v[0]; k = v[1]; p = 2
        for (j = 1; j <= k; j++) { c = v[p++]; if (j in taken) sum += c }
        for (r = 0; r < m; r++) { got = 0; for (q = v[p++]; q > 0; q--) if (v[p++] in taken) got = 1
          if (!got) bad++ }
        exit !(bad == 0 && sum > want - 1e-6 && sum < want + 1e-6)
      }' chosen "$shared/$name.txt" || fail "$name: not a cover of that cost"
    alpha=$(sed -n 's/^alpha .* \([0-9.]*\) promised.*/\1/p' solved)
    between "$name over the best" "$(calc "$cost / $best")" 1 "$alpha"
    [ $improve = false ] || between "$name, improved" "$(calc "$cost / $best")" 1 1.1
  done
done
finish
