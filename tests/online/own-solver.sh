#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The user's own solver, and all that can be wrong with it: the run stops with round, question and
# line, keeps every round that was played, and goes on to the same bits when the solver is mended.
. "$top_srcdir/tests/online/lib.sh"
wrong=$top_builddir/wrong_solver
example=$top_srcdir/conf/examples/own-solver

cat >graph.txt <<'END'
0 1
1 2
2 3
3 4
4 5
5 6
6 0
0 3
END
cat >base.cfg <<END
run: { name = "solver"; };
oracle: {
  type = "exec"; command = "'$wrong' none broken"; timeout = 0.3; restarts = 1;
  reference: { type = "vertex-cover"; path = "graph.txt"; };
};
rounds: { type = "switching"; block = 5; };
learner: { type = "ftpl"; };
stop: { rounds = 30; };
monitor: { rounds = 7; check = true; };
END

alike() {
  timeless "$1" | sed 's/"oracle":{[^}]*},*//; s/"oracle.restarts":[^,}]*,*//' >metrics.a
  timeless "$2" | sed 's/"oracle":{[^}]*},*//; s/"oracle.restarts":[^,}]*,*//' >metrics.b
  cmp metrics.a metrics.b || fail "$3: $1 and $2 have different records"
  cmp "$1/decisions.jsonl" "$2/decisions.jsonl" || fail "$3: $1 and $2 have different decisions"
  test -s metrics.a || fail "$1 has no records"
}

# broken MODE EXIT WORDS [ARGS...]: the run stops in round 6 with these words; mended it goes on.
broken() {
  mode=$1 want=$2 words=$3
  shift 3
  rm -rf cut
  touch broken
  status "$want" "$thalweg" run base.cfg --set oracle.command="\"'$wrong' $mode broken\"" \
    --out cut --quiet --no-plot "$@"
  says err "$words"
  says err 'round 6: '
  says cut/result.json '"status": "failed"'
  between "$mode: rounds played" "$(value cut/result.json rounds)" 5 5
  rm -f broken
  resume cut --quiet || fail "$mode: resume"
  alike ref cut "$mode"
}

play ref base.cfg
broken hang 1 'question 5 to'
says err 'no answer within 0.3 seconds'
broken crash 1 'it was killed by SIGSEGV (11)'
broken exit 1 'it ended with exit status 3'
broken half 1 'no answer within 0.3 seconds; it has written half of a line: "point 5 3 0 1 2"'
broken half-exit 1 'in the middle of line 2, "point 5 3 0 1 2"'
broken closed 1 'it closed its output and did not end'
broken huge 1 'line 2 of it is longer than 4544 bytes: "point point'
broken garbage 1 'line 2 of it: expected "point 5 ...", found "Optimal solution found in 0.01 s"'
broken empty 1 'line 2 of it: expected "point 5 ...", found ""'
broken nan 1 'line 2 of it: expected a finite number for coordinate 0, found "nan"'
broken infinite 1 'expected a finite number for coordinate 0, found "1e999"'
broken range 1 'expected the number of a coordinate, 0 to 6, found "7"'
broken negative-index 1 'expected the number of a coordinate, 0 to 6, found "-1"'
broken twice 1 'coordinate 0 is there twice'
broken fraction 1 'coordinate 0 is 0.5, where "ready" promised 0 or 1'
broken short 1 'expected the number of a coordinate, 0 to 6, found ""'
broken long 1 '"2" follows the 1 coordinates that were announced'
broken other-question 1 'it answers question "12", asked was 5'
broken error 1 'it has no answer: "the licence has expired"'
broken bound 3 'it gives 1000 as a bound on all answers, and its own has'
broken infeasible 3 'the answer is not feasible: edge 1-2 is not covered'
broken costly 3 'more than the promised factor 2'

# Without a reference, the answers before are what it is measured by.
sed '/reference/d' base.cfg >alone.cfg
for mode in too-costly garbage; do
  rm -f broken
  play alone alone.cfg --set oracle.command="\"'$wrong' $mode broken\""
  rm -rf cut
  touch broken
  "$thalweg" run alone.cfg --set oracle.command="\"'$wrong' $mode broken\"" --out cut --quiet \
    --no-plot >out 2>err && fail "$mode alone passes"
  test $mode = garbage || says err 'where that of call'
  rm -f broken
  resume cut --quiet || fail "$mode alone: resume"
  test $mode != garbage || alike alone cut "$mode alone"
done

# A crash that does not repeat itself costs nothing but a line in the log.
touch broken
play once base.cfg --set oracle.command="\"'$wrong' crash-once broken\""
alike ref once crash-once
says once/log 'it was killed by SIGABRT (6): it is started again'
# It answers question 5 and listens no more.
touch broken
status 1 "$thalweg" run base.cfg --set oracle.command="\"'$wrong' deaf broken\"" --out deaf \
  --set oracle.restarts=0 --quiet --no-plot
says err 'it closed its input and did not end'
rm -f broken
# A second line in answer to one question is noticed with the next one.
touch broken
status 1 "$thalweg" run base.cfg --set oracle.command="\"'$wrong' two-answers broken\"" --out two \
  --set oracle.restarts=0 --quiet --no-plot
says err 'it answers question "5", asked was 6'
rm -f broken
# A new process for each question.
play fresh base.cfg --set oracle.fresh=true
alike ref fresh fresh

# What a solver may say for its beginning.
begins() {
  status "$2" "$thalweg" run base.cfg --set oracle.command="\"$1\"" --out begin --quiet --no-plot
  says err "$3"
  test ! -e begin || fail "$1: a run that could not begin leaves a folder"
  rm -rf begin
}
begins "'$wrong' hello-hang x" 2 'no answer within 0.3 seconds; it was sent "hello 1"'
begins "'$wrong' hello-exit x" 2 'it ended with exit status 1'
begins "'$wrong' hello-garbage x" 2 'found "Welcome to SuperSolver 7"'
begins "'$wrong' hello-version x" 2 'version, 1, found "2"'
begins "'$wrong' hello-zero x" 2 'expected the number of coordinates, found "0"'
begins "'$wrong' hello-alpha x" 2 'alpha is 0.5: it must be at least 1 for costs'
begins "'$wrong' hello-option x" 2 '"turbo" is none of norm, binary, signed, names'
begins "'$wrong' hello-names x" 2 'line 3 of it: expected "name <text>"'
begins "no-such-solver x" 2 'it cannot be started in'
begins "'$wrong' none" 2 'it ended with exit status 2'
begins "  " 2 'command is empty'
begins "'$wrong" 2 'a quote is not closed'
status 2 "$thalweg" run base.cfg --set 'oracle.reference.path="other.txt"' --out begin --quiet
says err 'other.txt'
echo '0 1' >other.txt
status 2 "$thalweg" run base.cfg --set 'oracle.reference.path="other.txt"' --out begin --quiet
says err 'reference decides about 2 coordinates as a cost'
touch broken
status 1 "$thalweg" run base.cfg --set oracle.command="\"'$wrong' hello-changes broken\"" \
  --out changes --quiet --no-plot
says err 'started again it says something else about itself'

# An interrupt does not wait for a solver that hangs, and loses nothing.
touch broken
start_run base.cfg --set oracle.command="\"'$wrong' hang broken\"" --set oracle.timeout=60 \
  --out int --quiet
n=0
while ! [ -f int/checkpoint ] && [ $n -lt 20 ]; do
  n=$((n + 1))
  sleep 0.1
done
sleep 0.3
kill -INT $pid
wait $pid
test $? = 130 || fail 'the exit status of an interrupted question'
between 'rounds before the interrupt' "$(value int/result.json rounds)" 5 5
rm -f broken
resume int --quiet || fail 'resume after an interrupted question'
alike ref int interrupted

# Losses that came through a pipe are kept when the solver fails over them.
awk 'BEGIN { for (t = 0; t < 12; t++) { for (i = 0; i < 7; i++) printf "%d ", (3 * t + 5 * i) % 7; print "" } }' \
  >losses.txt
cat >live.cfg <<'END'
rounds: { type = "recorded"; path = "losses.txt"; };
stop: { rounds = 12; };
END
sed 's/^rounds.*//; s/^learner.*//; s/^stop.*//; s/rounds = 7/rounds = 1/' base.cfg >strip.cfg

# feed FROM: to each decision that appears the losses of its round, until the run ends; $fed is the
# last round that had them.
feed() {
  exec 9<>pipe
  fed=$(($1 - 1))
  n=0
  while [ $n -lt 100 ] && [ $fed -lt 12 ] && kill -0 $pid 2>/dev/null; do
    if grep -q "\"round\":$((fed + 1))," live/decisions.jsonl 2>/dev/null; then
      fed=$((fed + 1))
      n=0
      sed -n "${fed}p" losses.txt >&9
    else
      n=$((n + 1))
      sleep 0.02
    fi
  done
}
mkfifo pipe
while read -r learner from; do
  echo "learner: { type = \"$learner\"; loss_bound = 12.0; };" >learner.cfg
  play whole strip.cfg live.cfg learner.cfg
  rm -rf live
  touch broken
  start_run strip.cfg live.cfg learner.cfg --set rounds.path='"pipe"' --set rounds.live=true \
    --set oracle.command="\"'$wrong' garbage broken $from\"" --out live --quiet
  feed 1
  wait $pid && fail "$learner: a live run with a broken solver passes"
  exec 9>&-
  says live/result.json '"status": "failed"'
  rm -f broken
  start_resume live --quiet
  feed $((fed + 1))
  wait $pid || fail "$learner: resume of a live run"
  exec 9>&-
  cmp whole/decisions.jsonl live/decisions.jsonl || fail "$learner: decisions of a live run"
done <<'END'
garber 4
improper-omd 3
kakade-kalai-ligett 9
END

# The examples: both solvers are asked the same and answer the same.
if python3 -c 'import sys' 2>/dev/null; then
  play python "$example/python.cfg"
  between 'ratio of the example' "$(value python/result.json ratio)" 1 1.1
  says python/result.json '"best_is_exact": true'
  says python/decisions.jsonl '"market"'
  if ${CC:-cc} -O2 -o cover "$example/cover.c" -lm 2>/dev/null; then
    play c "$example/python.cfg" "$example/c.cfg" \
      --set oracle.command="\"$PWD/cover streets.txt\""
    cmp python/decisions.jsonl c/decisions.jsonl || fail 'the two solvers decide otherwise'
  else
    echo 'no C compiler: the example in C is left out'
  fi
else
  echo 'no python3: the example in Python is left out'
fi
finish
