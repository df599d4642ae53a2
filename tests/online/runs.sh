#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Online pipelines from the command line: kill -9 and resume to the last bit with every learner and
# kind of rounds, longer runs by resume, signals, recorded and live losses, mistakes.
. "$top_srcdir/tests/online/lib.sh"

cat >base.cfg <<'END'
run: { name = "online"; };
oracle: { type = "inflated"; base: { type = "shortest-path"; grid = [4, 4]; }; };
stop: { rounds = 120; };
monitor: { rounds = 7; check = true; };
checkpoint: { every = 0.0; };
END

alike() {
  timeless "$1" >metrics.a
  timeless "$2" >metrics.b
  cmp metrics.a metrics.b || fail "$1 and $2 have different records"
  cmp "$1/decisions.jsonl" "$2/decisions.jsonl" || fail "$1 and $2 have different decisions"
  test -s metrics.a || fail "$1 has no records"
}

# Every learner, against one kind of rounds each.
while read -r learner rounds; do
  printf 'rounds: { type = "%s"; };\nlearner: { type = "%s"; };\n' "$rounds" "$learner" >rest.cfg
  play ref base.cfg rest.cfg
  rm -rf cut
  start_run base.cfg rest.cfg --out cut --quiet
  sleep 0.1
  kill -9 $pid 2>/dev/null
  wait $pid 2>/dev/null
  if [ -f cut/pipeline.cfg ]; then
    resume cut --quiet || fail "resume of $learner against $rounds"
    alike ref cut
  fi
  # A run in two halves; the horizon stays the one of the beginning.
  resume ref --quiet --set stop.rounds=160 || fail "a longer run of $learner"
  between "$learner: rounds" "$(value ref/result.json rounds)" 160 160
done <<'END'
ftl against-average
ftpl switching
garber stochastic
improper-bandit against-average
improper-cmwu against-average
improper-omd switching
kakade-kalai-ligett stochastic
END

# Interrupted, it says so and goes on.
printf 'rounds: { type = "stochastic"; };\nlearner: { type = "improper-omd"; };\n' >rest.cfg
start_run base.cfg rest.cfg --set stop.rounds=100000000 --set checkpoint.every=60 --out int
sleep 0.5
kill -INT $pid
wait $pid
test $? = 130 || fail 'the exit status of an interrupted run'
says out 'goes on from the last checkpoint'
n=$(value int/result.json rounds)
resume int --quiet --set stop.rounds=$((n + 10)) || fail 'resume after an interrupt'

# Recorded losses, columns by name.
cat >edges.txt <<'END'
s a   # two ways
a t
s t
END
cat >losses.csv <<'END'
s-t, s-a, a-t
9, 1, 1
9, 1, 1
1, 5, 5
END
cat >rec.cfg <<'END'
run: { name = "rec"; };
oracle: { type = "shortest-path"; path = "edges.txt"; from = "s"; to = "t"; };
rounds: { type = "recorded"; path = "losses.csv"; };
learner: { type = "ftl"; };
END
play rec rec.cfg
between 'cost of the recorded rounds' "$(value rec/result.json cost)" 20 21
says rec/decisions.jsonl '"decision":["s-a","a-t"]'
says rec/result.json '"all 3 rounds are played"'

# Live: the decision is there before its losses are asked for.
mkfifo pipe
start_run rec.cfg --set rounds.path='"pipe"' --set rounds.live=true --out live --quiet
exec 9>pipe
i=0
while [ $i -lt 3 ]; do
  i=$((i + 1))
  n=0
  while ! grep -q "\"round\":$i," live/decisions.jsonl 2>/dev/null; do
    n=$((n + 1))
    test $n -lt 100 || { fail "no decision of round $i"; break; }
    sleep 0.1
  done
  echo '1 2 3' >&9
done
exec 9>&-
wait $pid || fail 'the live run'
between 'live rounds' "$(value live/result.json rounds)" 3 3
between 'live decisions' "$(wc -l <live/decisions.jsonl)" 3 3

# Columns by name, told once: a resumed run still knows them.
start_run rec.cfg --set rounds.path='"pipe"' --set rounds.live=true --set stop.rounds=1 --out named \
  --quiet
printf 's-t, s-a, a-t\n9, 1, 1\n' >pipe
wait $pid || fail 'a live run with names'
start_resume named --quiet --set stop.rounds=2
printf '9, 1, 1\n' >pipe
wait $pid || fail 'its resume'
between 'losses by name after resume' "$(value named/result.json best_cost)" 4 4

# Mistakes.
sed 's/^9, 1, 1$/9, 1/' losses.csv >bad.csv
status 2 run rec.cfg --set rounds.path='"bad.csv"' --out bad
says err 'bad.csv:2: expected 3 losses, one for each coordinate of the oracle, found 2'
sed 's/9/-9/' losses.csv >bad.csv
status 2 run rec.cfg --set rounds.path='"bad.csv"' --out bad2
says err 'round 1: the loss of coordinate s-t is -9'
sed 's/s-t,/s-x,/' losses.csv >bad.csv
status 2 run rec.cfg --set rounds.path='"bad.csv"' --out bad3
says err 'bad.csv:1: column "s-x" is no coordinate of the oracle'
status 2 run base.cfg rest.cfg --set stop.rounds=0 --out bad4
says err 'set stop.rounds'
test ! -e bad4 || fail 'a run that could not begin leaves a folder'
status 2 "$thalweg" verdict rec
says err 'this is an online pipeline'
status 0 "$thalweg" check rec.cfg
says out 'ok: oracle shortest-path, rounds recorded, learner ftl'
finish
