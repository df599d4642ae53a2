#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Shell completion asks the program for names. Skipped without bash; the zsh file is parsed only,
# and only where there is a zsh.
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
expect fixture check --set optimizer.type = fi
expect list help l
expect "$work/plugins" list --plugin-path "$work/pl"
if command -v zsh >/dev/null 2>&1; then
  zsh -n "$top_srcdir/packaging/completion/_thalweg" || status=1
else
  echo 'zsh is not here: its file was not parsed'
fi
exit $status
