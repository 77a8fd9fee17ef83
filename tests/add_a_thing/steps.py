"""The steps that add a thing: read from NAME/steps.toml beside this file, applied to a tree, shown as a table.

The keys of steps.toml:
  thing    what is added, as the table calls it
  name     the name of the example, which replaces NAME everywhere
  type     the name of its type, which replaces TYPE
  write    the new file
  example  the file that the new file is copied from; by default the file of the same name in the folder of steps.toml
  what     the content of the new file
  walked   the tests that cover a new entry without further work
  test     another new file, if those tests need values for the entry
  line     lines to add: text, into (a file), and the position, given by the text with which a line there begins
             below: after the last line that begins with this text
             list: at the end of the list that begins with this text, above its last line, which begins with ")" or "/*"
             neither: at the end of the file
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
# In the order of the table.
THINGS = ("activation", "penalty_of_sums", "penalty_by_length", "task", "measurement", "layer_measurement",
          "table_measurement", "command", "plot", "claim")


@dataclass
class Line:
    text: str
    into: str
    below: str = ""
    list: str = ""


@dataclass
class Steps:
    folder: str
    thing: str
    name: str
    write: str
    what: str
    walked: str
    lines: list[Line]
    type: str = ""
    test: str = ""
    example: str = ""

    def named(self, text):
        return text.replace("NAME", self.name).replace("TYPE", self.type)

    def source(self, path):
        """The file that a new file is copied from."""
        if self.example and path == self.write:
            return HERE.parents[1] / self.named(self.example)
        return HERE / self.folder / Path(self.named(path)).name


def read_steps():
    """The steps of every thing. Raises ValueError if a folder is not listed or has unknown steps."""
    folders = {path.parent.name for path in HERE.glob("*/steps.toml")}
    if folders - set(THINGS):
        raise ValueError(f"{HERE}/steps.py: THINGS does not list {', '.join(sorted(folders - set(THINGS)))}")
    found = []
    for folder in (folder for folder in THINGS if folder in folders):
        content = tomllib.loads((HERE / folder / "steps.toml").read_text(encoding="utf-8"))
        lines = [Line(**line) for line in content.pop("line")]
        found.append(Steps(folder=folder, lines=lines, **content))
    return found


def place(path, lines, line):
    """The index in `lines` at which a new line is inserted."""
    begins = line.below or line.list
    if not begins:
        return len(lines)
    found = [number for number, text in enumerate(lines) if text.strip().startswith(begins)]
    if not found:
        raise ValueError(f"{path}: no line begins with {begins!r}")
    if line.below:
        return found[-1] + 1
    for number in range(found[0] + 1, len(lines)):
        if lines[number].strip().startswith((")", "/*")):
            return number
    raise ValueError(f"{path}: the list that begins with {begins!r} has no end")


def insert(path, line, text):
    """Inserts a line into a file, indented like the line above it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    at = place(path, lines, line)
    above = lines[at - 1]
    lines.insert(at, above[: len(above) - len(above.lstrip())] + text)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def apply(steps, tree):
    """Adds the example to a tree, by exactly the steps in the table."""
    for path in filter(None, (steps.write, steps.test)):
        target = tree / steps.named(path)
        if target.exists():
            raise ValueError(f"{target} is there already")
        target.write_text(steps.source(path).read_text(encoding="utf-8"), encoding="utf-8")
    for line in steps.lines:
        insert(tree / line.into, line, steps.named(line.text))


def where_text(line):
    return "below the others in" if line.below else "at the end of the list in" if line.list else "at the end of"


def table(all_steps):
    """The table of docs/CONTRIBUTING.md, a text of several lines."""
    rows = ["| to add | write | add a line | tests that it meets by itself |", "| --- | --- | --- | --- |"]
    for steps in all_steps:
        example = f"[{steps.name}](../{steps.source(steps.write).relative_to(HERE.parents[1])})"
        lines = "; ".join(f"`{line.text}` {where_text(line)} `{line.into}`" for line in steps.lines)
        rows.append(f"| {steps.thing} | `{steps.write}`: {steps.what}; example: {example} | {lines} | {steps.walked} |")
    return "\n".join(rows) + "\n"
