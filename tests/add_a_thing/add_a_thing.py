#!/usr/bin/env python3
"""Adds one of each thing to a copy of the tree, by the steps of docs/CONTRIBUTING.md's table, builds the program there,
and sees each of them work from a sweep file to the exported table.

  add_a_thing.py [--keep FOLDER]  all of that; the copy is kept in FOLDER, or made in the temporary folder and removed
  add_a_thing.py --check          whether the table of docs/CONTRIBUTING.md is that of the steps
  add_a_thing.py --write          writes it there

Python 3.11, standard library only."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True  # the tree stays as it is

import checks  # noqa: E402
import steps  # noqa: E402

TREE = steps.HERE.parents[1]
DOCUMENT = TREE / "docs" / "CONTRIBUTING.md"
MARK = "<!-- add-a-thing table -->\n"  # the table stands below it


def with_table(document, table):
    """The document with `table` in place of the table lines below MARK."""
    if document.count(MARK) != 1:
        raise ValueError(f"{DOCUMENT}: must have the line {MARK.strip()} once")
    before, after = document.split(MARK)
    lines = after.splitlines(keepends=True)
    while lines and lines[0].startswith("|"):
        lines.pop(0)
    return before + MARK + table + "".join(lines)


def check_table():
    document = DOCUMENT.read_text(encoding="utf-8")
    if with_table(document, steps.table(steps.read_steps())) != document:
        raise ValueError(f"{DOCUMENT}: the table is not that of the steps; run tests/add_a_thing/add_a_thing.py --write")


def write_table():
    document = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(with_table(document, steps.table(steps.read_steps())), encoding="utf-8")


def source_files():
    """The tree's files, as paths below it: those that git does not ignore, or, without a checkout, all except
    builds."""
    if (TREE / ".git").exists():
        listed = subprocess.run(["git", "-C", TREE, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                check=True, capture_output=True, text=True).stdout
        return [Path(name) for name in listed.split("\0") if name and (TREE / name).is_file()]
    return [path.relative_to(TREE) for path in TREE.rglob("*")
            if path.is_file() and not path.relative_to(TREE).parts[0].startswith("build")]


def copy_tree(copy):
    for name in source_files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TREE / name, copy / name)


def build(copy):
    """Builds the program alone, with little optimization, since it trains only briefly. Returns its path."""
    folder = copy / "build"
    options = ["-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O1", "-DMODSWEEP_CUDA=OFF", "-DMODSWEEP_TESTS=OFF",
               "-DMODSWEEP_BENCH=OFF"]
    log = copy / "build.log"
    with log.open("w", encoding="utf-8") as out:
        for command in (["cmake", "-S", copy, "-B", folder, "-G", "Ninja", *options],
                        ["cmake", "--build", folder, "--target", "modsweep", "--parallel", str(min(os.cpu_count(), 2))]):
            if subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False).returncode != 0:
                out.flush()
                raise ValueError("the copy does not build:\n" + log.read_text(encoding="utf-8")[-4000:])
    return folder / "modsweep"


def add_all(copy):
    began = time.monotonic()
    copy_tree(copy)
    all_steps = steps.read_steps()
    for one in all_steps:
        steps.apply(one, copy)
    program = build(copy)
    print(f"built with {len(all_steps)} things more in {time.monotonic() - began:.0f} s")
    for one in all_steps:
        scratch = copy / "checks" / one.folder
        scratch.mkdir(parents=True)
        said = checks.CHECKS[one.folder](checks.Program(program, scratch))
        print(f"{one.thing}: {one.name}: {said}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    if options.check:
        check_table()
    elif options.write:
        write_table()
    elif options.keep:
        options.keep.mkdir(parents=True)
        add_all(options.keep.resolve())
    else:
        with tempfile.TemporaryDirectory(prefix="modsweep-add-a-thing-") as folder:
            add_all(Path(folder))


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(f"add_a_thing: {error}")
