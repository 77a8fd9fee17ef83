# Sourced by checks that put stand-ins in the place of programs: a folder for them, `work`, and complain, which makes `failed`
# 1. Exit code 77, skipped, where there is no Python.
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
