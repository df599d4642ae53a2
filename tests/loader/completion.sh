#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Shell completion asks the program for names. Skipped without bash; zsh is tried where there is
# one.
set -u
command -v bash >/dev/null 2>&1 || {
  echo 'bash is not here: completion not tried'
  exit 77
}
umask 022
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
mkdir "$work/plugins"
cp "$top_builddir/tests/broken/.libs/load_good.so" "$work/plugins/" || exit 99
export THALWEG_PLUGIN_PATH="$work/plugins" THALWEG_SYSTEM_PLUGIN_PATH=
status=0

# complete WORD...: what bash offers for the last word, on one line.
complete_words() {
  bash -c '. "$top_srcdir/packaging/completion/thalweg.bash"
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _thalweg 2>/dev/null
    echo "${COMPREPLY[*]}"' complete "$top_builddir/thalweg" "$@"
}
expect() {
  want=$1
  shift
  got=$(complete_words "$@")
  case " $got " in
  *" $want "*) ;;
  *)
    echo "FAIL: thalweg $*: expected $want among: $got"
    status=1
    ;;
  esac
}
expect info inf
expect list ''
expect --version --v
expect fixture info fix
expect monitor info mo
expect optimizer list o
expect --json list --j
expect --plugin-path info --pl
expect model new mo
expect run.seed= check --set run.s
expect optimizer.type= check --set optimizer.
expect fixture check --set optimizer.type = "fi"
expect list help l
expect "$work/plugins" list --plugin-path "$work/pl"
if ! command -v zsh >/dev/null 2>&1; then
  echo 'zsh is not here: its file was not tried'
  exit $status
fi

# The same in zsh, where one candidate completes the line.
zsh -n "$top_srcdir/packaging/completion/_thalweg" || status=1
cat >"$work/want" <<END
<$top_builddir/thalweg info >
<$top_builddir/thalweg info fixture >
<$top_builddir/thalweg list optimizer >
<$top_builddir/thalweg new oracle >
<$top_builddir/thalweg check --set run.seed=>
<$top_builddir/thalweg check --set optimizer.type=fixture >
<$top_builddir/thalweg check --set optimizer.inner.type=fixture >
<$top_builddir/thalweg list --json >
END
COMPLETION_DIR=$top_srcdir/packaging/completion timeout 60 zsh -f \
  "$top_srcdir/tests/loader/complete.zsh" "$top_builddir/thalweg inf" \
  "$top_builddir/thalweg info fix" "$top_builddir/thalweg list opt" "$top_builddir/thalweg new or" \
  "$top_builddir/thalweg check --set run.se" "$top_builddir/thalweg check --set optimizer.type=fi" \
  "$top_builddir/thalweg check --set optimizer.inner.type=fi" \
  "$top_builddir/thalweg list --js" >"$work/got"
case $? in
0) diff "$work/want" "$work/got" || status=1 ;;
77) echo 'zsh has no pseudo-terminals: its file was only parsed' ;;
*)
  echo 'FAIL: zsh did not complete'
  cat "$work/got"
  status=1
  ;;
esac
exit $status
