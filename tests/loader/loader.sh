#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The loader from outside: each way in which a file can be unfit has its own message, and none of
# them stops the rest.
set -u
thalweg=$top_builddir/thalweg
fixtures=$top_builddir/tests/broken/.libs
umask 022
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
work=$(cd "$work" && pwd -P)
dir=$work/plugins
status=0

bad() {
  echo "FAIL: $*"
  echo '--- standard output' && cat "$work/out"
  echo '--- standard error' && cat "$work/err"
  status=1
}

# A plugin directory that holds the named fixtures, as NAME.so; then `thalweg list`.
with() {
  rm -rf "$dir"
  mkdir "$dir"
  for f in "$@"; do cp "$fixtures/load_$f.so" "$dir/$f.so" || exit 99; done
}
list() {
  THALWEG_PLUGIN_PATH=${path-$dir} "$thalweg" list "$@" >"$work/out" 2>"$work/err"
  code=$?
}
says() { grep -Fq -- "$1" "$work/err" || bad "expected on standard error: $1"; }
lists_fixture() { grep -q '^  fixture ' "$work/out" || bad "$1: the sound plugin is not listed"; }
ends_with() { [ "$code" -eq "$1" ] || bad "expected exit status $1, found $code"; }
one_message() {
  n=$(grep -c '' "$work/err")
  [ "$n" -eq "$1" ] || bad "expected $1 lines on standard error, found $n"
}

# A sound one.
with good
list
lists_fixture good
ends_with 0
one_message 0

# One fault each; "good" sorts between the two halves of them and is always found.
for fault in \
  'magic|expected magic 0x74687731, found 0x0badcafe' \
  'major|built for plugin interface 1.0, this thalweg has 0.1: install a newer thalweg, or rebuild' \
  'minor|built for plugin interface 0.2, this thalweg has 0.1: install a newer thalweg, or rebuild' \
  'size|expected a description of at least 64 bytes, found 16' \
  'null|expected thw_plugin_entry to return the plugin'\''s description, found NULL' \
  'null_id|component 0: expected an id, found NULL: set .id' \
  'offset|optimizer "fixture", parameter "outside": expected 8 bytes within the struct of 8, found offset 4096' \
  'symbol|expected the function thw_plugin_entry, found no such symbol' \
  'twice|expected thw_plugin_entry to return the same pointer each time, found two' \
  'crash|crashed with signal 11 (Segmentation fault) while loading: nothing may run at load time' \
  'exit|ended the process with exit status 0 while loading: nothing may run at load time'; do
  name=${fault%%|*}
  with good "$name"
  list
  says "thalweg: warning: $dir/$name.so: ${fault#*|}"
  one_message 1
  lists_fixture "$name"
  ends_with 0
done

# All of them at once, and one that hangs: the scan goes on behind each.
with crash exit good hang magic symbol
list --json
says "$dir/crash.so: crashed with signal 11"
says "$dir/exit.so: ended the process with exit status 0"
says "$dir/hang.so: did not return within 5 s while loading"
says "$dir/magic.so: expected magic"
says "$dir/symbol.so: expected the function"
one_message 5
grep -q '"id": "fixture"' "$work/out" || bad 'the sound plugin is lost among the others'

# Noise at load time stays out of what the program writes.
with loud
list --names
[ "$(cat "$work/out")" = fixture ] || bad 'the noise of a plugin reached standard output'

# Files that are no shared objects; other names are none of our business.
with good
echo 'not a library' >"$dir/text.so"
head -c 2000 "$dir/good.so" >"$dir/truncated.so"
: >"$dir/empty.so"
echo 'not looked at' >"$dir/README"
mkdir "$dir/folder.so"
list
says "$dir/text.so: expected a shared object for this machine, the system's loader says:"
says "$dir/truncated.so: " # in what way depends on what is missing
says "$dir/empty.so: expected a shared object for this machine"
says "$dir/folder.so: expected a shared object, found a directory"
one_message 4
lists_fixture 'no shared objects'

# The same id twice in one directory; a link to the same file is no second plugin.
with good
ln -s good.so "$dir/link.so"
list
ends_with 0
one_message 0
cp "$dir/good.so" "$dir/twin.so"
list
says "$dir/good.so and $dir/twin.so both hold the optimizer \"fixture\""
ends_with 2
touch -t 200001010000 "$dir/good.so"
list
says "remove one of the two files ($dir/good.so is the older one: left from an earlier installation?)"

# An earlier directory shadows a later one, in the order of the documentation.
with good
mkdir "$work/first" "$work/second"
cp "$dir/good.so" "$work/first/a.so"
cp "$dir/good.so" "$work/second/b.so"
shadowed() {
  got=$("$thalweg" info fixture "$@" 2>"$work/err" |
    sed -n 's/^file  *\(.*\)$/\1/p; s/^shadows  *\([^ ]*\).*$/\1/p' | tr '\n' ' ')
  echo "$got" >"$work/out"
  [ "$got" = "$expected" ] || bad "expected $expected"
}
export THALWEG_PLUGIN_PATH="$work/first" THALWEG_SYSTEM_PLUGIN_PATH="$dir"
expected="$work/second/b.so $work/first/a.so $dir/good.so "
shadowed --plugin-path "$work/second"
expected="$work/first/a.so $dir/good.so "
shadowed
THALWEG_PLUGIN_PATH="$work/second:$work/first"
expected="$work/second/b.so $work/first/a.so $dir/good.so "
shadowed
unset THALWEG_PLUGIN_PATH
unset THALWEG_SYSTEM_PLUGIN_PATH
mkdir -p "$work/data/thalweg/0" "$work/home/.local/share/thalweg/0"
cp "$dir/good.so" "$work/data/thalweg/0/c.so"
cp "$dir/good.so" "$work/home/.local/share/thalweg/0/d.so"
expected="$work/data/thalweg/0/c.so "
export HOME="$work/home"
XDG_DATA_HOME=$work/data shadowed
expected="$work/home/.local/share/thalweg/0/d.so "
XDG_DATA_HOME='' shadowed
export THALWEG_SYSTEM_PLUGIN_PATH=

# Whom to trust.
refused() {
  list
  says "$1"
  if grep -q fixture "$work/out"; then bad "$2 was loaded all the same"; fi
  ends_with 0
}
with good
chmod 664 "$dir/good.so"
refused "$dir/good.so: refused: others than its owner may write to it (mode 0664): run \`chmod go-w $dir/good.so'" 'a file that a group may write'
chmod 646 "$dir/good.so"
refused "$dir/good.so: refused: others than its owner may write to it (mode 0646)" 'a file that all may write'
chmod 644 "$dir/good.so"
chmod 775 "$dir"
refused "$dir: refused: others than its owner may write to it (mode 0775): run \`chmod go-w $dir'" 'a directory that a group may write'
chmod 1777 "$dir"
refused "$dir: refused: others than its owner may write to it (mode 1777)" 'a directory that all may write'
chmod 755 "$dir"
mkdir "$work/open"
mv "$dir/good.so" "$work/open/good.so"
ln -s "$work/open/good.so" "$dir/good.so"
chmod 777 "$work/open"
refused "$work/open: refused: others than its owner may write to it" 'the target of a link in an open directory'
chmod 755 "$work/open"
chmod 666 "$work/open/good.so"
refused "$work/open/good.so: refused: others than its owner may write to it (mode 0666)" 'the target of a link that all may write'
chmod 644 "$work/open/good.so"
list
lists_fixture 'a link to a sound file'
rm "$dir/good.so"
ln -s nowhere "$dir/good.so"
refused "$dir/good.so: cannot be read: No such file or directory" 'a dangling link'
if [ "$(id -u)" = 0 ]; then
  with good
  chown 4711 "$dir/good.so"
  refused "$dir/good.so: refused: it belongs to user 4711, expected root or you (user 0)" "a stranger's file"
  chown 0 "$dir/good.so"
  chown 4711 "$dir"
  refused "$dir: refused: it belongs to user 4711" "a stranger's directory"
else
  echo 'not root: ownership by a stranger not tried'
fi

# Directories that are not there.
path=$work/absent list
says "$work/absent: plugin directory cannot be read: No such file or directory"
ends_with 0

exit $status
