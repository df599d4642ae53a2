#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Runs on sequences: a text learned by heart and written again, probes in records, chunks that are
# read in order, predictions, a run broken off and resumed.
. "$top_srcdir/tests/e2e/lib.sh"
THALWEG_PLUGIN_PATH=$top_builddir/tests/plugins/.libs:$top_builddir/.libs

awk 'BEGIN { for (i = 0; i < 400; i++) printf "abcdefgh" }' >text
cat >text.cfg <<'END'
run: { name = "text"; precision = "single"; };
source: { type = "text"; path = "text"; length = 8; streams = 4; test_length = 8; };
model: { type = "bigram"; };
oracle: { type = "finite-sum"; };
optimizer: { type = "adam"; batch = 4; draw = "epoch"; step = 0.1; clip = 0.1;
             schedule = "linear"; };
stop: { passes = 6.0; epsilon = 0.0; };
checkpoint: { every = 0.0; };
END
status 0 run text.cfg --out text.run --quiet
says text.run/result.json '"tokens_per_second"'
grep -q '"optimizer.clipped"' text.run/metrics.jsonl || fail "records do not tell what was clipped"

# What it writes is what it has read.
status 0 "$thalweg" sample text.run --length 16 --prompt cde --temperature 0
test "$(cat out)" = cdefghabcdefghabcde || fail "it writes $(cat out)"
status 0 "$thalweg" sample text.run --length 200 --seed 7 --temperature 5
cp out one
status 0 "$thalweg" sample text.run --length 200 --seed 7 --temperature 5
cmp out one || fail "the same seed writes another text"
status 0 "$thalweg" sample text.run --length 200 --seed 8 --temperature 5
cmp -s out one && fail "another seed writes the same text"
test "$(wc -c <one)" = 201 || fail "not 200 characters and the end of a line"
status 2 "$thalweg" sample text.run --prompt 'abX'
says err 'nothing like "X"'
status 2 "$thalweg" sample text.run --temperature=-1
says err '--temperature: expected a number of at least 0, found "-1"'
status 2 "$thalweg" sample text.run --length 2.5
says err '--length: expected a whole number of at least 0'
status 2 "$thalweg" sample text
says err 'text'
status 2 "$thalweg" sample
says err 'sample needs one run folder'

# Predictions have one line for each chunk.
status 0 "$thalweg" predict text.run --on test --out p.csv
test "$(wc -l <p.csv)" -gt 10 || fail "no predictions"
head -n 1 p.csv | grep -q '^label,p:a,' || fail "the header of predictions"

# States carried from batch to batch leave no function whose gradients could be compared: refused
# before anything runs; methods that look at a batch once are not.
cat >carry.cfg <<'END'
run: { name = "carry"; precision = "single"; };
source: { type = "text"; path = "text"; length = 8; streams = 4; test_length = 8; };
model: { type = "rnn"; hidden = 8; activation = "tanh"; loss = "softmax"; carry_state = true; };
oracle: { type = "finite-sum"; };
stop: { passes = 2.0; epsilon = 1e-9; };
END
for method in svrg scsg spider natasha2; do
  status 2 run carry.cfg --out no --set "optimizer={ type = \"$method\"; }"
  says err "\"$method\" compares gradients at two points of the same batch"
  says err 'carry_state = false'
  test ! -e no || fail "$method left a folder"
done
status 0 run carry.cfg --out once --quiet \
  --set 'optimizer={ type = "sgd"; batch = 4; draw = "epoch"; step = 0.1; }'
status 0 run carry.cfg --out sums --quiet \
  --set 'optimizer={ type = "gd"; step = 0.1; clip = 0.001; }'
grep -q '"optimizer.clip_norm"' sums/metrics.jsonl || fail "gd does not tell what it clipped"
grep -q '"optimizer.clipped": *1\.0' sums/metrics.jsonl || fail "gd has not clipped every gradient"

# Broken off and resumed, to the last bit; the schedule knows where the run ends.
status 0 run text.cfg --out half --quiet --set stop.steps=3
status 0 resume half --quiet --set stop.steps=0
same text.run half

# A probe at the first and the last record, and in between where that is asked for.
probes() { grep -c '"probe\.' "$1/metrics.jsonl"; }
test "$(probes text.run)" = 2 || fail "$(probes text.run) probes, not 2"
sed -n 1p text.run/metrics.jsonl | grep -q '"probe\.' || fail "no probe at the start"
sed -n '$p' text.run/metrics.jsonl | grep -q '"probe\.' || fail "no probe at the end"
status 0 run text.cfg --out often --quiet --set monitor.probe_every=2
test "$(probes often)" -ge 4 || fail "$(probes often) probes with one every second record"
if gnuplot --version >/dev/null 2>&1; then
  status 0 "$thalweg" run text.cfg --set stop.verdict=false --out drawn --quiet
  test -s drawn/probe.svg || fail "no picture of the probe"
fi

# Other models have nothing to write with.
cat >plain.cfg <<'END'
source: { type = "gaussian-classes"; n = 50; d = 3; };
model: { type = "logistic"; };
oracle: { type = "finite-sum"; };
optimizer: { type = "gd"; };
stop: { passes = 3.0; };
END
status 0 run plain.cfg --out plain --quiet
status 2 "$thalweg" sample plain
says err 'its model offers no thw.generate/1'

# The first rows, the same ones each time, and the start of the run, after a restart too.
sed -n '$p' text.run/metrics.jsonl | grep -q '"probe.rows":3.0' || fail "the rows of the probe"
sed -n 1p text.run/metrics.jsonl | grep -q '"probe.moved":0.0' || fail "the start of the probe"

# A record of a long text looks at its beginning only.
awk 'BEGIN { for (i = 0; i < 40000; i++) printf "abcdefgh" }' >long
status 0 run text.cfg --out long.run --quiet --set source.path=long --set stop.passes=1
grep -q '"monitor": *{' long.run/result.json || fail "no account of the monitor"
awk '/"monitor": *{/ { on = 1 } on && /"gradients"/ { gsub(/[^0-9]/, ""); print; exit }' \
  long.run/result.json >cost
test "$(cat cost)" = 16384 || fail "two records cost $(cat cost) rows, not 2 x 65536 / 8"

# A stream without end, with the sum at the last step.
cat >adding.cfg <<'END'
source: { type = "adding"; length = 10; test = 100; };
model: { type = "rnn"; hidden = 8; train = "all"; bias = true; init = "identity";
         loss_at = "last"; };
oracle: { type = "stream"; };
optimizer: { type = "sgd"; batch = 32; draw = "epoch"; step = 0.01; clip = 1.0; };
stop: { passes = 0.5; epsilon = 0.0; };
monitor: { every = 0.25; };
END
status 0 run adding.cfg --out adding --quiet
grep -q '"test.mse":0' adding/metrics.jsonl || fail "no error on fresh sequences"
finish
