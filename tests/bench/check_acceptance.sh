#!/usr/bin/env bash
# check_acceptance.sh ROOT MODSWEEP: all commands that `gpu_acceptance.sh --dry-run` prints could be run: programs,
# files of the repository, test programs and modsweep's options exist; --only, --skip and wrong usage behave as
# documented. With stand-ins for the tools: records are kept from part to part and from run to run, and a build that was
# stopped continues.
# shellcheck disable=SC2016 # what stand-ins do is expanded when they run
set -uo pipefail
root=$1 modsweep=$2
script=$root/bench/gpu_acceptance.sh
work=$(mktemp -d) # the dry runs only print it
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

# Files of the copied source are files of the repository; a test program is listed in its folder's CMakeLists.txt.
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

# The options that compare_gpu.py passes to `modsweep bench`.
mapfile -t asked < <(sed -n '/^def run_ours/,/^def run_peer/p; /^def spectra_round/,/^def in_all/p' \
  "$root/bench/compare_gpu.py" | grep -oE '"--[a-z-]+"' | tr -d '"' | sort -u |
  grep -vxe --n -e --matrices)
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
refuses --dry-run --within soon
refuses --dry-run --out "$work/out" --archive "$work/out/all.tgz"

# --- the archive

archived=$(dry_run --only tests --archive "$work/all.tgz" | tail -n 2)
[[ "$archived" == "tar -czf $work/all.tgz.new -C $work out"$'\n'"mv $work/all.tgz.new $work/all.tgz" ]] ||
  complain "--archive does: $archived"

# --- runs with stand-ins for the tools

stand_in() { # FILE LINES...
  mkdir -p "$(dirname "$1")"
  printf '%s\n' '#!/usr/bin/env bash' "${@:2}" >"$1"
  chmod +x "$1"
}
stand_in "$work/tools/nvidia-smi" 'echo "A \"GPU\", 1.2.3"'
stand_in "$work/tools/ctest" 'if [[ "$*" == --version ]]; then exit; fi' 'touch "${@: -1}"; echo "no test failed"'
stand_in "$work/tools/cmake" "if [[ \$1 == --build && -e '$work/stop' ]]; then exit 3; fi" "mkdir -p '$work/run/build'"
acceptance() { # OPTIONS...: its output is what is returned in `said`, its exit code in `code`
  code=0
  said=$(PATH=$work/tools:$PATH "$script" --work "$work/run" --out "$work/out" --archive "$work/all.tgz" \
    --commit "$@" 2>&1 </dev/null) || code=$?
}
results() { sed -n 's/^ .*"part": "\([a-z]*\)", "result": "\([a-z ]*\)".*"commit": "\([a-z]*\)".*/\1 \2 \3/p' "$@"; }
expect() { # WHAT HAVE WANT
  [[ "$2" == "$3" ]] || complain "$1: '$2', not '$3'; it said: $said"
}

stand_in "$work/run/build/modsweep" '[[ "$1" != export ]]'
acceptance one --only tests --only sweep
expect "exit code of a failed part" "$code" 1
acceptance two --only bench
expect "exit code of a passed part" "$code" 0
stand_in "$work/run/build/modsweep" 'echo began; exec sleep 60'
acceptance three --within 8 --only bench
expect "exit code of a part without time" "$code" 1
expect "results in all" "$(results "$work/out/acceptance.json")" \
  $'tests passed one\nsweep failed one\nbench timed out three'
expect "results in the archive" "$(tar -xzOf "$work/all.tgz" out/acceptance.json | results)" \
  "$(results "$work/out/acceptance.json")"
held=$(tar -tzf "$work/all.tgz")
for word in machine bench sweep tests; do
  [[ $'\n'"$held"$'\n' == *$'\n'out/$word.log$'\n'* ]] || complain "the archive has no $word.log"
done
grep -qx began "$work/out/bench.log" || complain "a part that was stopped has lost what it printed"
grep -q '^/.*/nvidia-smi\|^A "GPU", 1.2.3' "$work/out/machine.log" || complain "machine.log does not name the GPU"
if python3 --version >/dev/null 2>&1; then
  python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$work/out/acceptance.json" ||
    complain "acceptance.json is no JSON"
fi

# The first build is stopped; the second finds its files unchanged; the third starts from the beginning.
rm -rf "$work/run"
touch "$work/stop"
acceptance four --only build
expect "exit code of a failed build" "$code" 1
touch "$work/run/build/made"
touch -d 2001-02-03 "$work/run/source/CMakeLists.txt"
echo "# other" >"$work/run/source/setup.sh"
touch "$work/before"
rm "$work/stop"
acceptance five --only build
expect "exit code of a build" "$code" 0
[[ -e "$work/run/build/made" ]] || complain "a build that was stopped is lost"
expect "time of an old file" "$(date -r "$work/run/source/CMakeLists.txt" +%F)" 2001-02-03
[[ "$work/run/source/setup.sh" -nt "$work/before" ]] || complain "a file that changed has an old time"
cmp -s "$work/run/source/setup.sh" "$root/setup.sh" || complain "a file that changed is the old one"
acceptance six --only build
[[ ! -e "$work/run/build/made" ]] || complain "a build that was finished is not made anew"

echo "$commands commands checked"
exit "$failed"
