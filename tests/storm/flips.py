"""Flipped bits and truncations of a finished and of an interrupted store.

Every reader, merge and run either return the same as for the sound store, or name the broken file in one line (exit code 2
or 3): never another number with exit code 0. Columns and lines about the run (seconds, engine, device, the report's date
and times) are not compared; names of sweeps and columns are. Half of the flips hit any byte, half hit bytes that are not 0:
much of a small store is empty.
"""

import os
import re
import signal
import time

import sweeps
from common import TABLES, TRAIN, Refused, difference, picture, rows_of, tensors_of

AGGREGATE = ("--value", "test_loss", "gap_live_layer1", "--resamples", "200", "--format", "csv")
READERS = {
    "status": ("status", "s.db"),
    **{f"export {table}": ("export", "s.db", "--table", table, "--format", "jsonl") for table in TABLES},
    "aggregate": ("aggregate", "s.db", *AGGREGATE),
    "aggregate history": ("aggregate", "s.db", "--table", "history", *AGGREGATE),
    "fit": ("fit", "s.db", *sweeps.FIT, "--no-save"),
    "reproduce": ("reproduce", "s.db", "--resamples", "200"),
}
RUN = ("run", "x.toml", "-o", "s.db", *TRAIN)


class Kept:
    """A command's output, reduced to the numbers of networks."""

    @staticmethod
    def of(name, outcome):
        if name.startswith("export"):
            return rows_of(outcome)
        text = outcome.out.decode(errors="replace")
        if name == "status":  # the rows of sweeps: name, id, counts
            return [line.split() for line in text.splitlines() if re.search(r"\s[0-9a-f]{16}\s", line)]
        if name == "reproduce":
            text = re.sub(r"(?m)^Made by .*$|, engine .* of training", "", text)
        return text


class Base:
    """A sound store: its bytes, the output of each reader, and its picture after `run` has continued it."""

    def __init__(self, context, name, folder):
        self.name, self.program = name, context.program
        self.data = (folder / "s.db").read_bytes()
        self.sweep = (folder / "x.toml").read_bytes()
        self.filled = [at for at, byte in enumerate(self.data) if byte]
        self.said = {}
        for reader, command in READERS.items():
            outcome = self.program.run(folder, *command)
            if outcome.code != 0:
                raise RuntimeError(f"a sound store is refused: {outcome}")
            self.said[reader] = Kept.of(reader, outcome)
        self.picture = picture(self.program, folder)
        self.cells = sorted(self.picture["weights"])
        if self.program.merges:
            merge = self.program.run(folder, "merge", "out.db", "s.db")
            if merge.code != 0:
                raise RuntimeError(f"a sound store is refused: {merge}")
            self.merged = picture(self.program, folder, "out.db")
            os.unlink(folder / "out.db")
        outcome = self.program.run(folder, *RUN)
        if outcome.code != 0:
            raise RuntimeError(f"a sound store is refused: {outcome}")
        self.final = picture(self.program, folder)

    def folder(self, context, name, data):
        folder = context.new_folder(name)
        (folder / "s.db").write_bytes(data)
        (folder / "x.toml").write_bytes(self.sweep)
        return folder


def interrupted(context):
    """A store with finished cells, and with checkpoints of others: TERM ended its run halfway."""
    program = context.program
    for wait in [0.05 * number for number in range(1, 60)]:
        folder = context.new_folder(f"interrupted-{wait:.2f}")
        (folder / "x.toml").write_text(sweeps.FLIPPED)
        process = program.start(folder, *RUN, "--checkpoint-seconds", "0.05")
        time.sleep(wait)
        process.send_signal(signal.SIGTERM)
        program.finish(process, RUN)
        try:
            rows = picture(program, folder, tables=("cells",), weights=False)["cells"]
        except Refused:
            continue
        running, done = (sum(f'"status": "{status}"' in row for row in rows) for status in ("running", "done"))
        if running >= 4 and done >= 4:
            return folder
    raise RuntimeError("no moment leaves finished and running cells")


def bases(context):
    folder = context.new_folder("finished")
    (folder / "x.toml").write_text(sweeps.FLIPPED)
    for command in (RUN, ("fit", "s.db", *sweeps.FIT)):
        outcome = context.program.run(folder, *command)
        if outcome.code != 0:
            raise RuntimeError(f"an unbroken command failed: {outcome}")
    yield Base(context, "finished", folder)
    yield Base(context, "interrupted", interrupted(context))


class Inspection:
    """One broken store, and how every command reacts to it."""

    def __init__(self, context, base, folder, where, limit):
        self.context, self.base, self.folder, self.where, self.limit = context, base, folder, where, limit
        self.refused = self.silent = self.named = 0
        self.held = True  # no command has misbehaved yet: the same error of all commands counts as one fault

    def judge(self, outcome, where, name):
        if self.held or outcome.code is None:
            self.held = self.context.tally.told(outcome, where, names=(name,))
        self.refused += outcome.code != 0
        self.named += bool(re.search(r"\bc?[0-9a-f]{16}\b", outcome.err))

    def command(self, *command):
        outcome = self.context.program.run(self.folder, *command, limit=self.limit)
        self.judge(outcome, self.where, "s.db")
        return outcome

    def differs(self, what, text):
        self.silent += 1
        self.context.tally.fault("silent", f"{self.where}: {what}: {text}")

    def compare(self, found, wanted, what):
        wrong = difference(found, wanted)
        if wrong:
            self.differs(what, wrong)

    def readers(self):
        for reader, command in READERS.items():
            outcome = self.command(*command)
            if outcome.code != 0:
                continue
            kept, wanted = Kept.of(reader, outcome), self.base.said[reader]
            if reader.startswith("export"):
                self.compare({reader: kept}, {reader: wanted}, "exit code 0")
            elif kept != wanted:
                pairs = zip(kept.splitlines(), wanted.splitlines()) if isinstance(kept, str) else zip(kept, wanted)
                first = next((f"{a} for {b}" for a, b in pairs if a != b), "another number of lines")
                self.differs(f"{reader}, exit code 0", first[:200])
        for cell in self.base.cells:
            outcome = self.command("weights", "s.db", "--cell", cell, "-o", "w.safetensors")
            wanted = self.base.picture["weights"][cell]
            if outcome.code == 0 and tensors_of((self.folder / "w.safetensors").read_bytes()) != wanted:
                self.differs("weights, exit code 0", f"tensors of {cell} differ")

    def after(self, store, wanted, what):
        """A store that was written with exit code 0 must be right, or be refused by its readers."""
        try:
            self.compare(picture(self.context.program, self.folder, store, limit=self.limit), wanted, what)
        except Refused as refused:
            self.judge(refused.outcome, f"{self.where}, {what}", store)

    def all(self):
        data = (self.folder / "s.db").read_bytes()
        self.readers()
        if (self.folder / "s.db").read_bytes() != data:
            self.context.tally.fault("lost", f"{self.where}: a reader has changed the store")
        if self.context.program.merges and self.command("merge", "out.db", "s.db").code == 0:
            self.after("out.db", self.base.merged, "after merge with exit code 0")
        if self.command(*RUN).code == 0:
            self.after("s.db", self.base.final, "after run with exit code 0")


def attack(context):
    tally, told = context.tally, list(bases(context))
    if not context.program.merges:
        tally.not_run.append("merge (no such command)")
    limit = context.number(60.0, 20.0)

    def broken(index, of):
        what, base = of
        random, data = context.random(index), bytearray(base.data)
        if what == "flips":
            at = random.choice(base.filled) if index % 4 < 2 else random.randrange(len(data))
            bit = random.randrange(8)
            data[at] ^= 1 << bit
            where = f"flips item {index} ({base.name}, byte {at}, bit {bit})"
        else:
            size = random.randrange(1, len(data))
            data = data[:size]
            where = f"flips item {index} ({base.name} cut to {size} of {len(base.data)} bytes)"
        inspection = Inspection(context, base, base.folder(context, index, data), where, limit)
        inspection.all()
        context.drop(inspection.folder)
        tally.count(what)
        tally.count("silently wrong" if inspection.silent else "refused" if inspection.refused else "harmless")
        tally.count("of them naming a cell", bool(inspection.named))

    items = [("flips", told[number % 2]) for number in range(context.number(1000, 40))]
    items += [("truncations", told[number % 2]) for number in range(context.number(200, 8))]
    context.each(items, broken)
