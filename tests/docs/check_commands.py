#!/usr/bin/env python3
"""check_commands.py ROOT PROGRAM: every command and snippet that the documents print works.

In a scratch folder that looks like a checkout it runs, to the letter,
- the blocks of README.md and docs/*.md, in the order of each document: `sh`, `python` and `r` are run (the latter two where
  the modules and packages that they load are installed), `toml NAME.toml` and `csv NAME.csv` become files of that name, a block below `<!-- from FILE -->` consists of lines of that file, `text` is
  output;
- the examples of `modsweep COMMAND --help`;
- the commands in the first lines of the sweep files.
modsweep itself is shortened.py, which trains each network for a few steps. What no test can run is in STAND_INS and
NOT_RUN, with the reason. Prints FILE:LINE and what went wrong; exit code 1 where anything did.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tree

# Programs that do nothing here, with the reason. Their options are checked against the file beside them, if any.
STAND_INS = {
    "setup.sh": ("installs packages and builds: a stage of .ci/run", "setup.sh"),
    "bin/cmake": ("builds for minutes: stages of .ci/run, tests/package", "CMakePresets.json"),
    "bin/ctest": ("runs this test, too: a stage of .ci/run", "CMakePresets.json"),
    "build/train": ("is built and run by tests/package", None),
    "build/tests/cli/test_cli": ("trains 40 networks in full", None),
}
# Commands that are not run at all, with the reason.
NOT_RUN = {
    "modsweep bench --engine gemm --setting wa2 --networks 1024": "needs a GPU",
}
# Packages of R that a block needs.
R_PACKAGE = re.compile(r"library\((\w+)\)|(\w+)::")
SHELL = re.compile(r"^(?:    |\t)(?:\$ )?(?:modsweep|build/|\./|cmake|ctest|python3|bench/|\.ci/) ?\S", re.MULTILINE)
USAGE = re.compile(r"`modsweep ([a-z]+)((?: [^`]*)?)`")


class Scratch:
    """A folder that looks like a checkout with a build."""

    def __init__(self, root, program, folder):
        self.folder = folder
        self.environment = os.environ | {
            "MODSWEEP_PROGRAM": str(program),
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "TMPDIR": str(folder / "temporary"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        for name in ("bin", "build", "temporary"):
            (folder / name).mkdir()
        (folder / "sweeps").symlink_to(root / "sweeps")
        wrapper = Path(__file__).with_name("shortened.py")
        for path in ("bin/modsweep", "build/modsweep"):
            self.write(path, f'#!/bin/sh\nexec {sys.executable} -B {wrapper} "$@"\n')
        for path, (_, options) in STAND_INS.items():
            self.write(path, self.stand_in(root / options if options else None))
        for path in ("bin/column", "bin/less"):  # from other packages, and only for display
            self.write(path, "#!/bin/sh\ncat\n")

    @staticmethod
    def stand_in(options):
        """A script that fails for an option, or a preset, that is not in `options`."""
        if options is None:
            return "#!/bin/sh\nexit 0\n"
        if options.suffix == ".json":
            words = 'while [ $# -gt 0 ]; do [ "$1" = --preset ] && { shift; word="\\"$1\\""; look; }; shift; done'
        else:
            words = 'for word; do look; done'
        return (f'#!/bin/sh\nlook() {{ grep -q -e "$word" {options} || {{ echo "no $word in {options}"; exit 2; }}; }}\n'
                f"{words}\nexit 0\n")

    def write(self, path, text):
        full = self.folder / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text, encoding="utf-8")
        full.chmod(0o755)

    def run(self, *command):
        """The exit code and the output of a command."""
        done = subprocess.run(command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
        return done.returncode, done.stdout

    def shell(self, script):
        return self.run("bash", "-euo", "pipefail", "-c", script)


class Checker:
    def __init__(self, root, program, scratch):
        self.root = root
        self.program = program
        self.scratch = scratch
        self.ran = 0
        self.left_out = set()
        self.failures = []
        self.helps = {}

    def fail(self, place, what):
        self.failures.append(f"{place}: {what.strip()}")

    def new_scratch(self, name):
        folder = self.scratch / name
        folder.mkdir()
        return Scratch(self.root, self.program, folder)

    def expect(self, place, what, result):
        self.ran += 1
        code, output = result
        if code != 0:
            self.fail(place, f"exit code {code} of\n{what}\n{output}")

    # ---- Documents.

    def check_document(self, path, start):
        """Runs the blocks of a document; `start`: a store that the reader has at that point."""
        name = path.relative_to(self.root).as_posix()
        text = path.read_text(encoding="utf-8")
        scratch = self.new_scratch(name.replace("/", "-"))
        if start is not None:
            shutil.copy(start, scratch.folder)
        for match in SHELL.finditer(tree.without_blocks(text)):
            self.fail(f"{name}:{text.count(chr(10), 0, match.start()) + 1}", "a command in an indented block is not run: "
                      "put it between ```sh and ```")
        for block in tree.blocks(text):
            self.check_block(f"{name}:{block.line}", block, scratch)
        for match in USAGE.finditer(tree.without_blocks(text)):
            self.check_usage(f"{name}:{text.count(chr(10), 0, match.start()) + 1}", match[1], match[2])
        return scratch

    def check_block(self, place, block, scratch):
        if block.source is not None:
            self.ran += 1
            lines = iter((self.root / block.source).read_text(encoding="utf-8").splitlines())
            for line in block.text.splitlines():
                if line not in lines:  # continues after the line that was found last
                    self.fail(place, f"{block.source} does not have, in this order: {line}")
                    break
        elif block.language == "sh":
            if block.text.strip() in NOT_RUN:
                self.left_out.add(block.text.strip())
            else:
                self.expect(place, block.text, scratch.shell(block.text))
        elif block.language in ("python", "r"):
            self.run_program(place, block, scratch)
        elif block.language in ("toml", "csv") and block.words:
            scratch.write(block.words[0], block.text)
            if block.language == "toml":
                self.expect(place, block.text, scratch.run(str(self.program), "plan", block.words[0]))
        elif block.language not in ("text", "mermaid"):
            self.fail(place, f"what is a block `{' '.join([block.language, *block.words])}`? See docs/CONTRIBUTING.md")

    def run_program(self, place, block, scratch):
        """Runs a block of Python or R if everything that it loads is installed."""
        if block.language == "python":
            loaded = sorted({node.split(".")[0].split(" as ")[0].strip() for line in block.text.splitlines()
                             if (match := re.match(r"(?:import (.+)|from (\S+) import .*)$", line))
                             for node in (match[1] or match[2]).split(",")})
            missing = [name for name in loaded if importlib.util.find_spec(name) is None]
            command = (sys.executable, "-c", block.text)
        else:
            loaded = sorted({one or other for one, other in R_PACKAGE.findall(block.text)})
            has = 'for (p in commandArgs(TRUE)) if (!requireNamespace(p, quietly = TRUE)) cat(p, "")'
            missing = (["Rscript"] if shutil.which("Rscript") is None else
                       subprocess.run(["Rscript", "-e", has, *loaded], capture_output=True, text=True,
                                      check=False).stdout.split())
            command = ("Rscript", "-e", block.text)
        if missing:
            self.left_out.add(f"{place}, {block.language}: not installed here: {', '.join(missing)}")
        else:
            self.expect(place, block.text, scratch.run(*command))

    def help_of(self, *command):
        if command not in self.helps:
            done = subprocess.run([self.program, *command, "--help"], capture_output=True, text=True, check=False)
            self.helps[command] = done.stdout if done.returncode == 0 else ""
        return self.helps[command]

    def check_usage(self, place, command, rest):
        """Checks a usage in the text, such as `modsweep run SWEEP.toml [-o FILE.db]`: the command and its options
        exist."""
        self.ran += 1
        text = self.help_of(command)
        if not text:
            self.fail(place, f"there is no command `modsweep {command}`")
            return
        inner = [word for word in re.findall(r"[a-z]+", rest) if re.search(rf"^  {word} +[A-Z]", text, re.MULTILINE)]
        known = text + "".join(self.help_of(command, word) for word in inner)
        for option in re.findall(r"(?<!\S)\[?(--?[a-z][a-z-]*)", rest):
            if not re.search(rf"(?<![\w-]){option}(?![\w-])", known):
                self.fail(place, f"`modsweep {command}` has no option {option}")

    # ---- Sweep files and help.

    def check_command(self, place, command, scratch):
        if command in NOT_RUN:
            self.left_out.add(command)
        else:
            self.expect(place, command, scratch.shell(command))

    def check_sweeps(self):
        """The commands in each file's first lines; for a file without any, the command that trains it."""
        scratch = self.new_scratch("sweep-files")
        for path in sorted((self.root / "sweeps").glob("*.toml")):
            head = re.match(r"(?:#.*\n)*", path.read_text(encoding="utf-8"))[0]
            commands = re.findall(r"(?m)^#     (modsweep .*)$", re.sub(r" *\\\n# *", " ", head))
            for command in commands or [f"modsweep run sweeps/{path.name}"]:
                self.check_command(f"sweeps/{path.name}:1", command, scratch)
        return scratch

    def check_helps(self, scratch, commands=()):
        """The examples in the help of a command and of its subcommands."""
        text = self.help_of(*commands)
        place = " ".join(["modsweep", *commands, "--help"])
        if not text:
            self.fail(place, "there is no help")
        for example in re.findall(r"(?m)^  (modsweep .*)$", text):
            self.check_command(place, example, scratch)
        below = text.partition("\nSubcommands:\n")[2].partition("\n\n")[0]
        for command in re.findall(r"(?m)^  ([a-z]\S*) ", below):
            self.check_helps(scratch, (*commands, command))


def rename_tensors(source, target, name):
    """A copy of a safetensors file whose first tensor is renamed."""
    content = source.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + size])
    first = next(key for key, value in header.items() if key != "__metadata__" and len(value["shape"]) == 2)
    header[name] = header.pop(first)
    text = json.dumps(header).encode()
    target.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + size:])


def add_files_of_examples(scratch):
    """Files that the examples of help texts assume, besides the stores of the sweep files."""
    sweep = (scratch.folder / "sweeps/quickstart.toml").read_text(encoding="utf-8")
    scratch.write("sweep.toml", sweep.replace('name = "quickstart"', 'name = "sweep"'))
    code, output = scratch.shell("""
        for part in 1 2 3 4 5 6 7 8; do modsweep run sweep.toml --shard $part/8 --quiet; done
        mkdir stores && cp fig03.db stores
        modsweep weights quickstart.db --cell any -o network.safetensors""")
    if code != 0:
        sys.exit(f"the files of the examples cannot be made: {output}")
    rename_tensors(scratch.folder / "network.safetensors", scratch.folder / "model.safetensors", "encoder.fc1.weight")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: check_commands.py ROOT PROGRAM")
    with tempfile.TemporaryDirectory(prefix="modsweep-docs-") as folder:
        root = Path(sys.argv[1]).resolve()
        checker = Checker(root, Path(sys.argv[2]).resolve(), Path(folder))
        readme = checker.check_document(root / "README.md", None)
        for path in sorted((root / "docs").glob("*.md")):
            checker.check_document(path, readme.folder / "quickstart.db")
        scratch = checker.check_sweeps()
        add_files_of_examples(scratch)
        checker.check_helps(scratch)
    for command in NOT_RUN.keys() - checker.left_out:
        checker.fail("check_commands.py", f"nobody prints this any more: {command}")
    for failure in checker.failures:
        print(failure)
    print(f"{checker.ran} commands, snippets and usages, {len(checker.failures)} failures")
    for name in sorted(checker.left_out):
        print(f"not run: {name}" + (f" ({NOT_RUN[name]})" if name in NOT_RUN else ""))
    sys.exit(1 if checker.failures or checker.ran == 0 else 0)


if __name__ == "__main__":
    main()
