#!/usr/bin/env bash
# shellcheck disable=SC2317  # parts are called by name
# Everything that only a GPU can tell, in one command and less than nine minutes on 16 cores: builds a copy of this tree,
# runs the GPU tests, also under compute-sanitizer, measures, compares with PyTorch and JAX, trains a shortened paper sweep.
# Needs no network. A part that fails or runs out of time does not stop the others.
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)

parts=(build tests sanitizers bench check peers sweep)
declare -A seconds=([build]=130 [tests]=60 [sanitizers]=75 [bench]=25 [check]=75 [peers]=145 [sweep]=25)
declare -A says=(
  [build]="a clean build, for this machine's GPU"
  [tests]="ctest: the tests of the GPU engines, then all others but slow ones"
  [sanitizers]="compute-sanitizer memcheck, racecheck, initcheck on small tests of the GPU engines"
  [bench]="modsweep bench on the device: training steps, spectra"
  [check]="the peers against the reference vectors, in double (bench/peers/check_peers.py)"
  [peers]="modsweep, PyTorch and JAX in turn (bench/compare_gpu.py --quick)"
  [sweep]="sweeps/paper_table.toml with fewer steps"
)
# The GPU engines' tests are the instances of tests/engine that are named gemm or fused, gemm_fp32 and so on.
gpu_tests_ctest='/(gemm|fused)(_fp[0-9]+)?( |$)'
small_gpu_tests='*Laws.*/gemm_fp32:*EngineSpectra.*/gemm_fp32:*Laws.*/fused_fp32'

out="" work="${TMPDIR:-/tmp}/modsweep-acceptance" dependencies="" commit="" dry_run=no
chosen=("${parts[@]}")

usage() {
  local part
  cat <<TEXT
usage: bench/gpu_acceptance.sh [options]

  --dependencies DIR  libraries to build with, from bench/gather_dependencies.sh; default: the system's
  --out DIR           where logs and records go; default: bench/results/DATE-gpu-acceptance
  --work DIR          source copy, build and store; kept. Default: $work
  --only PART         just this part; may be given many times. Without \`build\`, the one in --work is used
  --skip PART         all but this part; may be given many times
  --commit ID         what the record calls this version, where the folder is no git checkout
  --dry-run           print every command, one a line, and run none
  --help              this text

parts, and the seconds that each may take:
TEXT
  for part in "${parts[@]}"; do printf '  %-11s %4d  %s\n' "$part" "${seconds[$part]}" "${says[$part]}"; done
}

fail() {
  echo "gpu_acceptance.sh: $*" >&2
  exit 2
}

check_part() { # OPTION PART
  [[ -n "${seconds[${2:-none}]:-}" ]] || fail "$1 '${2:-}': no such part; there are: ${parts[*]}"
}

parse_options() {
  local only=() skipped=" " part
  while (($#)); do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --dry-run) dry_run=yes; shift; continue ;;
      --dependencies | --out | --work | --only | --skip | --commit) ;;
      *) fail "unknown option '$1'; see --help" ;;
    esac
    [[ -n "${2:-}" ]] || fail "$1 needs a value; see --help"
    case "$1" in
      --dependencies) [[ -d "$2/usr/include" ]] || fail "$2 has no usr/include; make it with bench/gather_dependencies.sh"
        dependencies=$(readlink -f "$2")/usr ;;
      --out) out=$(readlink -m "$2") ;;
      --work) work=$(readlink -m "$2") ;;
      --only) check_part "$@"; only+=("$2") ;;
      --skip) check_part "$@"; skipped+="$2 " ;;
      --commit) commit=$2 ;;
    esac
    shift 2
  done
  out=${out:-$root/bench/results/$(date -u +%F)-gpu-acceptance}
  case "$work/" in "$root"/*) fail "--work $work lies in $root, of which it would hold a copy; name a folder elsewhere" ;; esac
  chosen=()
  for part in "${parts[@]}"; do
    if ((${#only[@]})) && [[ " ${only[*]} " != *" $part "* ]]; then continue; fi
    if [[ "$skipped" != *" $part "* ]]; then chosen+=("$part"); fi
  done
}

# Runs a command within what is left of the part's time, and within `limit` seconds where that is set; with --dry-run
# prints it.
run() { # COMMAND...
  if [[ "$dry_run" == yes ]]; then
    local text
    printf -v text '%q ' "$@"
    echo "${text% }"
    return
  fi
  local left=$((part_ends - SECONDS))
  if ((limit > 0 && limit < left)); then left=$limit; fi
  if ((left <= 0)); then
    echo "no time left for: $*"
    return 124
  fi
  echo "+ $*"
  timeout --kill-after=5 "$left" "$@"
}

# True where the file says so, or nothing was run.
says() { # PATTERN FILE
  [[ "$dry_run" == yes ]] || grep -q -- "$1" "$2"
}

copy_tree() {
  local excluded=(--exclude-vcs --exclude='./build*' --exclude='./bench/results' --exclude='*.db' --exclude='__pycache__')
  case "$out" in "$root"/*) excluded+=(--exclude="./${out#"$root"/}") ;; esac
  case "$dependencies" in "$root"/*) excluded+=(--exclude="./${dependencies#"$root"/}") ;; esac
  run rm -rf "$work/source" "$work/build" && run mkdir -p "$work/source" &&
    run tar -cf "$work/source.tar" "${excluded[@]}" -C "$root" . && run tar -xf "$work/source.tar" -C "$work/source"
}

part_build() {
  local options=(-DCMAKE_BUILD_TYPE=Release -DMODSWEEP_CUDA=ON -DMODSWEEP_CUDA_ARCHITECTURES=native -DMODSWEEP_BENCH=OFF)
  if [[ -n "$dependencies" ]]; then
    local libraries=$dependencies/lib/x86_64-linux-gnu includes=$dependencies/include
    # Debian's folders by architecture are searched on Debian only, so they are named. What is found by plain name
    # (-lsqlite3, header-only libraries) and at run time needs flags.
    options+=("-DCMAKE_PREFIX_PATH=$dependencies;$libraries/cmake"
      "-DCMAKE_INCLUDE_PATH=$includes;$includes/x86_64-linux-gnu" "-DCMAKE_LIBRARY_PATH=$libraries"
      "-DCMAKE_CXX_FLAGS=-isystem $includes" "-DCMAKE_CUDA_FLAGS=-isystem $includes"
      "-DCMAKE_EXE_LINKER_FLAGS=-L$libraries -Wl,-rpath,$libraries"
      "-DCMAKE_MODULE_LINKER_FLAGS=-L$libraries -Wl,-rpath,$libraries")
  fi
  copy_tree && run cmake -S "$work/source" -B "$work/build" -G Ninja "${options[@]}" &&
    run cmake --build "$work/build" --parallel "$(nproc)"
}

part_tests() {
  local code=0
  run ctest --test-dir "$work/build" -R "$gpu_tests_ctest" -LE slow --no-tests=error --output-on-failure --parallel 4 \
    --output-log "$out/gpu_tests.log" || code=$?
  # A skipped test is a passed one to ctest; here it means that the device was not seen.
  if [[ "$dry_run" == no ]] && says 'Skipped' "$out/gpu_tests.log"; then
    echo "GPU tests were skipped: see gpu_tests.log"
    code=1
  fi
  run ctest --test-dir "$work/build" -E "^package|$gpu_tests_ctest" -LE slow --output-on-failure --parallel "$(nproc)" ||
    code=$?
  return "$code"
}

part_sanitizers() {
  local code=0 tool tests limit=$((seconds[sanitizers] / 3))
  for tool in memcheck racecheck initcheck; do
    tests=$small_gpu_tests
    if [[ "$tool" == memcheck ]]; then tests+=':*Reference.StepsOfEveryNetworkCase/gemm_fp32'; fi
    run rm -f "$out/$tool.json"
    run compute-sanitizer --tool "$tool" --error-exitcode 1 "$work/build/tests/engine/test_engine" \
      "--gtest_filter=$tests" "--gtest_output=json:$out/$tool.json" || { code=$?; continue; }
    says '"result": "COMPLETED"' "$out/$tool.json" || { echo "$tool watched no test"; code=1; }
  done
  return "$code"
}

part_bench() {
  local code=0
  run "$work/build/modsweep" devices || code=$?
  run "$work/build/modsweep" bench --engine gemm --quick --setting l2 --setting wa2 --setting noise2 --networks 1024 \
    --json "$out/bench_training.json" || code=$?
  run "$work/build/modsweep" bench --engine fused --quick --setting l2 --setting wa2 --setting noise2 --networks 1024 \
    --shape 4-32-32-32-4 --shape 4-128-128-128-4 --json "$out/bench_fused.json" || code=$?
  run "$work/build/modsweep" bench --engine gemm --quick --spectra --json "$out/bench_spectra.json" || code=$?
  return "$code"
}

part_check() { run python3 -B "$work/source/bench/peers/check_peers.py" --device cuda; }

# One setting and one round: the whole comparison takes longer and is compare_gpu.py's own.
part_peers() {
  run python3 -B "$work/source/bench/compare_gpu.py" --program "$work/build/modsweep" --quick --rounds 1 --width 32 \
    --setting wa2 --json "$out/peers.json"
}

part_sweep() {
  run rm -f "$work/paper_table.db" &&
    run "$work/build/modsweep" run "$work/source/sweeps/paper_table.toml" -o "$work/paper_table.db" --engine gemm \
      --set training.steps=5000 --set measure.every_steps=1000 --quiet &&
    run "$work/build/modsweep" status "$work/paper_table.db" &&
    run "$work/build/modsweep" export "$work/paper_table.db" --table results --format csv -o "$out/paper_table.csv"
}

results=() failed=0
run_part() { # PART
  local began=$SECONDS code result
  part_ends=$((SECONDS + seconds[$1]))
  limit=0
  if [[ "$dry_run" == yes ]]; then
    "part_$1"
    return
  fi
  echo "== $1: ${says[$1]} =="
  "part_$1" 2>&1 </dev/null | tee "$out/$1.log"
  code=${PIPESTATUS[0]}
  case "$code" in
    0) result=passed ;;
    124 | 137) result="timed out" ;;
    *) result=failed ;;
  esac
  if ((code)); then failed=1; fi
  results+=("$1|$result|$((SECONDS - began))")
}

quoted() { # TEXT: as a JSON string
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

version_of_tree() {
  if [[ -n "$commit" ]]; then
    echo "$commit"
  elif git -C "$root" rev-parse --short HEAD 2>/dev/null; then
    [[ -z "$(git -C "$root" status --porcelain --untracked-files=no)" ]] || echo "with changes"
  else
    echo unknown
  fi | paste -sd ' '
}

write_record() {
  local gpu driver result part seconds_taken separator=""
  IFS=, read -r gpu driver < <(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -n 1)
  {
    printf '{\n "gpu": %s,\n "driver": %s,\n' "$(quoted "${gpu:-none}")" "$(quoted "${driver# }")"
    printf ' "cuda": %s,\n' "$(quoted "$(nvcc --version 2>/dev/null | sed -n 's/.*release //p')")"
    printf ' "commit": %s,\n "date": "%s",\n' "$(quoted "$(version_of_tree)")" "$(date -u +%FT%TZ)"
    printf ' "compiler": %s,\n "cores": %d,\n "results": [\n' "$(quoted "$(c++ --version 2>/dev/null | head -n 1)")" "$(nproc)"
    for result in "${results[@]}"; do
      IFS='|' read -r part result seconds_taken <<<"$result"
      printf '%s  {"part": "%s", "result": "%s", "seconds": %d}' "$separator" "$part" "$result" "$seconds_taken"
      separator=$',\n'
    done
    printf '\n ]\n}\n'
  } >"$out/acceptance.json"
}

parse_options "$@"
# Where the CUDA toolkit is when nobody put it on the PATH.
PATH=$PATH:/usr/local/cuda/bin:/usr/local/cuda/compute-sanitizer
if [[ "$dry_run" == no ]]; then mkdir -p "$out" || fail "cannot make $out; name another folder with --out"; fi
for part in "${chosen[@]}"; do run_part "$part"; done
if [[ "$dry_run" == yes ]]; then exit 0; fi

write_record
printf '\n%-11s %-9s %7s\n' part result seconds
for result in "${results[@]}"; do
  IFS='|' read -r part result taken <<<"$result"
  printf '%-11s %-9s %7d\n' "$part" "$result" "$taken"
done
echo "record: $out/acceptance.json"
exit "$failed"
