"""The texts of the tree, and the parts of a Markdown document. Standard library only."""

import re
from pathlib import Path

# Folders without texts of ours.
SKIPPED_FOLDERS = {".git", ".cache", "__pycache__"}
TEXT_SUFFIXES = {".h", ".cpp", ".cu", ".cuh", ".c", ".in", ".cmake", ".txt", ".md", ".py", ".sh", ".toml", ".json", ".sql"}


def files(root):
    """Every file of the tree except those of builds, as paths below root."""
    found = []
    folders = [root]
    while folders:
        for entry in sorted(folders.pop().iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                built = entry.parent == root and entry.name.startswith("build")
                if entry.name not in SKIPPED_FOLDERS and not built:
                    folders.append(entry)
            else:
                found.append(entry)
    return found


def texts(root):
    """(path, content) of the sources, scripts and documents. Data files cite nothing."""
    for path in files(root):
        relative = path.relative_to(root)
        is_data = relative.parts[:2] == ("tests", "data") and path.suffix != ".md"
        is_record = relative.parts[:2] == ("bench", "results")  # records stay as they were on their day
        is_script = path.parent.name == ".ci"
        if not is_data and not is_record and (path.suffix in TEXT_SUFFIXES or is_script):
            yield path, path.read_text(encoding="utf-8")


class Block:
    """A fenced block: its language, the words after the language, the line and the text of its content. `source`: the
    file that it is copied from, if a line `<!-- from FILE -->` precedes it."""

    def __init__(self, info, source, line):
        words = info.split()
        self.language = words[0] if words else ""
        self.words = words[1:]
        self.source = source
        self.line = line
        self.text = ""


def blocks(document):
    """The fenced blocks of a Markdown document."""
    found = []
    block = None
    source = None
    for number, line in enumerate(document.splitlines(), start=1):
        fence = re.match(r"```+(.*)$", line)
        if fence and block is None:
            block = Block(fence.group(1), source, number + 1)
        elif fence:
            found.append(block)
            block = None
        elif block is not None:
            block.text += line + "\n"
        marker = re.match(r"<!-- from (\S+) -->$", line)
        source = marker.group(1) if marker else None
    if block is not None:
        raise ValueError(f"line {block.line - 1}: a fenced block without an end")
    return found


def without_blocks(document):
    """The document with fenced blocks blanked: every other character keeps its position."""
    lines = []
    fenced = False
    for line in document.split("\n"):
        fence = line.startswith("```")
        lines.append(" " * len(line) if fenced or fence else line)
        fenced ^= fence
    return "\n".join(lines)


def headings(document):
    """The texts of a Markdown document's headings."""
    return re.findall(r"^#+ +(.*?) *$", without_blocks(document), re.MULTILINE)


def anchor(heading):
    """The anchor that GitHub makes of a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


# Names of files in comments and documents that the tree does not contain.
FOREIGN_NAMES = {"sweep.toml"}  # a user's own sweep file
