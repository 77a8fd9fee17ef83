#!/usr/bin/env bash
# check_gather.sh ROOT: gather_dependencies.sh refuses wrong usage with exit code 2 and one line, before any other
# action.
set -uo pipefail
script=$1/bench/gather_dependencies.sh
full=$(mktemp -d)
trap 'rm -rf "$full"' EXIT
touch "$full/file"
failed=0

refuses() { # ARGUMENTS...
  local message code=0
  message=$("$script" "$@" 2>&1) || code=$?
  if ((code != 2)) || [[ "$message" != "gather_dependencies.sh: "* || "$message" == *$'\n'* ]]; then
    echo "gather_dependencies.sh $*: exit code $code, not 2, or not one line: $message"
    failed=1
  fi
}

refuses
refuses --unknown
refuses one two
refuses "$full"
"$script" --help >/dev/null || { echo "--help fails"; failed=1; }
exit "$failed"
