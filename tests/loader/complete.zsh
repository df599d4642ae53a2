#!/usr/bin/env zsh
# SPDX-License-Identifier: BSD-3-Clause
# Types each line given into a zsh of its own that has loaded the completion from $COMPLETION_DIR,
# presses Tab, and prints what became of the line.
emulate -L zsh
zmodload zsh/zpty || exit 77
zpty z zsh -f -i
zpty -w z "PS1= PS2= RPS1=; unset zle_bracketed_paste; fpath=(${(q)COMPLETION_DIR} \$fpath)
autoload -U compinit; compinit -u -D
probe() { zle expand-or-complete; BUFFER=\"print -r -- '<'\${(qq)BUFFER}'>'\"; zle accept-line }
zle -N probe; bindkey '^T' probe; print READ''Y"
zpty -r z out '*READY*' || exit 1
for line in "$@"; do
  zpty -n -w z "$line"$'\x14'
  zpty -r z out '*[[:cntrl:]]<*>[[:cntrl:]]*' || exit 1
  print -r -- "<${${out##*[[:cntrl:]]<}%%>*}>"
done
zpty -d z
