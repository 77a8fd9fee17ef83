#!/usr/bin/env python3
"""check_pictures.py ROOT PROGRAM: the pictures of the documents are small, whole, and made by docs/pictures.py.

Each file of docs/pictures is an XML document of at most 60 kB that refers to nothing outside of itself, has colors for dark
ground, is among those that docs/pictures.py makes, and is shown by a document; what it makes is there. The script itself
makes the pictures of the quickstart, with a few steps of training, where gnuplot is installed. Prints what is wrong; exit
code 1 where anything is.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
from pathlib import Path

FAILURES = []


def expect(holds, what):
    if not holds:
        FAILURES.append(what)
        print(what)


def script_of(root):
    spec = importlib.util.spec_from_file_location("pictures", root / "docs/pictures.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def check_picture(path, most_bytes):
    text = path.read_text(encoding="utf-8")
    try:
        tree = xml.etree.ElementTree.fromstring(text)
    except xml.etree.ElementTree.ParseError as error:
        expect(False, f"{path.name}: {error}")
        return
    expect(tree.tag.endswith("}svg"), f"{path.name}: is no SVG")
    expect(len(text.encode()) <= most_bytes, f"{path.name}: has {len(text.encode())} bytes")
    expect("prefers-color-scheme:dark" in text, f"{path.name}: has no colors for dark ground")
    outside = [link for link in re.findall(r"https?://[^\"'\s]*", text) if not link.startswith("http://www.w3.org/")]
    expect(not outside, f"{path.name}: refers to {outside}")


def check_script(root, program, script):
    with tempfile.TemporaryDirectory(prefix="modsweep-pictures-") as name:
        folder = Path(name)
        wrapper = folder / "modsweep"
        wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} -B {Path(__file__).with_name("shortened.py")} "$@"\n')
        wrapper.chmod(0o755)
        done = subprocess.run([sys.executable, "-B", root / "docs/pictures.py", "--program", wrapper, "--output", folder / "out",
                               "--only", "quickstart"], capture_output=True, text=True, check=False,
                              env=os.environ | {"MODSWEEP_PROGRAM": str(program)})
        expect(done.returncode == 0, f"docs/pictures.py: {done.stdout}{done.stderr}")
        made = sorted(path.stem for path in (folder / "out").glob("*.svg"))
        wanted = sorted(name for name, (store, _) in script.PICTURES.items() if store == "quickstart")
        expect(made == wanted, f"docs/pictures.py made {made} instead of {wanted}")
        for path in (folder / "out").glob("*.svg"):
            check_picture(path, script.MOST_BYTES)


def main():
    root, program = Path(sys.argv[1]), Path(sys.argv[2])
    script = script_of(root)
    texts = [path.read_text(encoding="utf-8") for path in [root / "README.md", *(root / "docs").glob("*.md")]]
    there = {path.stem for path in (root / "docs/pictures").glob("*.svg")}
    expect(there == set(script.PICTURES), f"docs/pictures has {sorted(there)}, the script makes {sorted(script.PICTURES)}")
    for name in sorted(there):
        check_picture(root / f"docs/pictures/{name}.svg", script.MOST_BYTES)
        expect(any(f"pictures/{name}.svg" in text for text in texts), f"{name}.svg: no document shows it")
    if shutil.which("gnuplot"):
        check_script(root, program, script)
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
