#!/bin/bash
# man_pages.sh PROGRAM FOLDER: a manual page of the program and of each of its commands, from --help and --version.
set -euo pipefail
program=$1
folder=$2
mkdir -p "$folder"
version=$("$program" --version | sed -n '1s/^modsweep //p')

# page NAME WORDS...: the page of `modsweep WORDS`.
page() {
  local name=$1
  shift
  local about
  about=$("$program" "$@" --help | head -1)
  # The page shows the program's name, not where it lies.
  (cd "$(dirname "$program")" && help2man --no-info --section=1 --source="modsweep $version" --version-string="$version" \
    --name="${about%.}" --output=- "./$(basename "$program")${*:+ $*}") |
    sed -e "1,2s|^\.TH [A-Z-]*|.TH ${name^^}|" -e 's|\./modsweep|modsweep|g' >"$folder/$name.1.new"
  mv "$folder/$name.1.new" "$folder/$name.1"
}

page modsweep
"$program" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p' | while read -r command; do
  page "modsweep-$command" "$command"
done
