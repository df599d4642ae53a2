#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# thalweg check and thalweg show on real plugins; every pipeline of the tree is in order.
set -u
thalweg=${THALWEG_PROGRAM:-$top_builddir/thalweg}
umask 022
work=$(mktemp -d) || exit 99
work=$(cd "$work" && pwd -P)
trap 'rm -rf "$work"' EXIT
status=0
bad() {
  echo "FAIL: $*"
  cat "$work/out" "$work/err"
  status=1
}
# code EXPECTED ARGUMENT...
code() {
  want=$1
  shift
  "$thalweg" "$@" >"$work/out" 2>"$work/err"
  got=$?
  [ $got -eq "$want" ] || bad "thalweg $*: expected exit status $want, found $got"
}
out() { grep -Fq -- "$1" "$work/out" || bad "expected on standard output: $1"; }
err() { grep -Fq -- "$1" "$work/err" || bad "expected on standard error: $1"; }
silent() { [ ! -s "$work/err" ] || bad 'expected nothing on standard error'; }

for f in "$top_srcdir"/conf/*.cfg "$top_srcdir"/conf/*/*.cfg; do
  [ -e "$f" ] || continue
  code 0 check "$f"
  silent
  code 0 show "$f"
  cp "$work/out" "$work/once.cfg"
  code 0 show "$work/once.cfg"
  cmp -s "$work/once.cfg" "$work/out" || bad "$f: show of what show printed is something else"
done

mkdir "$work/sub"
cat >"$work/sub/a.cfg" <<'END'
source: { type = "csv"; path = "data.csv"; };
model: { type = "logistic"; };
oracle: { type = "finite-sum"; };
optimizer: { type = "gd"; };
END
code 0 check "$work/sub/a.cfg"
out 'ok: source csv, model logistic, oracle finite-sum, optimizer gd; double precision, seed 1'
silent
cd "$work" || exit 99
code 0 show sub/a.cfg --origin --set source.test=t.csv --set run.seed=7
out "  path = \"$work/sub/data.csv\";  # sub/a.cfg:1"
out "  test = \"$work/t.csv\";  # --set"
out '  seed = 7;  # --set'
out '  threads = 0;  # default'
code 0 show sub/a.cfg
grep -q '#' "$work/out" && bad 'show without --origin prints comments'

cat >"$work/b.cfg" <<'END'
optimizer: { typ = "gd"; };
stop: { passes = -1; epsilom = 2; };
END
code 2 check sub/a.cfg b.cfg
[ -s "$work/out" ] && bad 'check prints something besides errors'
err 'thalweg: error: b.cfg:1: optimizer.typ: gd has no such setting (did you mean "type"?)'
err 'thalweg: error: b.cfg:2: stop.passes: must be at least 0, found the integer -1'
err 'thalweg: error: b.cfg:2: stop.epsilom: unknown setting (did you mean "epsilon"?)'
[ "$(wc -l <"$work/err")" -eq 3 ] || bad 'expected three errors'
code 2 show sub/a.cfg b.cfg
[ -s "$work/out" ] && bad 'show prints a pipeline that is not in order'

code 2 check
err 'check needs a pipeline file'
code 2 check none.cfg
err 'cannot open none.cfg: No such file or directory'
code 2 check sub
err 'cannot read sub: Is a directory'
code 2 check sub/a.cfg --set optimizer.type=gdd
err '--set: optimizer.type: no optimizer is called "gdd" (did you mean "gd"?)'
code 2 check sub/a.cfg --set run.seed=3000000000
err 'write 3000000000L'
code 2 check sub/a.cfg --sett x=1
err 'did you mean --set?'
: >"$work/empty.cfg"
code 2 check empty.cfg
err 'this pipeline has no component'

# An absent input is bad usage for every source and every command that reads it.
for source in 'type=csv --set source.path=none' 'type=svmlight --set source.path=none' \
  'type=npy --set source.x=none' 'type=idx --set source.x=none'; do
  cat >"$work/one.cfg" <<'END'
source: { type = "csv"; }; model: { type = "logistic"; }; oracle: { type = "finite-sum"; };
optimizer: { type = "gd"; };
END
  # shellcheck disable=SC2086 # several words
  for command in 'run --out r' explain; do
    code 2 $command one.cfg --set source.$source
    err "$work/none: No such file or directory"
  done
done
[ -e "$work/r" ] && bad 'a run folder stayed behind'

# The text of no component is wider than a page, formulas included.
for kind in source model oracle optimizer; do
  for name in $("$thalweg" list $kind --names); do
    code 0 info $kind/$name
    grep -v '^\(file\|shadows\|url\) ' "$work/out" | awk -v name="$name" 'length > 80 {
      print name ": " $0; wide = 1 } END { exit wide }' || bad 'a line is wider than 80 columns'
  done
done

if [ -w /dev/full ]; then
  "$thalweg" show sub/a.cfg >/dev/full 2>"$work/err" && bad 'show: a full disk goes unnoticed'
fi
exit $status
