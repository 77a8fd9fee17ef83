#!/usr/bin/env python3
"""bare_root.py FOLDER [PACKAGE ...]: a Debian root with the essential packages, apt, and these packages, with all that they
depend on. Nothing is downloaded: files and dpkg's records are copies of those of this machine, so conffiles are as they are
here, and no maintainer script runs. Run as root; needs dpkg alone."""

import pathlib
import re
import shutil
import subprocess
import sys

DPKG = pathlib.Path("/var/lib/dpkg")
# Of a root before its first package, as debootstrap makes it.
MERGED = ("bin", "sbin", "lib", "lib64")
FOLDERS = ("dev", "proc", "tmp", "etc/apt", "etc/alternatives", "var/lib/dpkg/info", "var/lib/dpkg/updates",
           "var/lib/dpkg/alternatives", "var/lib/dpkg/triggers", "var/cache/apt/archives/partial", "var/lib/apt",
           "var/log/apt")
# apt resolves what our package depends on; the certificates' package and the archive's keys are how it trusts Debian.
ALWAYS = ("apt", "debian-archive-keyring", "ca-certificates")


def installed():
    """{name: fields} of the installed packages, and {virtual name: a package that provides it}."""
    packages, provided = {}, {}
    for stanza in (DPKG / "status").read_text(encoding="utf-8").split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+):\s*(.*)$", stanza, re.MULTILINE))
        if fields.get("Status") != "install ok installed":
            continue
        fields["stanza"] = stanza.strip("\n") + "\n"
        packages[fields["Package"]] = fields
        for name in re.findall(r"([a-z0-9][a-z0-9+.-]+)", re.sub(r"\(.*?\)", "", fields.get("Provides", ""))):
            provided.setdefault(name, fields["Package"])
    return packages, provided


def closure(wanted, packages, provided):
    """The packages and all that they depend on; of alternatives the first that is installed."""
    found, left = {}, list(wanted)
    while left:
        name = left.pop()
        name = name if name in packages else provided.get(name)
        if name is None or name in found:
            continue
        found[name] = packages[name]
        for field in ("Pre-Depends", "Depends"):
            for clause in filter(None, packages[name].get(field, "").split(",")):
                names = [re.match(r"\s*([a-z0-9+.-]+)", one)[1] for one in clause.split("|")]
                left += [one for one in names if one in packages or one in provided][:1]
    return found


def records(fields):
    """dpkg's files about a package, as libc6:amd64.list."""
    names = (f"{fields['Package']}:{fields['Architecture']}", fields["Package"])
    return [file for name in names for file in (DPKG / "info").glob(f"{name}.*") if file.stem == name]


def copy_alternatives(root):
    """The links of update-alternatives whose target the root has, as /usr/bin/awk and /usr/bin/c++."""
    for record in (DPKG / "alternatives").iterdir():
        lines = record.read_text(encoding="utf-8").split("\n")
        names = [(record.name, lines[1])]
        names += list(zip(*[iter(lines[2:lines.index("")])] * 2)) if "" in lines else []
        for name, link in names:
            chosen = pathlib.Path("/etc/alternatives") / name
            target = root / str(chosen.resolve()).lstrip("/")
            if not chosen.exists() or not target.exists():
                continue
            for place, to in ((root / link.lstrip("/"), chosen), (root / f"etc/alternatives/{name}", chosen.readlink())):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.unlink(missing_ok=True)
                place.symlink_to(to)
        if (root / f"etc/alternatives/{record.name}").is_symlink():
            shutil.copy2(record, root / "var/lib/dpkg/alternatives")


def main():
    root = pathlib.Path(sys.argv[1])
    packages, provided = installed()
    essential = [name for name, fields in packages.items() if fields.get("Essential") == "yes"]
    chosen = closure([*essential, *ALWAYS, *sys.argv[2:]], packages, provided)
    missing = [name for name in sys.argv[2:] if name not in chosen]
    if missing:
        sys.exit(f"bare_root.py: not installed here: {', '.join(missing)}")
    root.mkdir(parents=True)
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    paths = set()
    for fields in chosen.values():
        for record in records(fields):
            shutil.copy2(record, root / "var/lib/dpkg/info")
            if record.suffix == ".list":
                paths.update(path for path in record.read_text(encoding="utf-8").splitlines() if path != "/.")
    there = [path for path in sorted(paths) if pathlib.Path(path).is_symlink() or pathlib.Path(path).exists()]
    there = [path for path in there if path.lstrip("/") not in MERGED]
    pack = subprocess.Popen(["tar", "-C", "/", "--no-recursion", "--null", "-T", "-", "-cf", "-"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE)
    unpack = subprocess.Popen(["tar", "-C", root, "--keep-directory-symlink", "-xpf", "-"], stdin=pack.stdout)
    pack.stdin.write(b"\0".join(path.lstrip("/").encode() for path in there))
    pack.stdin.close()
    if pack.wait() or unpack.wait():
        sys.exit("bare_root.py: tar failed")
    status = "\n".join(fields["stanza"] for _, fields in sorted(chosen.items()))
    (root / "var/lib/dpkg/status").write_text(status + "\n", encoding="utf-8")
    for name in ("arch", "diversions", "info/format", "triggers/File", "triggers/Unincorp"):
        if (DPKG / name).exists():
            shutil.copy2(DPKG / name, root / "var/lib/dpkg" / name)
    for name in ("passwd", "group"):
        shutil.copy(f"/usr/share/base-passwd/{name}.master", root / f"etc/{name}")
    copy_alternatives(root)
    shutil.copytree("/etc/apt", root / "etc/apt", dirs_exist_ok=True, symlinks=True)
    shutil.copytree("/var/lib/apt/lists", root / "var/lib/apt/lists", dirs_exist_ok=True)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    if pathlib.Path("/etc/ssl/certs/ca-certificates.crt").exists():
        (root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", root / "etc/ssl/certs/ca-certificates.crt")
    print(f"bare_root.py: {len(chosen)} packages")


if __name__ == "__main__":
    main()
