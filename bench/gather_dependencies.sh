#!/usr/bin/env bash
# Gathers the libraries that modsweep is built with into one folder, for a machine without network and without Debian's
# packages: bench/gpu_acceptance.sh --dependencies DIR builds with it there. Needs Debian 12 (apt-get, dpkg-deb), not
# root; installs nothing.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
limit_mb=40

usage() {
  cat <<TEXT
usage: bench/gather_dependencies.sh DIR

Downloads the -dev packages that setup.sh names and the libraries they need, unpacks them into DIR, which must be absent
or empty, and removes what no build reads. Fails where the result is larger than $limit_mb MB.
TEXT
}

fail() { # CODE MESSAGE
  echo "gather_dependencies.sh: $2" >&2
  exit "$1"
}

case "${1:-}" in
  --help | -h) usage; exit 0 ;;
  -*) fail 2 "unknown option '$1'; see --help" ;;
esac
if (($# != 1)); then fail 2 "name one folder; see --help"; fi
if [[ -e "$1" && -n "$(ls -A "$1")" ]]; then fail 2 "$1 is not an empty folder; remove it, or name another one"; fi
for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || fail 2 "$tool is missing; run this on a Debian 12"
done
mkdir -p "$1"
folder=$(readlink -f "$1")

# The libraries among setup.sh's packages; setup.sh is the only list of them.
development_packages() {
  sed -n -E '/^(build|test)_packages=\(/,/\)/p' "$root/setup.sh" | tr -d '()' | sed -E 's/^(build|test)_packages=//' |
    tr -s ' ' '\n' |
    grep -E '^lib.*-dev$|^nlohmann'
}

# The libraries that a downloaded package depends on. The C and C++ libraries come with the compiler.
needed_libraries() { # FILE.deb
  dpkg-deb -f "$1" Depends | tr ',' '\n' | sed 's/^ *//; s/[ (|].*//; s/:.*//' | { grep '^lib' || true; } |
    { grep -vE '^(libc6|libc-dev|libc6-dev|libgcc|libstdc\+\+)' || true; }
}

downloads=$(mktemp -d)
trap 'rm -rf "$downloads"' EXIT

# Downloads the named packages and all packages that they need, each once.
download() {
  local package waiting=("$@")
  local -A seen=()
  while ((${#waiting[@]})); do
    package=${waiting[0]}
    waiting=("${waiting[@]:1}")
    if [[ -n "${seen[$package]:-}" ]]; then continue; fi
    seen[$package]=yes
    (cd "$downloads" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download "$package") ||
      fail 1 "apt-get cannot download $package; run apt-get update, and check /etc/apt/sources.list"
    mapfile -t -O "${#waiting[@]}" waiting < <(needed_libraries "$downloads/${package}"_*.deb)
  done
}

# Keeps headers, libraries and CMake packages. A static library replaces its shared one, so that programs start without
# it; except where a CMake package names the shared one (fmt, benchmark).
prune() {
  local static name
  rm -rf "$folder/usr/share/doc" "$folder/usr/share/man" "$folder/usr/share/lintian" "$folder/usr/share/pkgconfig" \
    "$folder/usr/share/bug" "$folder/usr/share/doc-base" "$folder/usr/src" "${folder:?}/usr/bin" "$folder/usr/include/eigen3/unsupported" \
    "$folder/usr/lib/x86_64-linux-gnu/pkgconfig" "$folder"/usr/lib/x86_64-linux-gnu/libsleefgnuabi*
  for static in "$folder"/usr/lib/x86_64-linux-gnu/*.a; do
    name=$(basename "$static" .a)
    [[ -e "${static%.a}.so" ]] || continue
    if grep -rqF "$name.so" "$folder/usr/lib/x86_64-linux-gnu/cmake"; then
      rm "$static"
    else
      rm "${static%.a}".so*
    fi
  done
}

mapfile -t packages < <(development_packages)
if ((${#packages[@]} == 0)); then fail 1 "no build_packages found in $root/setup.sh"; fi
download "${packages[@]}"
for package in "$downloads"/*.deb; do dpkg-deb -x "$package" "$folder"; done
prune

# A link to a file that was not gathered would fail only at build time.
dangling=$(find "$folder" -xtype l)
if [[ -n "$dangling" ]]; then fail 1 "these links lead nowhere: $dangling"; fi
size=$(du -sm "$folder" | cut -f1)
if ((size > limit_mb)); then fail 1 "$folder has $size MB, more than $limit_mb; prune more in ${BASH_SOURCE[0]}"; fi
echo "gather_dependencies.sh: $(find "$downloads" -name '*.deb' | wc -l) packages, $size MB in $folder"
