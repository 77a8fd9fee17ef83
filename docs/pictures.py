#!/usr/bin/env python3
"""Makes the pictures of README.md and docs/reproduction.md: docs/pictures.py [--program FILE] [--stores FOLDER]

Each picture is what `modsweep plot` draws of a store, with the colors of the themes `screen` and `dark`: the reader's
system chooses. Stores that are not in the folder are trained first, at the scale that the table below says: some minutes
in all on two cores. A picture of more than 60 kB is refused.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MOST_BYTES = 60_000
COLOR = re.compile(r"#[0-9a-fA-F]{6}")

# A sweep file, and what makes it shorter.
STORES = {
    "quickstart": [],
    "fig01": ["training.seed={range=[0,6]}"],
    "fig02": ["training.epochs=2000", "training.seed={range=[0,6]}"],
    "fig06": ["training.seed=[0,1]"],
    "causes": [],
}
# A picture, its store, and how it is drawn.
PICTURES = {
    "quickstart": ("quickstart", ["line"]),
    "quickstart_network": ("quickstart", ["network", "--where", "noise.exponent=2"]),
    "fig01c": ("fig01", ["network", "--row", "noise.exponent"]),
    "fig01d": ("fig01", ["spectrum"]),
    "fig02a": ("fig02", ["balance"]),
    "fig06": ("fig06", ["transition"]),
    "causes": ("causes", ["line", "--y", "test_loss", "relative_cut"]),
}


def run(*command, good=(0,)):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode not in good:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")


def for_both_grounds(light, dark):
    """The picture on white with each color as a variable, which is another on dark ground."""
    if COLOR.sub("", light) != COLOR.sub("", dark):
        sys.exit("the picture on dark ground differs in more than its colors")
    pairs = list(zip(COLOR.findall(light), COLOR.findall(dark)))
    names = {pair: f"--{i}" for i, pair in enumerate(dict.fromkeys(pairs))}
    rest = iter(pairs)
    text = COLOR.sub(lambda match: f"var({names[next(rest)]})", light)
    text = re.sub(r"><title>[^<]*</title></(?:use|polygon|path|image)>", "/>", text)  # an image in a document tells nothing
    # A tenth of a pixel is enough for what nobody enlarges.
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"\d+\.\d\d+", lambda number: f"{float(number[0]):.1f}", tag[0]), text)
    text = re.sub(r"(?:<use [^>]* color='([^']*)'/>)(?:<use [^>]* color='\1'/>)+",
                  lambda dots: f"<g color='{dots[1]}'>" + dots[0].replace(f" color='{dots[1]}'", "") + "</g>", text)
    on = ["".join(f"{name}:{pair[ground]};" for pair, name in names.items()) for ground in (0, 1)]
    style = f"<style>:root{{{on[0]}}}@media(prefers-color-scheme:dark){{:root{{{on[1]}}}}}</style>"
    begin = text.index(">", text.index("<svg")) + 1
    return text[:begin] + style + text[begin:]


def make(program, stores, output, only):
    for name, settings in STORES.items():
        if only and name not in only:
            continue
        store = stores / f"{name}.db"
        if not store.exists():
            run(program, "run", ROOT / f"sweeps/{name}.toml", "-o", store, "--quiet",
                *(word for setting in settings for word in ("--set", setting)), good=(0, 1))  # 1: some diverged
    output.mkdir(exist_ok=True)
    for name, (store, arguments) in PICTURES.items():
        if only and store not in only:
            continue
        drawn = []
        for theme in ("screen", "dark"):
            path = stores / f"{name}.{theme}.svg"
            run(program, "plot", stores / f"{store}.db", *arguments, "--theme", theme, "-o", path)
            drawn.append(path.read_text(encoding="utf-8"))
            path.unlink()
        text = for_both_grounds(*drawn)
        if len(text.encode()) > MOST_BYTES:
            sys.exit(f"{name}.svg has {len(text.encode())} bytes; at most {MOST_BYTES} are allowed")
        (output / f"{name}.svg").write_text(text, encoding="utf-8")
        print(f"{name}.svg: {len(text.encode())} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=ROOT / "build/modsweep")
    parser.add_argument("--stores", type=pathlib.Path, help="are used where they are there, else made and kept")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "docs/pictures")
    parser.add_argument("--only", nargs="*", choices=STORES, help="pictures of these stores alone")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make(arguments.program, arguments.stores or pathlib.Path(folder), arguments.output, arguments.only)


if __name__ == "__main__":
    main()
