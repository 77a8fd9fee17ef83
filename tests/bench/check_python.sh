#!/usr/bin/env bash
# check_python.sh ROOT: every Python script of ROOT/bench compiles. Exit code 77, skipped, if there is no Python.
set -euo pipefail
if ! python3 --version; then
  echo "skipped: no python3 here"
  exit 77
fi
compiled=$(mktemp -d)
trap 'rm -rf "$compiled"' EXIT
mapfile -t scripts < <(find "$1/bench" -name '*.py')
if ((${#scripts[@]} == 0)); then
  echo "no scripts found in $1/bench"
  exit 1
fi
# Compiled files must not be written beside the scripts.
PYTHONPYCACHEPREFIX="$compiled" python3 -m py_compile "${scripts[@]}"
echo "${#scripts[@]} scripts compile"
