#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The installed package from a user's side: the pkg-config file alone is enough to build a plugin
# outside the tree, and the installed program takes it.
# usage: installed.sh PKG_CONFIG_DIR PROGRAM
# THALWEG_SYSROOT: where DESTDIR was, if the package was installed under one.
set -u
export PKG_CONFIG_PATH="$1"
program=$2
root=${THALWEG_SYSROOT-}
umask 022
fail() {
  echo "$*"
  exit 1
}
plugindir=$root$(pkg-config --variable=plugindir thalweg) || fail "no thalweg.pc in $1"
[ -d "$plugindir" ] || fail "plugindir $plugindir is not there"
cflags=$(pkg-config --cflags thalweg)
[ -n "$root" ] && cflags=$(echo "$cflags" | sed "s|-I/|-I$root/|g")
for f in "$plugindir"/*; do
  case $f in
  *.so) [ "$(stat -c %a "$f")" = 644 ] || fail "$f: mode is not 644" ;;
  *) fail "$f does not belong there" ;;
  esac
done
"$top_srcdir/tests/packaging/modules.sh" "$plugindir" || exit 1
readelf -W -d "$program" | grep -Eq 'RPATH|RUNPATH' && fail "$program has a run path"

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cp "$top_srcdir/tests/packaging/outside.c" "$work/outside.c"
# shellcheck disable=SC2086 # flags are words
(cd "$work" && ${CC:-cc} -std=c99 -Wall -Wextra -Wpedantic -Werror $cflags -fPIC -shared \
  -fvisibility=hidden -Wl,-z,defs -o outside.so outside.c -lm) || fail "the plugin does not build"
THALWEG_PLUGIN_PATH=$work THALWEG_SYSTEM_PLUGIN_PATH=$plugindir "$program" info outside-descent \
  >"$work/info" || fail "the installed program does not know the plugin"
grep -q outside-descent "$work/info" || fail "info does not name the plugin"
THALWEG_SYSTEM_PLUGIN_PATH=$plugindir "$program" verify "$work/outside.so" ||
  fail "the plugin does not pass verify"
# What `thalweg new` writes builds against the installed headers.
(cd "$work" && "$program" new optimizer scaffold >/dev/null &&
  make -C scaffold CC="${CC:-cc}" CPPFLAGS="$cflags" >/dev/null) || fail "the scaffold does not build"
THALWEG_PLUGIN_PATH=$work/scaffold THALWEG_SYSTEM_PLUGIN_PATH=$plugindir "$program" info scaffold \
  >/dev/null || fail "the installed program does not know the scaffold"
echo "installed package is whole"
