#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The travelling salesman: matchings against brute force, every format of TSPLIB, guaranteed factors,
# distances from the optima, costs that break the triangle inequality, and the learner's experiment.
. "$top_srcdir/tests/online/lib.sh"
tours=$top_builddir/tours
shared=$top_srcdir/../shared/data/tsp

"$tours" matching || fail 'matchings'

# cost_of FILE.tsp ARGS...: the oracle's answer, measured again from what it wrote.
cost_of() {
  file=$1
  shift
  echo "oracle: { type = \"tsp\"; path = \"$file\"; };" >solve.cfg
  "$thalweg" solve solve.cfg --out walk "$@" >solved 2>err || {
    fail "solve $file $*"
    cat err >&2
  }
  "$tours" cost "$file" walk >measured || fail "measure $file"
  read -r cost cities all steps <measured
  between "cities of $file" "$cities" "$all" "$all"
  printed=$(sed -n 's/^cost //p' solved)
  between "cost of $file" "$(calc "$cost / $printed")" 0.999999 1.000001
}

# One small instance in all formats of a matrix.
cat >points <<'END'
3 1
4 1
5 9
2 6
5 3
END
format() { # format NAME FROM TO: columns FROM to TO of row i, as awk sees them
  printf 'NAME: small\nTYPE: TSP\nDIMENSION: 5\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: %s\nEDGE_WEIGHT_SECTION\n' "$1"
  awk "{ x[NR] = \$1; y[NR] = \$2 }
    END { for (i = 1; i <= NR; i++) for (j = $2; j <= $3; j++)
      print int(sqrt((x[i]-x[j])^2 + (y[i]-y[j])^2) + 0.5) }" points
  echo EOF
}
{
  printf 'NAME : small\nTYPE : TSP\nDIMENSION : 5\nEDGE_WEIGHT_TYPE : EUC_2D\nNODE_COORD_SECTION\n'
  awk '{ print NR, $1, $2 }' points
  echo EOF
} >points.tsp
cost_of points.tsp
reference=$cost
while read -r name from to; do
  format "$name" "$from" "$to" >explicit.tsp
  cost_of explicit.tsp
  between "$name" "$cost" "$reference" "$reference"
done <<'END'
FULL_MATRIX 1 5
UPPER_ROW i+1 5
UPPER_DIAG_ROW i 5
LOWER_ROW 1 i-1
LOWER_DIAG_ROW 1 i
LOWER_COL i+1 5
LOWER_DIAG_COL i 5
UPPER_COL 1 i-1
UPPER_DIAG_COL 1 i
END

# Mistakes are named with their lines.
wrong() {
  echo 'oracle: { type = "tsp"; path = "wrong.tsp"; };' >solve.cfg
  "$thalweg" solve solve.cfg >out 2>err && fail "a wrong file passes: $1"
  says err "$1"
}
sed 's/EUC_2D/XRAY1/' points.tsp >wrong.tsp
wrong 'EDGE_WEIGHT_TYPE is "XRAY1"'
sed '/^5 /d' points.tsp >wrong.tsp
wrong 'wrong.tsp:10: expected the number of a node'
sed 's/^DIMENSION.*//' points.tsp >wrong.tsp
wrong 'DIMENSION must come first'
sed 's/: TSP/: ATSP/' points.tsp >wrong.tsp
wrong 'wrong.tsp:2: TYPE must be TSP'

# Costs without any order, many of them nothing: feasible, within the factor of the true optimum, by
# monitor.check; and whatever the method.
for n in 2 3 4 6 9; do
  for method in christofides double-tree; do
    for improve in true false; do
      cat >any.cfg <<END
run: { name = "any"; seed = $n; };
oracle: { type = "tsp"; cities = $n; method = "$method"; improve = $improve; };
rounds: { type = "stochastic"; kind = "coin"; };
learner: { type = "improper-omd"; };
monitor: { check = true; };
stop: { rounds = 40; };
END
      play any any.cfg
    done
  done
done
# A detour is walked where it is cheaper: 1-2 costs 10, by way of 3 it costs 2.
printf 'TYPE: TSP\nDIMENSION: 4\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: UPPER_ROW\nEDGE_WEIGHT_SECTION\n10 1 10\n1 10\n1\n' >star.tsp
cost_of star.tsp
between 'the walk on a star' "$cost" 6 6
between 'its steps' "$steps" 6 6

# E3 of the specification: 7 cities, means over the seeds 100, 200, 300 at T = 250.
for losses in coin stochastic; do
  : >values
  for seed in 100 200 300; do
    cat >seven.cfg <<END
run: { name = "seven"; };
oracle: { type = "tsp"; cities = 7; improve = false; };
rounds: { type = "stochastic"; kind = "$([ $losses = coin ] && echo coin || echo around-mean)"; seed = $seed; };
learner: { type = "improper-omd"; step = "fixed"; };
monitor: { decisions = false; rounds = 1000000; };
stop: { rounds = 250; };
END
    play seven seven.cfg
    echo "$(value seven/result.json regret) $(value seven/result.json oracle_calls)" >>values
  done
  between "E3, $losses: regret/sqrt(T)" "$(awk '{ s += $1 } END { print s / NR / sqrt(250) }' values)" -1 6
  calls=$(awk '{ s += $2 } END { print s / NR }' values)
  if [ $losses = coin ]; then
    between 'E3, coin: calls' "$calls" 123 1110
  else
    between 'E3, stochastic: calls' "$calls" 69 621
  fi
done

if [ ! -d "$shared" ]; then
  echo 'the instances of TSPLIB are not here: left out'
  finish
fi
# Optimal tours have the lengths that are known, by the distances as they are read: every kind.
while read -r name n best checked; do
  [ "$checked" = 1 ] || continue
  [ "$n" -lt 1000 ] || continue
  "$tours" length "$shared/$name.tsp" "$shared/$name.opt.tour" >measured || fail "reading $name"
  read -r cost cities all steps <measured
  between "optimal tour of $name" "$cost" "$best" "$best"
  between "its cities" "$cities" "$all" "$n"
done <"$shared/optima.tsv"
# Factors. Whole distances break the triangle inequality a little, which the closure mends.
for name in burma14 gr24 att48 berlin52 kroA100 ch130 gr202 a280; do
  best=$(awk -v name=$name '$1 == name { print $3 }' "$shared/optima.tsv")
  cost_of "$shared/$name.tsp"
  between "$name over the optimum" "$(calc "$cost / $best")" 1 1.1
  cost_of "$shared/$name.tsp" --set oracle.improve=false
  between "$name by Christofides over the optimum" "$(calc "$cost / $best")" 1 1.5
  cost_of "$shared/$name.tsp" --set oracle.improve=false --set 'oracle.method="double-tree"'
  between "$name by the double tree over the optimum" "$(calc "$cost / $best")" 1 2
done
finish
