#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every plugin of the tree passes `thalweg verify`. Sources get small files to read.
set -u
thalweg=$top_builddir/thalweg
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
status=0 count=0

# Twelve rows of three bytes, and their labels, in each format.
bytes='\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020\021\022'
labels='\000\001\002\000\001\002\000\001\002\000\001\002'
{
  printf '\000\000\010\002\000\000\000\014\000\000\000\003'
  printf "$bytes$bytes"
} >"$work/x.idx"
{
  printf '\000\000\010\001\000\000\000\014'
  printf "$labels"
} >"$work/y.idx"
npy() { # npy SHAPE: the head of an array of bytes, 128 bytes long
  printf '\223NUMPY\001\000\166\000'
  printf '%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': $1, }"
}
{
  npy '(12, 3)'
  printf "$bytes$bytes"
} >"$work/x.npy"
{
  npy '(12,)'
  printf "$labels"
} >"$work/y.npy"
for i in 1 2 3 4 5 6 7 8; do
  echo "+1 1:0.$i 4:1 7:-$i.5"
  echo "-1 2:$i 3:0.25"
done >"$work/rows.svm"

for i in 1 2 3 4 5 6 7 8 9; do
  echo "the quick brown fox jumps over the lazy dog, $i times"
done >"$work/text.txt"
# Twelve images.
for i in 0 1 2 0 1 2 0 1 2 0 1 2; do
  printf "\\00$i"
  head -c 3072 "$THALWEG_PLUGIN_PATH/../config.status"
done >"$work/c.bin"
# Losses for the six coordinates that verify asks for.
for i in 1 2 3 4 5 6 7 8 9 10; do
  for j in 1 2 3; do echo "$i,$j,0.5,0,1,2"; done
done >"$work/losses.csv"

for so in "$top_builddir"/.libs/*.so; do
  [ -f "$so" ] || continue
  name=$(basename "$so" .so)
  set --
  case $name in
  csv) set -- --set "path=\"$top_srcdir/conf/data/digits.csv.gz\"" ;;
  exec) set -- --set "command=\"'$top_builddir/wrong_solver' experts none\"" ;;
  conv) set -- --set depth=8 --set channels=3 ;;
  recorded) set -- --set "path=\"$work/losses.csv\"" ;;
  max-cut) set -- --set "path=\"$top_srcdir/conf/examples/petersen.txt\"" --set kicks=2 ;;
  shortest-path | spanning-tree) set -- --set 'grid=[3,3]' ;;
  set-cover) set -- --set "path=\"$top_srcdir/conf/examples/posts.txt\"" --set 'format="list"' ;;
  tsp) set -- --set cities=7 ;;
  vertex-cover) set -- --set "path=\"$top_srcdir/conf/papers/approximation-oracle/vc8.col\"" ;;
  svmlight) set -- --set "path=\"$work/rows.svm\"" ;;
  idx) set -- --set "x=\"$work/x.idx\"" --set "y=\"$work/y.idx\"" ;;
  images) set -- --set "path=\"$work/c.bin\"" --set size=2 --set pad=2 ;;
  recurrent) set -- --set hidden=10 --set 'train="all"' --set bias=true ;;
  sequence) set -- --set "path=\"$work/text.txt\"" --set streams=4 --set test_length=5 \
    --set window=3 --set features_per_step=1 ;;
  npy) set -- --set "x=\"$work/x.npy\"" --set "y=\"$work/y.npy\"" ;;
  esac
  count=$((count + 1))
  echo "== $name"
  if ! "$thalweg" verify "$so" "$@" >"$work/out" 2>&1; then
    status=1
    cat "$work/out"
  elif grep -q 'give it a value with' "$work/out"; then
    status=1
    echo "nothing was checked for want of a parameter: add it to tests/verify/plugins.sh"
  else
    grep -A1 '^  warn' "$work/out"
    tail -n 1 "$work/out"
  fi
done
[ $count -gt 0 ] || {
  echo "no plugins in $top_builddir/.libs"
  exit 1
}
exit $status
