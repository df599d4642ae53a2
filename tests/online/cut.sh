#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Maximum cut from the command line: rudy's format and its mistakes, an online run that is resumed
# with a warm start, and the relaxation of a graph of the Gset where it is at hand.
. "$top_srcdir/tests/online/lib.sh"

printf '# a pentagon\n5 5\n1 2 1\n2 3 1\n3 4 1\n4 5 1\n5 1 1\n' >c5
printf 'oracle: { type = "max-cut"; path = "c5"; };\n' >cut.cfg
status 0 "$thalweg" solve cut.cfg --json
between 'the cut of a pentagon' "$(value out reward)" 4 4
between 'its bound' "$(value out bound)" 4.52254 4.52256

# Mistakes in the file.
while IFS='|' read -r text words; do
  printf "$text" >bad
  status 2 "$thalweg" solve cut.cfg --set oracle.path='"bad"'
  says err "$words"
done <<'END'
5 5\n1 2 1\n1 6 1\n|bad:3: a number of a node is from 1 to the NODES of the first line
5 3\n1 2 1\n2 3 x\n|bad:3: a number is expected
5 3\n1 2 1\n2 3 1\n|the first line announces 3 edges, found 2
5 1\n1 2 1\n2 3 1\n|bad:3: more edges than the first line announces
5 2\n1 2 1\n2 3\n|bad:3: "I J WEIGHT" is expected
5 2\n1 2 1\n3 3 1\n|bad:3: an edge from a node to itself
END
printf '3 2\n1 2 1\n2 3 -1\n' >signed
status 2 "$thalweg" solve cut.cfg --set oracle.path='"signed"'
says err 'the reward of 2-3 is -1'
status 0 "$thalweg" solve cut.cfg --set oracle.path='"signed"' --set oracle.signed_costs=true
says out 'reward 1,'

# A run in two halves is the run in one, warm start and all.
cat >run.cfg <<'END'
run: { name = "cut"; };
oracle: { type = "max-cut"; path = "c5"; warm = true; kicks = 2; };
rounds: { type = "stochastic"; };
learner: { type = "improper-omd"; };
stop: { rounds = 60; };
monitor: { rounds = 10; };
END
play whole run.cfg
play half run.cfg --set stop.rounds=30
resume half --quiet --set stop.rounds=60 || fail 'resume'
cmp whole/decisions.jsonl half/decisions.jsonl || fail 'a resumed run decides otherwise'

gset=$top_srcdir/../shared/data/maxcut
if [ -f "$gset/G1" ]; then
  status 0 "$thalweg" solve cut.cfg --set oracle.path="\"$(realpath "$gset/G1")\"" --json
  between 'bound of G1' "$(value out bound)" 12083.197 12083.2101
  between 'cut of G1' "$(value out reward)" 11566 11624
else
  echo 'graphs of the Gset are not here: not tried'
fi
finish
