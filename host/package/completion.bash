# Completion of modsweep in bash: commands, options and their values, keys of sweep files, files, ids of cells. All but the
# files comes from the program itself.

# The keys of sweep files, dotted.
_modsweep_keys() {
  "$1" settings --format md 2>/dev/null | sed -n 's/^| `\([a-z0-9_]*\.[a-z0-9_]*\)`.*/\1/p'
}

# The ids of the cells of the stores on the command line that begin with $2.
_modsweep_cells() {
  local word stores=()
  for word in "${COMP_WORDS[@]:2}"; do
    if [[ "$word" == *.db && -f "$word" ]]; then stores+=("$word"); fi
  done
  if ((${#stores[@]})); then
    "$1" export "${stores[@]}" --table cells --format csv 2>/dev/null | sed -n "s/^\(c${2#c}[0-9a-f]*\),.*/\1/p"
  fi
}

# What may follow the option $3 of the command $2: the names of the help's NAME:{a,b}, or a kind of value.
_modsweep_value() {
  "$1" "$2" --help 2>/dev/null | sed -n "s/^  \(-[a-z],\)\?$3 \([^ ]*\).*/\2/p" | head -1
}

_modsweep() {
  local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]:-} current=${COMP_WORDS[COMP_CWORD]}
  local previous=${COMP_WORDS[COMP_CWORD - 1]} value words files="" more=""
  COMPREPLY=()
  if ((COMP_CWORD == 1)) || { ((COMP_CWORD == 2)) && [[ "$command" == help ]]; }; then
    words=$("$program" --help 2>/dev/null | sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p')
    mapfile -t COMPREPLY < <(compgen -W "$words --help --version" -- "$current")
    return
  fi
  if [[ "$previous" == -* ]]; then
    value=$(_modsweep_value "$program" "$command" "$previous")
    case "$value" in
      *'{'*'}'*)
        words=${value#*\{}
        mapfile -t COMPREPLY < <(compgen -W "$(tr ',' ' ' <<<"${words%\}*}")" -- "$current")
        return
        ;;
      KEY=VALUE | KEY)
        words=$(_modsweep_keys "$program")
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        if [[ "$value" == KEY=VALUE ]]; then
          COMPREPLY=("${COMPREPLY[@]/%/=}")
          compopt -o nospace 2>/dev/null || true # outside of a completion, as in tests
        fi
        return
        ;;
      ID)
        mapfile -t COMPREPLY < <(_modsweep_cells "$program" "$current")
        return
        ;;
      FOLDER) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
      FILE*) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
      ?*) return ;; # a number, a time: nothing to offer
    esac
  fi
  if [[ "$current" == -* ]]; then
    words=$("$program" "$command" --help 2>/dev/null | grep -o '^  \(-[a-z],\)\?--[a-z-]*' | grep -o -- '--[a-z-]*')
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    return
  fi
  case "$command" in
    run | refine | plan) files='*.toml' ;;
    settings)
      mapfile -t COMPREPLY < <(compgen -W "$(_modsweep_keys "$program")" -- "$current")
      return
      ;;
    spectrum) files='*.safetensors' ;;
    fit) ((COMP_CWORD > 2)) && more="transition law balance"; files='*.db' ;;
    *) files='*.db' ;;
  esac
  mapfile -t COMPREPLY < <(
    compgen -d -S / -- "$current"
    compgen -f -X "!$files" -- "$current"
    if [[ "$more" ]]; then compgen -W "$more" -- "$current"; fi
  )
}

complete -o filenames -F _modsweep modsweep
