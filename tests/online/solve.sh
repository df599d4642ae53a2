#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# thalweg solve: one question to a linear oracle.
. "$top_srcdir/tests/online/lib.sh"

# The least tree is a-b, c-d, b-c: 1 + 1 + 2.
cat >edges.txt <<'END'
a b 1
b c 2
a c 4
c d 1
b d 8
END
printf 'oracle: { type = "spanning-tree"; path = "edges.txt"; };\n' >tree.cfg
status 0 "$thalweg" solve tree.cfg --out parts
says out "costs: the instance's own"
says out 'cost 4, proved: no decision has less than 4'
says out 'alpha 1 here, 1 promised on every call'
printf 'a-b\nc-d\nb-c\n' >want
cmp want parts || fail 'the parts of the tree'
status 0 "$thalweg" solve tree.cfg --json
between 'cost as JSON' "$(value out cost)" 4 4
between 'alpha as JSON' "$(value out alpha)" 1 1

# The costs of a round instead, in the order of the rounds.
cat >costs.csv <<'END'
9, 9, 1, 1, 1
1, 1, 5, 5, 5
END
printf 'rounds: { type = "recorded"; path = "costs.csv"; };\nlearner: { type = "ftl"; };\n' >rest.cfg
status 0 "$thalweg" solve tree.cfg rest.cfg --round 2
says out 'costs: round 2 of recorded'
says out 'cost 7,'
says out 'decision: a-b b-c c-d'
status 0 "$thalweg" solve tree.cfg rest.cfg
says out 'cost 4,'
status 2 "$thalweg" solve tree.cfg rest.cfg --round 3
says err 'there are only 2 rounds'

# An oracle without costs of its own.
printf 'oracle: { type = "experts"; n = 5; };\n' >experts.cfg
status 2 "$thalweg" solve experts.cfg
says err 'experts has no costs of its own'
status 0 "$thalweg" solve experts.cfg rest.cfg
says out 'costs: round 1 of recorded'
says out 'cost 1,'

# Mistakes.
status 2 "$thalweg" solve tree.cfg --round 1
says err 'the pipeline has no rounds'
status 2 "$thalweg" solve rest.cfg
says err 'has no group'
status 2 "$thalweg" solve tree.cfg --round x
says err '--round: expected a whole number from 1'
status 2 "$thalweg" solve
says err 'solve needs a pipeline file'
sed 's/ 8/ -8/' edges.txt >signed.txt
status 2 "$thalweg" solve tree.cfg --set oracle.path='"signed.txt"'
says err 'the cost of b-d is -8'
status 0 "$thalweg" solve tree.cfg --set oracle.path='"signed.txt"' --set oracle.signed_costs=true
says out 'cost -6,'
status 0 "$thalweg" solve --set oracle.type='"spanning-tree"' --set 'oracle.grid=[2,2]' \
  --set monitor.check=true
says out 'cost 3,'
finish
