# Sourced by checks that replace programs by stand-ins: defines `work`, a folder for them, and complain, which sets
# `failed` to 1. Exit code 77, skipped, if there is no Python.
if ! python3 --version; then
  echo "skipped: no python3 here"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

complain() {
  echo "$*"
  failed=1
}
