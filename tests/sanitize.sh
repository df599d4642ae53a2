#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Builds the tree with a checker switched on, in ./build-NAME, and runs the tests there.
# usage: tests/sanitize.sh asan|ubsan|tsan|valgrind|clang [make variables]
set -eu
umask 022
usage() {
  sed -n '3,4s/^# \{0,1\}//p' "$0" >&2
  exit 2
}
[ $# -ge 1 ] || usage
name=$1
shift
src=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
frames='-g -O1 -fno-omit-frame-pointer'
cc=${CC:-cc} cflags='' log_flags='' ldflags=''
case $name in
asan)
  cflags="$frames -fsanitize=address"
  # Plugins are never unloaded; what is leaked by the host or a plugin counts.
  export ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:halt_on_error=1"
  export LSAN_OPTIONS="suppressions=$src/tests/lsan.supp:print_suppressions=0"
  ;;
ubsan)
  cflags="$frames -fsanitize=undefined,float-divide-by-zero,float-cast-overflow -fno-sanitize-recover=all"
  export UBSAN_OPTIONS="print_stacktrace=1"
  ;;
tsan)
  cflags="$frames -fsanitize=thread"
  export TSAN_OPTIONS="suppressions=$src/tests/tsan.supp:die_after_fork=0:ignore_noninstrumented_modules=1:halt_on_error=1"
  ;;
valgrind)
  cflags='-g -O1'
  command -v valgrind >/dev/null || {
    echo "valgrind is not here" >&2
    exit 77
  }
  log_flags="valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --suppressions=$src/tests/valgrind.supp"
  ;;
clang)
  cc=clang
  cflags='-g -O2 -Werror'
  ;;
*) usage ;;
esac

cd "$src"
[ -x configure ] || autoreconf -fi
mkdir -p "build-$name"
cd "build-$name"
[ -f Makefile ] || ../configure CC="$cc" CFLAGS="$cflags" LDFLAGS="${ldflags:-} ${LDFLAGS-}"
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
make -j "$jobs" "$@"
if [ -n "$log_flags" ]; then
  # Programs only: the scripts are not what is checked.
  make -j "$jobs" check LOG_COMPILER="${PWD}/libtool --mode=execute $log_flags" "$@"
else
  make -j "$jobs" check "$@"
fi
