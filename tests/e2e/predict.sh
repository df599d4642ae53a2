#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# thalweg predict: classes by their names, the training set's scaling, narrower and wider rows.
. "$top_srcdir/tests/e2e/lib.sh"
THALWEG_PLUGIN_PATH=$top_builddir/.libs

# Two clouds around (2, 0) and (-2, 0), in two features of very different size; and their mirror
# images as new rows, so that what is right is known.
awk 'BEGIN { srand(3); for (i = 0; i < 60; i++) { s = i % 2 ? 1 : -1
  printf "%s 1:%.6f 2:%.6f\n", (s > 0 ? "3" : "7"), s * 2 + rand() - 0.5, 1000 * (rand() - 0.5) } }' >train
awk '{ split($2, a, ":"); split($3, b, ":"); printf "%s 1:%s 2:%s\n", ($1 == 3 ? 7 : 3), -a[2], -b[2] }' \
  train >mirror
cat >two.cfg <<'END'
source: { type = "svmlight"; path = "train"; standardise = "max-abs"; };
model: { type = "logistic"; l2 = 0.01; };
oracle: { type = "finite-sum"; };
optimizer: { type = "lbfgs"; };
stop: { passes = 50.0; };
END
status 0 run two.cfg --out two --quiet

status 0 "$thalweg" predict two --set source.path=mirror --out mirror.csv
says out 'new.accuracy 1 (60 rows)'
test "$(wc -l <mirror.csv)" = 61 || fail "not one line per row and a header"
head -n 1 mirror.csv | grep -q '^label,' || fail "the header does not start with label"
sed 1d mirror.csv | cut -d, -f1 >labels
cut -d' ' -f1 mirror >want
cmp labels want || fail "labels are not written as in the data"

# The training rows themselves, and the same file as new rows: the same numbers. A scaling that was
# fitted on the new rows, here a part of the old ones, would change them.
status 0 "$thalweg" predict two
cp out whole.csv
says err 'train.accuracy 1 (60 rows)'
head -n 7 train >part
status 0 "$thalweg" predict two --set source.path=part
head -n 8 whole.csv | cmp - out || fail "new rows are not scaled as the training rows were"

# Narrower rows are rows; wider ones have nothing to be multiplied with.
sed 's/ 2:.*//' mirror >narrow
status 0 "$thalweg" predict two --set source.path=narrow
says err 'new.accuracy 1 (60 rows)'
sed 's/$/ 3:1/' mirror >wider
status 2 "$thalweg" predict two --set source.path=wider
says err 'point.npy: has 2 elements where 3 are expected'
says err 'wider than those of the training set'
sed 's/^3/5/' mirror >strange
status 2 "$thalweg" predict two --set source.path=strange
says err 'strange:1: label 5 does not occur in the training set'

# A set of the run, by its name.
status 0 run two.cfg --set source.test=mirror --out tested
says tested/result.json '"test.accuracy": 1.0'
status 0 "$thalweg" predict tested
cmp out mirror.csv || fail "the test set is predicted differently as a set of the run"
status 0 "$thalweg" predict tested --on train
cmp out whole.csv || fail "--on train"
status 0 "$thalweg" predict tested --set source.path=part
head -n 8 whole.csv | cmp - out || fail "new rows beside a test set"
status 2 "$thalweg" predict tested --on valid
says err 'the source has no set "valid"'

status 2 "$thalweg" predict two --set model.l2=1
says err 'would make it another run'
status 2 "$thalweg" predict two --set source.path=missing
says err 'missing: No such file or directory'
status 2 "$thalweg" predict
status 2 "$thalweg" predict nowhere
finish
