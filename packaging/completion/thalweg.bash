# SPDX-License-Identifier: BSD-3-Clause
# bash completion for thalweg. Names of components and parameters come from the program itself.

_thalweg_words() {
  local IFS=$'\n'
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_thalweg_files() {
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
  compopt -o filenames 2>/dev/null
}

_thalweg_dirs() {
  mapfile -t COMPREPLY < <(compgen -d -- "$1")
  compopt -o filenames 2>/dev/null
}

# What a top-level component of the pipeline files on the line is: "svrg" for optimizer.
_thalweg_type() {
  local word
  local -a files=()
  for word in "${COMP_WORDS[@]:2}"; do [[ -f $word ]] && files+=("$word"); done
  [[ ${#files[@]} -gt 0 ]] || return
  "$1" show "${files[@]}" 2>/dev/null |
    sed -n "/^$2: {/,/^}/s/^  type = \"\(.*\)\";.*/\1/p"
}

# Paths that --set may be given: the host's groups and their options, the top-level components' types,
# and the parameters of those in the pipeline.
_thalweg_set() {
  local program=$1 cur=$2 group kind type
  local -a names=()
  for group in run stop monitor watch checkpoint; do
    mapfile -t -O "${#names[@]}" names < <("$program" info "$group" --names 2>/dev/null |
      sed "s/.*/$group.&=/")
  done
  names+=(source.type= model.type= oracle.type= optimizer.type=)
  kind=${cur%%.*}
  case $cur in
  source.* | model.* | oracle.* | optimizer.*)
    type=$(_thalweg_type "$program" "$kind")
    [[ -z $type ]] || mapfile -t -O "${#names[@]}" names < <(
      "$program" info "$kind/$type" --names 2>/dev/null | sed "s/.*/$kind.&=/")
    ;;
  esac
  _thalweg_words "$(printf '%s\n' "${names[@]}")" "$cur"
  compopt -o nospace 2>/dev/null
}

# The values of a path: components for a type, nothing that would be files.
_thalweg_value() {
  local kind=${2%.type}
  [[ $kind != "$2" ]] || return
  case ${kind##*.} in
  source | model | oracle) kind=${kind##*.} ;;
  *) kind=optimizer ;;
  esac
  _thalweg_words "$("$1" list "$kind" --names 2>/dev/null)" "$3"
}

_thalweg() {
  local program=${COMP_WORDS[0]} cur prev command i
  cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ ${COMP_WORDS[i]} != -* ]]; then
      command=${COMP_WORDS[i]}
      break
    fi
  done
  if [[ -z $command ]]; then
    _thalweg_words "$("$program" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
--help
--version" "$cur"
    return
  fi
  # "--set", "a.b", "=", "c", the last of them perhaps not there yet
  if [[ $cur == '=' && ${COMP_WORDS[COMP_CWORD-2]} == --@(set|vary) ]]; then
    _thalweg_value "$program" "$prev" ''
    return
  fi
  if [[ $prev == '=' && ${COMP_WORDS[COMP_CWORD-3]} == --@(set|vary) ]]; then
    _thalweg_value "$program" "${COMP_WORDS[COMP_CWORD-2]}" "$cur"
    return
  fi
  case $prev in
  --plugin-path | --out | --resume)
    _thalweg_dirs "$cur"
    return
    ;;
  --set | --vary)
    _thalweg_set "$program" "$cur"
    return
    ;;
  esac
  if [[ $cur == -* ]]; then
    _thalweg_words "$("$program" help "$command" 2>/dev/null |
      sed -n 's/^ *\(--[a-z-]*\).*/\1/p')
--help" "$cur"
    return
  fi
  case $command in
  help) _thalweg_words "$("$program" help 2>/dev/null |
    sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')" "$cur" ;;
  list) _thalweg_words $'source\nmodel\noracle\noptimizer\nlinear\nrounds\nlearner' "$cur" ;;
  info) _thalweg_words "$("$program" list --names 2>/dev/null)
run
stop
monitor
watch
checkpoint" "$cur" ;;
  new) [[ $prev == new ]] && _thalweg_words $'optimizer\nmodel\nsource\noracle' "$cur" ;;
  *) _thalweg_files "$cur" ;;
  esac
}

complete -F _thalweg thalweg
