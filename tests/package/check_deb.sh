#!/bin/bash
# check_deb.sh BUILD: makes the Debian package of a build, installs it with apt into a bare Debian root, uses it there, and
# removes it without leftovers; then a project of another author finds the library in a second root, with a compiler. Root
# alone may do this. The roots have Debian's packages and nothing else; their files are copies of this machine's (see
# bare_root.py). Downloaded is only what the package depends on and this script does not copy.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
build=$(readlink -f "$1")
work=$(mktemp -d)

clean_up() {
  local mount
  for mount in "$work"/*/dev "$work"/*/proc; do umount -l "$mount" 2>/dev/null || true; done
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT

fail() {
  echo "check_deb.sh: $*" >&2
  exit 1
}

# in_root ROOT COMMAND...: as root of that Debian, with nothing of this one's environment.
in_root() {
  local root=$1
  shift
  chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

# new_root NAME PACKAGES...
new_root() {
  "$here/bare_root.py" "$work/$1" "${@:2}"
  mkdir -p "$work/$1/root"
  mount --rbind /dev "$work/$1/dev"
  mount -t proc proc "$work/$1/proc"
  in_root "$work/$1" ldconfig
  [[ -z "$(in_root "$work/$1" dpkg --audit)" ]] || fail "dpkg finds the root $1 broken"
}

files_of() {
  (cd "$1" && find . -xdev -regex '\./\(proc\|dev\|tmp\|var/lib/dpkg\|var/lib/apt\|var/cache\|var/log\)' -prune -o -print | sort)
}

(cd "$work" && cpack --config "$build/CPackConfig.cmake" -B "$work/pack" >"$work/cpack.log" 2>&1) ||
  fail "cpack: $(cat "$work/cpack.log")"
deb=$(echo "$work"/pack/modsweep_*.deb)
[[ -f "$deb" ]] || fail "cpack made no package"
dpkg-deb --field "$deb" Package Version Architecture Installed-Size Depends Recommends
[[ "$(dpkg-deb --field "$deb" Recommends)" == *gnuplot-nox* ]] || fail "gnuplot-nox is not recommended"
dpkg-deb --field "$deb" Depends | grep -q libsqlite3-0 || fail "the program's libraries are not among what it depends on"

[[ "$(dpkg-deb --field "$deb" Version)" == "$(sed -n 's/^version: //p' "$here/../../CITATION.cff")" ]] ||
  fail "CITATION.cff has another version"

# ---- The program.
root=$work/bare
new_root bare
in_root "$root" dpkg-query -W 'libfmt*' 'libsleef*' g++ cmake 2>/dev/null | grep -q . && fail "the root is not bare"
files_of "$root" >"$work/before"
cp "$deb" "$root/tmp/modsweep.deb"
in_root "$root" apt-get -qq -y install --no-install-recommends /tmp/modsweep.deb </dev/null >"$work/apt.log" 2>&1 ||
  fail "apt-get install: $(tail -20 "$work/apt.log")"
in_root "$root" modsweep --version | head -1
in_root "$root" sh -euc 'cd /root &&
  modsweep run /usr/share/modsweep/sweeps/quickstart.toml --set training.steps=100 --quiet && modsweep status quickstart.db && modsweep aggregate quickstart.db --value test_loss >/dev/null'
for page in modsweep modsweep-run modsweep-refine; do
  zcat -f "$root/usr/share/man/man1/$page.1"* | grep -q "^\.TH ${page^^} " || fail "there is no manual page $page"
done

# completes WHAT WANTED WORDS...: bash offers WANTED after these words.
completes() {
  local what=$1 wanted=$2 offered
  shift 2
  offered=$(in_root "$root" bash -c 'cd /root && . /usr/share/bash-completion/completions/modsweep && COMP_WORDS=("$@") &&
    COMP_CWORD=$(($# - 1)) && _modsweep && printf "%s\n" "${COMPREPLY[@]}"' bash "$@") || true
  grep -qxF -- "$wanted" <<<"$offered" || fail "bash does not complete $what: after '$*' it offers: $offered"
}
cell=$(in_root "$root" sh -c 'cd /root && modsweep export quickstart.db --table cells --format csv' | sed -n '2s/,.*//p')
completes commands refine modsweep re
completes options --deliver modsweep run --de
completes "values of options" gemm modsweep run --engine g
completes keys noise.strength= modsweep run --set noise.s
completes keys noise.strength modsweep settings noise.s
completes files quickstart.db modsweep export q
completes "ids of cells" "$cell" modsweep weights quickstart.db --cell "${cell:0:6}"

in_root "$root" apt-get -qq -y purge --autoremove modsweep >"$work/apt.log" 2>&1 ||
  fail "apt-get purge: $(cat "$work/apt.log")"
rm -f "$root/root/quickstart.db"* "$root/etc/ld.so.cache~"
rm -rf "$root/root/.cache"
files_of "$root" | comm -13 "$work/before" - >"$work/left"
[[ ! -s "$work/left" ]] || fail "left behind after removal: $(head -20 "$work/left")"

# ---- The library.
root=$work/with-compiler
mapfile -t suggested < <(dpkg-deb --field "$deb" Suggests | tr -d ' ' | tr ',' '\n' | grep -- '-dev$')
new_root with-compiler g++ cmake ninja-build "${suggested[@]}"
cp "$deb" "$root/tmp/modsweep.deb"
in_root "$root" dpkg --install /tmp/modsweep.deb >"$work/dpkg.log" 2>&1 || fail "dpkg --install: $(cat "$work/dpkg.log")"
cp -r "$here/consumer" "$root/root/consumer"
in_root "$root" sh -euc 'cmake -G Ninja -S /root/consumer -B /root/build >/root/log
  ninja -C /root/build train >>/root/log
  /root/build/train /usr/share/modsweep/sweeps/quickstart.toml /root/train.db | tail -1' ||
  fail "$(tail -20 "$root/root/log")"
echo "check_deb.sh: installed, used, completed, removed, and found by another project"
