#!/usr/bin/env bash
# shellcheck disable=SC2317  # parts are called by name
# All checks that need a GPU: builds a copy of this tree, runs the GPU tests, measures, trains shortened sweeps, runs
# small tests under compute-sanitizer, compares with PyTorch and JAX. Needs no network. A part that fails or runs out of
# time does not stop the others; records are written after each part.
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)

gpu_engines=(gemm fused fused_3xtf32)
parts=(build tests bench sweep sanitizers check peers)
declare -A seconds=([build]=240 [tests]=180 [bench]=45 [sweep]=60 [sanitizers]=480 [check]=330 [peers]=330)
declare -A says=(
  [build]="a clean build, for this machine's GPU; goes on with one that was stopped"
  [tests]="ctest: the tests of the GPU engines, slow ones last; all others need no GPU"
  [bench]="modsweep bench on the device: training steps, spectra"
  [sweep]="sweeps/paper_table.toml with fewer steps, and networks of two shapes"
  [sanitizers]="compute-sanitizer memcheck, racecheck, initcheck on small tests of the GPU engines"
  [check]="the peers against the reference vectors, in double (bench/peers/check_peers.py)"
  [peers]="modsweep, PyTorch and JAX in turn (bench/compare_gpu.py --quick)"
)
# The tests of the GPU engines are the instances of tests/engine with an engine's name: gemm, gemm_fp32 and so on.
printf -v gpu_tests_ctest '|%s' "${gpu_engines[@]}"
gpu_tests_ctest="^engine\\..*/(${gpu_tests_ctest#|})(_fp[0-9]+)?( |\$)"

out="" work="${TMPDIR:-/tmp}/modsweep-acceptance" dependencies="" commit="" archive="" within=540 dry_run=no
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
  --within SECONDS    end in this time, whatever the parts may take. Default: $within
  --archive FILE.tgz  all of --out as one file, written anew after each part
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
      --dependencies | --out | --work | --only | --skip | --commit | --archive | --within) ;;
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
      --archive) archive=$(readlink -m "$2") ;;
      --within) [[ "$2" =~ ^[1-9][0-9]{0,5}$ ]] || fail "--within $2: not a number of seconds"
        within=$2 ;;
    esac
    shift 2
  done
  out=${out:-$root/bench/results/$(date -u +%F)-gpu-acceptance}
  case "$archive" in "$out"/*) fail "--archive $archive lies in $out, which it holds; name a file elsewhere" ;; esac
  case "$work/" in "$root"/*) fail "--work $work lies in $root, of which it would hold a copy; name a folder elsewhere" ;; esac
  chosen=()
  for part in "${parts[@]}"; do
    if ((${#only[@]})) && [[ " ${only[*]} " != *" $part "* ]]; then continue; fi
    if [[ "$skipped" != *" $part "* ]]; then chosen+=("$part"); fi
  done
}

# Runs a command within the remaining time of the part, and within `limit` seconds if set; with --dry-run prints it.
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

# True if the file matches the pattern, or nothing was run.
says() { # PATTERN FILE
  [[ "$dry_run" == yes ]] || grep -qs -- "$1" "$2"
}

# Lets a build that was stopped compile only what remains: an unchanged file keeps its time; a changed file counts as
# new, whenever it was written.
keep_times() {
  local file
  while IFS= read -r -d '' file; do
    if cmp -s "$work/new/$file" "$work/source/$file"; then
      touch -r "$work/source/$file" "$work/new/$file"
    else
      touch "$work/new/$file"
    fi
  done < <(cd "$work/new" && find . -type f -print0)
}

copy_tree() {
  local excluded=(--exclude-vcs --exclude='./build*' --exclude='./bench/results' --exclude='*.db' --exclude='__pycache__')
  case "$out" in "$root"/*) excluded+=(--exclude="./${out#"$root"/}") ;; esac
  case "$dependencies" in "$root"/*) excluded+=(--exclude="./${dependencies#"$root"/}") ;; esac
  case "$archive" in "$root"/*) excluded+=(--exclude="./${archive#"$root"/}") ;; esac
  # The file `unfinished` exists from the start of a build to its end.
  if [[ ! -e "$work/unfinished" ]]; then run rm -rf "$work/source" "$work/build" || return; fi
  run rm -rf "$work/new" && run mkdir -p "$work/new" && run touch "$work/unfinished" &&
    run tar -cf "$work/source.tar" "${excluded[@]}" -C "$root" . &&
    run tar -xf "$work/source.tar" -C "$work/new" || return
  if [[ "$dry_run" == no && -d "$work/source" ]]; then keep_times; fi
  run rm -rf "$work/source" && run mv "$work/new" "$work/source"
}

part_build() {
  # A warning of a compiler that we have not tested must not end the whole run.
  local options=(-DCMAKE_BUILD_TYPE=Release -DMODSWEEP_CUDA=ON -DMODSWEEP_CUDA_ARCHITECTURES=native -DMODSWEEP_BENCH=OFF
    -DMODSWEEP_WERROR=OFF)
  if [[ -n "$dependencies" ]]; then
    local libraries=$dependencies/lib/x86_64-linux-gnu includes=$dependencies/include
    # Debian's folders by architecture are searched on Debian only, so they are named here. Libraries that are found by
    # plain name (-lsqlite3, header-only libraries) or at run time need flags.
    options+=("-DCMAKE_PREFIX_PATH=$dependencies;$libraries/cmake"
      "-DCMAKE_INCLUDE_PATH=$includes;$includes/x86_64-linux-gnu" "-DCMAKE_LIBRARY_PATH=$libraries"
      "-DCMAKE_CXX_FLAGS=-isystem $includes" "-DCMAKE_CUDA_FLAGS=-isystem $includes"
      "-DCMAKE_EXE_LINKER_FLAGS=-L$libraries -Wl,-rpath,$libraries"
      "-DCMAKE_MODULE_LINKER_FLAGS=-L$libraries -Wl,-rpath,$libraries")
  fi
  copy_tree && run cmake -S "$work/source" -B "$work/build" -G Ninja "${options[@]}" &&
    run cmake --build "$work/build" --parallel "$(nproc)" --target modsweep modsweep_gpu test_engine &&
    run rm "$work/unfinished"
}

part_tests() {
  local code=0 label log
  for label in -LE -L; do # the quick tests first
    log=$out/gpu_tests$([[ "$label" == -LE ]] || echo _slow).log
    run ctest --test-dir "$work/build" -R "$gpu_tests_ctest" "$label" slow --no-tests=error --output-on-failure \
      --parallel 4 --output-log "$log" || code=$?
    # ctest counts a skipped test as passed; here it means that the device was not found.
    if [[ "$dry_run" == no ]] && says 'Skipped' "$log"; then
      echo "GPU tests were skipped: see $log"
      code=1
    fi
  done
  return "$code"
}

part_bench() {
  local code=0 engine
  run "$work/build/modsweep" devices || code=$?
  for engine in "${gpu_engines[@]}"; do
    run "$work/build/modsweep" bench --engine "$engine" --quick --setting l2 --setting wa2 --setting noise2 \
      --networks 1024 --shape 4-32-32-32-4 --shape 4-128-128-128-4 --json "$out/bench_$engine.json" || code=$?
  done
  run "$work/build/modsweep" bench --engine gemm --quick --spectra --json "$out/bench_spectra.json" || code=$?
  return "$code"
}

sweep() { # NAME SWEEP.toml OPTIONS...: trains it and keeps its table
  local store=$work/$1.db
  run rm -f "$store" && run "$work/build/modsweep" run "$work/source/sweeps/$2" -o "$store" --quiet "${@:3}" &&
    run "$work/build/modsweep" status "$store" &&
    run "$work/build/modsweep" export "$store" --table results --format csv -o "$out/$1.csv"
}

part_sweep() {
  local code=0 engine
  for engine in "${gpu_engines[@]}" auto; do
    sweep "paper_table_$engine" paper_table.toml --engine "$engine" --set training.steps=5000 \
      --set measure.every_steps=1000 || code=$?
    # Packs of different shapes, which the two workers of a device train at the same time.
    sweep "shapes_$engine" paper_table.toml --engine "$engine" --set training.steps=500 --set measure.every_steps=100 \
      --set 'network.hidden=[[16,16],[32,32,32]]' || code=$?
  done
  return "$code"
}

part_sanitizers() {
  local code=0 tool engine tests record filter limit remaining=$((3 * ${#gpu_engines[@]}))
  for tool in memcheck racecheck initcheck; do
    for engine in "${gpu_engines[@]}"; do
      # Each run passes its unused time on to the others.
      limit=$(((part_ends - SECONDS) / remaining))
      remaining=$((remaining - 1))
      # A few hundred steps: each is tens of launches. Wide networks are trained by a cluster of blocks.
      tests="*Laws.Permuting*/${engine}_fp32:*Laws.Diverging*/${engine}_fp32:*Laws.TrainingStops*/${engine}_fp32"
      tests+=":*Agreement.*Wide*/${engine}_fp32"
      if [[ "$engine" == gemm ]]; then tests+=":*EngineSpectra.*/gemm_fp32"; fi
      # racecheck follows every access to shared memory: the smallest networks only, or it does not end in time.
      if [[ "$tool" == racecheck ]]; then tests="*Laws.TrainingStops*/${engine}_fp32"; fi
      # The shared memory of cuBLAS's and cuSOLVER's kernels is not ours to check. The other tools must see these
      # kernels: we pass them pointers and sizes, and their output counts as initialized.
      filter=()
      if [[ "$tool" == racecheck ]] && { [[ "$dry_run" == yes ]] ||
        [[ "$(compute-sanitizer --help 2>&1)" == *--kernel-name* ]]; }; then filter=(--kernel-name kns=modsweep); fi
      record=$out/${tool}_$engine.json
      run rm -f "$record"
      run compute-sanitizer --tool "$tool" "${filter[@]}" --error-exitcode 1 "$work/build/tests/engine/test_engine" \
        "--gtest_filter=$tests" "--gtest_output=json:$record" || { code=$?; continue; }
      says '"result": "COMPLETED"' "$record" || { echo "$tool watched no test of $engine"; code=1; }
    done
  done
  return "$code"
}

part_check() { run python3 -B "$work/source/bench/peers/check_peers.py" --device cuda; }

# One setting and one round: the whole comparison takes longer and is run with compare_gpu.py.
part_peers() {
  run python3 -B "$work/source/bench/compare_gpu.py" --program "$work/build/modsweep" "${gpu_engines[@]/#/--engine=}" \
    --quick --rounds 1 --width 32 --setting wa2 --json "$out/peers.json"
}

first_line() { # COMMAND...: the first line that it prints
  local text
  text=$("$@" 2>&1) && echo "${text%%$'\n'*}"
}

# Describes the available build tools and devices, and what is missing.
describe_machine() {
  local tool cuda folder name found missing=()
  echo "$(uname -srm), $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || missing+=("nvidia-smi or its GPU")
  for tool in g++ cmake ninja ctest python3 nvcc compute-sanitizer; do
    if ! name=$(command -v "$tool"); then missing+=("$tool"); continue; fi
    found=$(first_line "$tool" --version)
    if [[ "$tool" == nvcc ]]; then found=$(nvcc --version | grep release); fi
    echo "$name: $found"
  done
  # If the toolkit is installed in pieces, libraries may lie elsewhere than nvcc.
  cuda=$(nvcc --dryrun -x cu /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p')
  cuda=${CUDAToolkit_ROOT:-${cuda:-/usr/local/cuda}}
  cuda=$(readlink -f "$cuda" || echo "$cuda")
  for name in cublas_v2.h cusolverDn.h libcublas.so libcusolver.so libcudart_static.a; do
    found=""
    for folder in include targets/x86_64-linux/include lib64 lib targets/x86_64-linux/lib; do
      if [[ -e "$cuda/$folder/$name" ]]; then found=$cuda/$folder/$name; break; fi
    done
    echo "$name: ${found:-not in $cuda}"
    if [[ -z "$found" ]]; then missing+=("$name"); fi
  done
  python3 -c '
import importlib.metadata as packages, sys
for name in ("numpy", "torch", "jax", "jaxlib"):
    try:
        print(name, packages.version(name))
    except packages.PackageNotFoundError:
        print(name, "is not a package of", sys.executable)'
  if [[ -n "$dependencies" ]]; then echo "dependencies: $dependencies"; fi
  if ((${#missing[@]})); then
    printf -v found ', %s' "${missing[@]}"
    echo "MISSING: ${found#, }; put tools on the PATH, and name the toolkit that has the libraries in CUDAToolkit_ROOT"
  fi
}

results=() failed=0
run_part() { # PART
  local began=$SECONDS code result
  part_ends=$((SECONDS + seconds[$1] < within ? SECONDS + seconds[$1] : within))
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
  echo "-- $1: $result, $((SECONDS - began)) s"
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

# Results of the parts that are not run now, from the record of an earlier run in the same folder, one per line.
earlier_results() {
  local part
  [[ -e "$out/acceptance.json" ]] || return 0
  for part in "${parts[@]}"; do
    [[ " ${chosen[*]} " == *" $part "* ]] || sed -n "s/^  \({\"part\": \"$part\".*}\),*$/\1/p" "$out/acceptance.json"
  done
}

# Runs once: records what does not change during the run.
prepare_record() {
  local gpu driver
  IFS=, read -r gpu driver < <(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -n 1)
  mapfile -t record_earlier < <(earlier_results)
  printf -v record_head '{\n "driver": %s,\n "cuda": %s,\n "compiler": %s,\n "cores": %d,\n "results": [\n' \
    "$(quoted "${driver# }")" "$(quoted "$(nvcc --version 2>/dev/null | sed -n 's/.*release //p')")" \
    "$(quoted "$(first_line c++ --version)")" "$(nproc)"
  printf -v record_about '"gpu": %s, "commit": %s, "date": "%s"' "$(quoted "${gpu:-none}")" \
    "$(quoted "$(version_of_tree)")" "$(date -u +%FT%TZ)"
}

write_record() {
  local result part taken lines=("${record_earlier[@]}")
  for result in "${results[@]}"; do
    IFS='|' read -r part result taken <<<"$result"
    lines+=("{\"part\": \"$part\", \"result\": \"$result\", \"seconds\": $taken, $record_about}")
  done
  {
    printf '%s' "$record_head"
    printf '  %s,\n' "${lines[@]}" | sed '$s/,$//'
    printf ' ]\n}\n'
  } >"$out/acceptance.json"
}

# The archive is never incomplete: it is renamed when it is complete.
write_archive() {
  local make=(tar -czf "$archive.new" -C "$(dirname "$out")" "$(basename "$out")") limit=0 part_ends=$((SECONDS + 60))
  if [[ -n "$archive" ]]; then run "${make[@]}" && run mv "$archive.new" "$archive"; fi
}

parse_options "$@"
# Where the CUDA toolkit is if it is not on the PATH.
PATH=$PATH:/usr/local/cuda/bin:/usr/local/cuda/compute-sanitizer
export PYTHONUNBUFFERED=1 # the log must contain what a stopped part has printed
if [[ "$dry_run" == yes ]]; then
  for part in "${chosen[@]}"; do run_part "$part"; done
  write_archive
  exit 0
fi

mkdir -p "$out" || fail "cannot make $out; name another folder with --out"
describe_machine 2>&1 | tee "$out/machine.log"
prepare_record
for part in "${chosen[@]}"; do
  run_part "$part"
  write_record
  write_archive >/dev/null || { echo "cannot write $archive"; failed=1; }
done

printf '\n%-11s %-9s %7s\n' part result seconds
for result in "${results[@]}"; do
  IFS='|' read -r part result taken <<<"$result"
  printf '%-11s %-9s %7d\n' "$part" "$result" "$taken"
done
echo "record: $out/acceptance.json${archive:+, all in $archive}"
exit "$failed"
