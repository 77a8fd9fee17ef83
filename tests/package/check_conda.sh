#!/usr/bin/env bash
# check_conda.sh SETUP: setup.sh, with a conda environment active that has a library of its own, finds the system's and
# says so in one line. The project that it builds is a small one that only looks for that library; the library, the
# environment and the package manager are stand-ins.
set -uo pipefail
setup=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

complain() {
  echo "$*"
  failed=1
}

library() { # PREFIX
  mkdir -p "$1/lib/cmake/standin" "$1/bin"
  echo 'set(standin_FOUND TRUE)' >"$1/lib/cmake/standin/standin-config.cmake"
}
library "$work/system"
library "$work/conda"

mkdir -p "$work/tools" "$work/project"
printf '#!/bin/sh\nprintf installed\n' >"$work/tools/dpkg-query"
printf '#!/bin/sh\nexit 1\n' >"$work/tools/apt-get"
chmod +x "$work/tools/"*
cp "$setup" "$work/project/setup.sh"
cat >"$work/project/CMakeLists.txt" <<'TEXT'
cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES NONE)
find_package(standin REQUIRED CONFIG)
TEXT
cat >"$work/project/CMakePresets.json" <<'TEXT'
{"version": 6,
 "configurePresets": [{"name": "release", "generator": "Ninja", "binaryDir": "${sourceDir}/build"}],
 "buildPresets": [{"name": "release", "configurePreset": "release"}]}
TEXT

# run NAME=VALUE...: setup.sh with these variables; the conda environment's programs come first, as conda puts them.
run() {
  env -u CONDA_PREFIX PATH="$work/conda/bin:$work/tools:$work/system/bin:$PATH" "$@" bash "$work/project/setup.sh" \
    >"$work/said" 2>&1 || complain "setup.sh failed: $(cat "$work/said")"
}
found() { sed -n 's/^standin_DIR:PATH=//p' "$work/project/build/CMakeCache.txt"; }

run # what happens where setup.sh does not see the environment: this test would see a change
[[ "$(found)" == "$work/conda/"* ]] || complain "the stand-in environment is not found by itself: $(found)"

run CONDA_PREFIX="$work/conda"
[[ "$(found)" == "$work/system/"* ]] || complain "of a build that had found the environment: $(found)"
[[ "$(grep -c "conda environment $work/conda is active" "$work/said")" == 1 ]] || complain "not said once: $(cat "$work/said")"

rm -rf "$work/project/build"
run CONDA_PREFIX="$work/conda" CMAKE_PREFIX_PATH="$work/conda"
[[ "$(found)" == "$work/system/"* ]] || complain "of a new build: $(found)"

rm -rf "$work/project/build" "$work/conda/lib"
run
[[ "$(found)" == "$work/system/"* ]] || complain "without an environment: $(found)"
grep -q conda "$work/said" && complain "speaks of conda where there is none: $(cat "$work/said")"
exit "$failed"
