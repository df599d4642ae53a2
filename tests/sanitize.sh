#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Builds the tree with a checker switched on, in ./build-KIND of the current folder, and runs the
# tests there.
# usage: tests/sanitize.sh asan|ubsan|tsan|valgrind|clang [make variables]
#
# Every report counts, also one from a process that a test expects to fail: reports go to files, and
# the script fails when there is one. Suppressions (tests/*.supp) are for code that is not ours.
# valgrind runs the test programs, and the host inside the end-to-end scripts named below.
set -eu
umask 022
usage() {
  sed -n '/^# usage/s/^# //p' "$0" >&2
  exit 2
}
[ $# -ge 1 ] || usage
name=$1
shift
src=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$PWD/build-$name
reports=$build/reports
frames='-g -O1 -fno-omit-frame-pointer'
cc=${CC:-cc}
case $name in
asan)
  cflags="$frames -fsanitize=address"
  # Plugins are never unloaded; what is leaked by the host or a plugin counts.
  ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
  ASAN_OPTIONS="$ASAN_OPTIONS:allocator_may_return_null=1:log_path=$reports/asan"
  LSAN_OPTIONS="suppressions=$src/tests/lsan.supp:print_suppressions=0"
  export ASAN_OPTIONS LSAN_OPTIONS
  ;;
ubsan)
  # Division by zero of real numbers is defined (IEC 60559), and used: x / 0 is tested by isfinite.
  cflags="$frames -fsanitize=undefined,float-cast-overflow -fno-sanitize-recover=all"
  export UBSAN_OPTIONS="print_stacktrace=1:log_path=$reports/ubsan"
  ;;
tsan)
  cflags="$frames -fsanitize=thread"
  # The BLAS and what it starts are not instrumented, and not ours.
  TSAN_OPTIONS="ignore_noninstrumented_modules=1:die_after_fork=0:halt_on_error=1"
  export TSAN_OPTIONS="$TSAN_OPTIONS:allocator_may_return_null=1:log_path=$reports/tsan"
  ;;
valgrind)
  cflags='-g -O1'
  command -v valgrind >/dev/null || {
    echo "valgrind is not here" >&2
    exit 77
  }
  valgrind="valgrind -q --error-exitcode=99 --leak-check=full"
  valgrind="$valgrind --errors-for-leak-kinds=definite --show-leak-kinds=definite"
  valgrind="$valgrind --suppressions=$src/tests/valgrind.supp --log-file=$reports/valgrind.%p"
  ;;
clang)
  cc=clang
  cflags='-g -O2 -Werror'
  ;;
*) usage ;;
esac

[ -x "$src/configure" ] || (cd "$src" && autoreconf -fi)
mkdir -p "$build"
cd "$build"
[ -f Makefile ] || "$src/configure" CC="$cc" CFLAGS="$cflags" LDFLAGS="${LDFLAGS-}"
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
make -j "$jobs" "$@"
rm -rf "$reports"
mkdir "$reports"
status=0
if [ "$name" = valgrind ]; then
  printf '#!/bin/sh\nexec %s "%s/thalweg" "$@"\n' "$valgrind" "$build" >checked-thalweg
  chmod +x checked-thalweg
  make -j "$jobs" check TESTS='$(check_PROGRAMS)' \
    LOG_COMPILER="$build/libtool --mode=execute $valgrind" "$@" || status=1
  THALWEG_PROGRAM=$build/checked-thalweg make -j "$jobs" check \
    TESTS='tests/e2e/run.sh tests/e2e/resume.sh tests/e2e/predict.sh tests/pipeline/check.sh' \
    "$@" || status=1
else
  make -j "$jobs" -k check "$@" || status=1
fi
for report in "$reports"/*; do
  [ -s "$report" ] || continue
  echo "== $report"
  head -n 40 "$report"
  status=1
done
[ $status = 0 ] && echo "$name: no test failed, and nothing was reported"
exit $status
