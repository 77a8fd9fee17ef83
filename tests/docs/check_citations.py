#!/usr/bin/env python3
"""check_citations.py ROOT: every citation of a document, a section or a file in ROOT leads somewhere.

It reads the sources, scripts, CMake files and documents, and resolves
- documents: NAME.md; `NAME.md section 5` also needs a heading `## 5. ...` in that document;
- Markdown's links, with their anchors;
- files, by name or by path: side_files.cpp, plan/runner.h, tests/storm/storm.py;
- folders: host/plan.
Of sources, scripts and CMake files only the comments count: the rest is the compiler's and the shell's to check.
For each dead one it prints FILE:LINE and what is missing. Exit code 1 where there is any.
"""

import re
import sys
from pathlib import Path

import tree

TOP = r"(?:\.ci|bench|docs|examples|host|include|kernels|sweeps|tests)"  # folders with which a path from the root begins
FOLDER = re.compile(rf"(?<![\w./$}}{{<>*-])((?:\.\./)*{TOP}/(?:[\w+-](?:[\w.+-]*[\w+-])?/?)*)(?![\w{{}}$*<])")
FILE = re.compile(r"(?<![\w./*{}<>$-])((?:\./)?(?:[\w.-]+/)*[\w-]+\.(?:h|cpp|cuh?|py|sh|cmake|toml))(?![\w(/-]|\.\w)")
BASES = ("", "host", "include", "include/modsweep", "kernels", "tests", "bench", "sweeps")  # starts of paths
DOCUMENT = re.compile(r"(?<![\w./-])((?:[\w.-]+/)*[\w-]+\.md)\b")
SECTION = r"\d+(?:\.\d+)*"
SECTIONS = re.compile(rf"((?:[\w.-]+/)*[\w-]+\.md)[)\]`]*,? sections? ({SECTION}(?:(?:, | and | to |-){SECTION})*)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# Names in capitals are placeholders. The names of these documents are in capitals too:
PLACEHOLDER = re.compile(r"(?<![A-Za-z])[A-Z]{2,}(?![a-z])")
CAPITALS = {"CHANGELOG.md", "CONTRIBUTING.md", "README.md"}

C_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|(//[^\n]*|/\*.*?\*/)', re.DOTALL)
HASH_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))(#[^\n]*)")
C_SUFFIXES = {".h", ".cpp", ".cu", ".cuh", ".c", ".in"}


def comments(path, text):
    """The comments of a source, or the text of a document; everything else is blank, so that positions do not
    change."""
    if path.suffix == ".md":
        return tree.without_blocks(text)
    kept = [c if c == "\n" else " " for c in text]
    for match in (C_COMMENT if path.suffix in C_SUFFIXES else HASH_COMMENT).finditer(text):
        if match[1]:
            kept[match.start(1):match.end(1)] = match[1]
    return "".join(kept)


def dense(text):
    """The text as one line, without comment markers at the start of lines, so that a citation may cross lines; and the
    original position of each of its characters."""
    flat = re.sub(r"(?m)^[ \t]*(?:///?<?|#|\*)", lambda mark: " " * len(mark[0]), text).replace("\n", " ")
    places = [i for i, c in enumerate(flat) if c != " " or (i > 0 and flat[i - 1] != " ")]
    return "".join(flat[i] for i in places), places


class Checker:
    def __init__(self, root):
        self.root = root
        self.paths = {path.relative_to(root).as_posix() for path in tree.files(root)}
        self.folders = {parent.as_posix() for path in self.paths for parent in Path(path).parents}
        self.names = {Path(path).name for path in self.paths} | tree.FOREIGN_NAMES
        self.documents = {path: (root / path).read_text(encoding="utf-8") for path in self.paths if path.endswith(".md")}
        # Files that readers of the documents create: blocks have their names.
        self.made = {word for text in self.documents.values() for block in tree.blocks(text) for word in block.words}
        self.checked = 0
        self.dead = []

    def exists(self, path):
        return path.rstrip("/") in self.paths or path.rstrip("/") in self.folders

    def relative(self, source, target):
        """The path from the root for a path from the source's folder; None if it is outside the root."""
        full = (self.root / source).parent.joinpath(target).resolve()
        return full.relative_to(self.root).as_posix() if full.is_relative_to(self.root) else None

    def document(self, source, name):
        """The path of a document that is named relative to the source's folder, the root or docs/."""
        candidates = (self.relative(source, name), name, f"docs/{name}")
        return next((path for path in candidates if path in self.documents), None)

    def check(self, holds, source, text, place, what):
        self.checked += 1
        if not holds:
            self.dead.append(f"{source}:{text.count(chr(10), 0, place) + 1}: {what}")

    def check_documents(self, source, text):
        for match in DOCUMENT.finditer(text):
            if match[1] in CAPITALS or not PLACEHOLDER.search(Path(match[1]).stem):
                self.check(self.document(source, match[1]), source, text, match.start(), f"there is no document {match[1]}")
        line, places = dense(text)
        for match in SECTIONS.finditer(line):
            path = self.document(source, match[1])
            numbers = re.findall(rf"(?m)^#+ ({SECTION})\.? ", self.documents.get(path, ""))
            for number in re.findall(SECTION, match[2]):
                self.check(number in numbers, source, text, places[match.start()], f"{match[1]} has no section {number}")

    def check_links(self, source, text):
        for match in LINK.finditer(text):
            target, _, fragment = match[1].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            path = self.relative(source, target) if target else source
            found = path is not None and (path == "." or self.exists(path))
            self.check(found, source, text, match.start(), f"the link leads to no file: {match[1]}")
            if found and fragment:
                anchors = {tree.anchor(heading) for heading in tree.headings(self.documents.get(path, ""))}
                self.check(fragment in anchors, source, text, match.start(), f"{path} has no heading #{fragment}")

    def check_files(self, source, text):
        for match in FILE.finditer(text):
            path = match[1]
            if PLACEHOLDER.search(path) or path in self.made:
                continue
            near = path.removeprefix("./")
            candidates = [self.relative(source, near)] + [f"{base}/{near}".lstrip("/") for base in BASES]
            found = path in self.names if "/" not in path else any(c is not None and c in self.paths for c in candidates)
            self.check(found, source, text, match.start(), f"there is no file {path}")

    def check_folders(self, source, text):
        for match in FOLDER.finditer(text):
            path = match[1]
            if PLACEHOLDER.search(path.replace("README", "")) or re.search(r"\.\w+$", path):
                continue  # check_files looks files up
            candidates = (self.relative(source, path), path)
            found = any(c is not None and self.exists(c) for c in candidates)
            self.check(found, source, text, match.start(), f"there is no folder {path}")

    def run(self):
        for path, text in tree.texts(self.root):
            source = path.relative_to(self.root).as_posix()
            said = text if path.parent.name == ".ci" else comments(path, text)
            if path.suffix == ".md":
                self.check_links(source, said)
                said = LINK.sub(lambda link: " " * len(link[0]), said)
            self.check_documents(source, said)
            self.check_files(source, said)
            self.check_folders(source, said)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: check_citations.py ROOT")
    checker = Checker(Path(sys.argv[1]).resolve())
    checker.run()
    for line in checker.dead:
        print(line)
    print(f"{checker.checked} citations, {len(checker.dead)} of them dead")
    sys.exit(1 if checker.dead or checker.checked == 0 else 0)


if __name__ == "__main__":
    main()
