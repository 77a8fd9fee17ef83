#!/usr/bin/env bash
# Installs what modsweep needs (Debian 12 packages, only those that are missing), configures and builds it into build/:
# the program, and with --tests its tests. Asks no questions; running it again only rebuilds what changed.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

build_packages=(g++ cmake ninja-build libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libsqlite3-dev
  libsqlitecpp-dev librandom123-dev libeigen3-dev libfmt-dev libsleef-dev libxxhash-dev)
run_packages=(gnuplot-nox)  # draws the pictures; the program does everything else without
test_packages=(libgtest-dev libgmock-dev libbenchmark-dev)
peer_packages=(python3 python3-numpy python3-torch libopenblas0-pthread)
check_packages=(clang clang-format clang-tidy libclang-rt-14-dev python3 python3-numpy python3-pandas r-base-core
  r-cran-rsqlite r-cran-jsonlite slurm-wlm munge parallel python3-yaml
  dpkg-dev file help2man fuse3 python3-fusepy chromium)

usage() {
  cat <<TEXT
usage: ./setup.sh [--tests] [--peers] [--check] [--packages-only] [--help]

Installs the packages that modsweep is built and draws with, configures and builds it into build/ (program: build/modsweep).
  --tests          also build the tests (run them with: ctest --test-dir build) and the benchmark programs
  --peers          also install PyTorch and OpenBLAS, for bench/compare_peers.py
  --check          also install clang, clang-format, clang-tidy, Python, pandas, R, Slurm and chromium, for .ci/run
  --packages-only  install packages, do not build
  --help           this text
TEXT
}

fail() {
  echo "setup.sh: $*" >&2
  exit 1
}

packages=("${build_packages[@]}" "${run_packages[@]}")
build=yes
tests=no
settings=()
for option in "$@"; do
  case "$option" in
    --tests)
      packages+=("${test_packages[@]}")
      tests=yes
      ;;
    --peers) packages+=("${peer_packages[@]}") ;;
    --check) packages+=("${check_packages[@]}") ;;
    --packages-only) build=no ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; fail "unknown option '$option'" ;;
  esac
done

# Prints the arguments that dpkg does not list as installed.
missing_packages() {
  local package
  for package in "$@"; do
    [[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || echo "$package"
  done
}

install_packages() {
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then return; fi
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "these packages are missing and there is no sudo; as root, run: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  echo "setup.sh: installing ${missing[*]}"
  # `env` sets the variable after sudo, which would drop it. apt-get waits for a lock held by another apt.
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq -y)
  "${apt[@]}" update || fail "apt-get update failed; check the network and /etc/apt/sources.list"
  "${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null ||
    fail "apt-get install failed; packages needed: ${missing[*]}"
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  install_packages "${packages[@]}"
else
  # Not Debian: the build reports what is missing, this message gives Debian's names for it.
  echo "setup.sh: no apt-get here, so nothing is installed; modsweep needs what Debian 12 calls: ${packages[*]}" >&2
fi

if [[ "$build" == no ]]; then exit 0; fi
command -v cmake >/dev/null || fail "cmake (3.25 or later) is missing; see the list above"
command -v ninja >/dev/null || fail "ninja is missing; see the list above"
if [[ "$tests" == yes ]]; then
  settings+=(-DMODSWEEP_TESTS=ON -DMODSWEEP_BENCH=ON)
elif [[ ! -f build/CMakeCache.txt ]]; then # a build that has tests keeps them
  settings+=(-DMODSWEEP_TESTS=OFF -DMODSWEEP_BENCH=OFF)
fi
# The libraries of an active conda environment come before Debian's on the path, and then only some of them.
if [[ -n "${CONDA_PREFIX:-}" ]]; then
  echo "setup.sh: the conda environment $CONDA_PREFIX is active; its libraries are not used"
  settings+=("-DCMAKE_IGNORE_PREFIX_PATH=$CONDA_PREFIX")
  if grep -qsF "=$CONDA_PREFIX/" build/CMakeCache.txt; then # of a build that found them: look again
    settings+=(-U "*_DIR" -U "*_INCLUDE*" -U "*_LIBRARY*")
  fi
fi
cmake --preset release "${settings[@]}"
cmake --build --preset release
echo "setup.sh: built; start with: build/modsweep run sweeps/quickstart.toml"
