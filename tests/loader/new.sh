#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What `thalweg new` writes builds with warnings as errors, is known to the program, and its own
# check passes.
set -u
thalweg=$top_builddir/thalweg
umask 022
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
unset MAKEFLAGS MFLAGS MAKELEVEL
fail() {
  echo "FAIL: $*"
  cat "$work/out" "$work/err"
  exit 1
}
try() { "$@" >"$work/out" 2>"$work/err"; }

for kind in optimizer model source oracle; do
  name=made-$kind
  try "$thalweg" new $kind $name || fail "new $kind"
  grep -rn '@ID@\|@KIND@' $name && fail "$name: a mark was left"
  try make -C $name CC="${CC:-cc}" CPPFLAGS="-I'$top_srcdir/include'" PKG_CONFIG=true \
    WARNINGS='-std=c99 -Wall -Wextra -Wpedantic -Werror' || fail "$name does not build"
  try "$thalweg" info $kind/$name --plugin-path $name || fail "info $name"
  grep -q "^file  *$PWD/$name/$name.so$" "$work/out" || fail "info $name names another file"
  [ -s "$work/err" ] && fail "$name: the loader has something to say"
  try make -C $name check THALWEG="'$thalweg'" || fail "$name: its own check"
  grep -q '"status": *"converged"' $name/test-run/result.json || fail "$name did not converge"
done

# Installed where pkg-config says, below DESTDIR; for one user where the program looks.
cat >pkg-config <<'END'
#!/bin/sh
case $1 in
--variable=plugindir) echo /usr/lib/thalweg/0 ;;
--variable=abi_major) echo 0 ;;
esac
END
chmod +x pkg-config
try make -C made-oracle install PKG_CONFIG="'$PWD/pkg-config'" DESTDIR="$PWD/root" || fail 'install'
[ -f root/usr/lib/thalweg/0/made-oracle.so ] || fail 'DESTDIR is not honoured'
try make -C made-oracle install PKG_CONFIG=false DESTDIR="$PWD/root2"
[ $? -ne 0 ] || fail 'installed although pkg-config does not know where'
(export HOME="$PWD/home" && unset XDG_DATA_HOME &&
  try make -C made-oracle install-user PKG_CONFIG="'$PWD/pkg-config'") || fail 'install-user'
(unset THALWEG_PLUGIN_PATH THALWEG_SYSTEM_PLUGIN_PATH XDG_DATA_HOME && HOME="$PWD/home" &&
  export HOME && try "$thalweg" info made-oracle) || fail 'the program does not find what install-user installed'
try "$thalweg" run made-oracle/test.cfg --plugin-path made-oracle --out whole --quiet || fail 'whole'
try "$thalweg" run made-oracle/test.cfg --plugin-path made-oracle --out cut --quiet \
  --set stop.passes=3 --set optimizer.type=sgd || fail 'the oracle under sgd'
try "$thalweg" resume cut --plugin-path made-oracle --quiet --set stop.passes=9 || fail 'resume'

# The manual's complete example is one.
sed -n '/^#include <stddef.h>/,/^\.Ed/p' "$top_srcdir/man/thalweg-plugin.7" | sed '$d' >descent.c
# shellcheck disable=SC2086 # CC may be several words
try ${CC:-cc} -std=c99 -Wall -Wextra -Wpedantic -Werror -I"$top_srcdir/include" -fPIC -shared \
  -fvisibility=hidden -Wl,-z,defs -o descent.so descent.c -lm || fail "the manual's example"
try "$thalweg" info descent --plugin-path . || fail "info descent"
[ -s err ] && fail "the manual's example: the loader has something to say"

# Mistakes.
try "$thalweg" new optimizer made-optimizer
[ $? -eq 1 ] || fail 'a directory that is there was overwritten'
grep -q 'made-optimizer: cannot be made: .*: remove it, or choose another' err || fail 'message'
try "$thalweg" new optimizer Upper
[ $? -eq 2 ] || fail 'a bad name was taken'
try "$thalweg" new learner x
[ $? -eq 2 ] || fail 'a kind without template was taken'
try "$thalweg" new optimizer
[ $? -eq 2 ] || fail 'a missing name was taken'
try "$thalweg" new optimizer other --out elsewhere || fail '--out'
[ -f elsewhere/other.c ] || fail '--out: no file'
exit 0
