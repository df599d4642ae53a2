#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What packagers check of a shared object: exactly one exported symbol, no run path, no text
# relocations, no undefined symbol that the libraries it names do not have, no link to the host.
# usage: modules.sh DIR   (all the plugins in it)
set -u
dir=$1
command -v readelf >/dev/null 2>&1 && command -v nm >/dev/null 2>&1 || {
  echo "no readelf and nm here"
  exit 77
}
status=0 count=0
bad() {
  echo "$1: $2"
  status=1
}
for so in "$dir"/*.so; do
  [ -f "$so" ] || continue
  count=$((count + 1))
  symbols=$(nm -D --defined-only "$so" | awk '$2 != "A" { print $3 }' | tr '\n' ' ')
  [ "$symbols" = "thw_plugin_entry " ] || bad "$so" "exports: $symbols"
  dynamic=$(readelf -W -d "$so")
  echo "$dynamic" | grep -Eq 'RPATH|RUNPATH' && bad "$so" "has a run path"
  echo "$dynamic" | grep -q TEXTREL && bad "$so" "has text relocations"
  echo "$dynamic" | grep -q 'NEEDED.*thw' && bad "$so" "links against the host"
  undefined=$(ldd -r "$so" 2>&1 | grep -E 'undefined symbol|not found')
  case $undefined in
  *__asan* | *__ubsan* | *__tsan*) ;; # the sanitizers' runtime is in the program
  '') ;;
  *) bad "$so" "$undefined" ;;
  esac
done
[ $count -gt 0 ] || {
  echo "no plugins in $dir"
  exit 1
}
echo "$count plugins"
exit $status
