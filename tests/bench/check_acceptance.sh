#!/usr/bin/env bash
# check_acceptance.sh ROOT MODSWEEP: what `gpu_acceptance.sh --dry-run` says it would run could be run: programs, files of
# the repository, test programs and modsweep's options exist; --only, --skip and wrong usage do what they should.
set -uo pipefail
root=$1 modsweep=$2
script=$root/bench/gpu_acceptance.sh
work=$(mktemp -d) # named, never used
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/dependencies/usr/include"
external=" nvcc compute-sanitizer nvidia-smi cmake ninja ctest python3 " # may be absent here
failed=0

complain() {
  echo "$*"
  failed=1
}

dry_run() { # OPTIONS...
  "$script" --dry-run --work "$work" --out "$work/out" "$@"
}

# --- every command of a whole run

check_program() { # WORD
  case "$1" in
    "$work/build/modsweep") return ;;
    */*) [[ -x "$1" ]] || complain "not a program: $1" ;;
    *) [[ "$external" == *" $1 "* ]] || command -v "$1" >/dev/null || complain "unknown program: $1" ;;
  esac
}

# Files of the copied source are files of the repository; a test program is named in its folder's CMakeLists.txt.
check_path() { # WORD
  local path
  case "$1" in
    "$work/source/"*)
      path=$root/${1#"$work/source/"}
      [[ -e "$path" ]] || complain "not in the repository: $path"
      ;;
    "$work/build/tests/"*)
      path=$root/tests/$(basename "$(dirname "$1")")/CMakeLists.txt
      grep -Eq "\((test_)?$(basename "$1" | sed 's/^test_//')( |$)" "$path" || complain "$path builds no $(basename "$1")"
      ;;
    "$root" | "$root/"*) [[ -e "$1" ]] || complain "not in the repository: $1" ;;
  esac
}

check_modsweep() { # COMMAND OPTIONS...
  local help word
  help=$("$modsweep" "$1" --help) || { complain "modsweep has no command $1"; return; }
  for word in "${@:2}"; do
    if [[ "$word" == -* ]] && ! grep -Eq -- "(^|[ ,])$word([ ,=:]|$)" <<<"$help"; then
      complain "modsweep $1 has no option $word"
    fi
  done
}

commands=0 words=()
while IFS= read -r line; do
  eval "words=($line)" # the lines are quoted for the shell
  commands=$((commands + 1))
  check_program "${words[0]}"
  for word in "${words[@]}"; do check_path "$word"; done
  if [[ "${words[0]}" == "$work/build/modsweep" ]]; then check_modsweep "${words[@]:1}"; fi
done < <(dry_run --dependencies "$work/dependencies")
((commands >= 10)) || complain "only $commands commands in all"
[[ ! -e "$work/out" && ! -e "$work/source" ]] || complain "--dry-run has made something in $work"

# What compare_gpu.py asks of `modsweep bench`.
mapfile -t asked < <(sed -n '/^def run_ours/,/^def run_peer/p; /^def spectra_round/,/^def in_all/p' \
  "$root/bench/compare_gpu.py" | grep -oE '"--[a-z-]+"' | tr -d '"' | sort -u | grep -vx -- --n)
((${#asked[@]})) || complain "compare_gpu.py asks nothing of modsweep bench"
check_modsweep bench "${asked[@]}"

# --- parts and usage

mapfile -t parts < <("$script" --help | sed -n 's/^  \([a-z]*\)  *[0-9][0-9]*  .*/\1/p')
((${#parts[@]} == 7)) || complain "--help lists ${#parts[@]} parts: ${parts[*]}"
whole=$(dry_run)
for part in "${parts[@]}"; do
  alone=$(dry_run --only "$part")
  others=$(dry_run --skip "$part")
  [[ -n "$alone" ]] || complain "--only $part runs nothing"
  [[ "$(sort <<<"$alone"$'\n'"$others")" == "$(sort <<<"$whole")" ]] ||
    complain "--only $part and --skip $part are not the whole"
done

refuses() { # OPTIONS...
  local message code=0
  message=$("$script" "$@" 2>&1) || code=$?
  if ((code != 2)) || [[ "$message" != "gpu_acceptance.sh: "* || "$message" == *$'\n'* ]]; then
    complain "gpu_acceptance.sh $*: exit code $code, not 2, or not one line: $message"
  fi
}
refuses --unknown
refuses --only
refuses --only nothing
refuses --skip nothing
refuses --dry-run --work "$root/somewhere"
refuses --dry-run --dependencies "$work/nowhere"

echo "$commands commands checked"
exit "$failed"
