"""A store of the previous format (write-ahead log, no hashes): it is read, upgraded, and continued.

As its program left it, and as a kill left it, with nearly everything in the write-ahead log. Readers see all of it and
change nothing. `run` is killed, or its disk is full, at every call of the upgrade; then it continues, and everything is
present.
"""

import errno
import json
import shutil
import signal
import sqlite3

import sweeps
from common import HERE, TRAIN, Failing, Refused, difference, picture, sound

RUN = ("run", "x.toml", "-o", "s.db", *TRAIN)


def make_old(folder, with_log):
    """s.db, and s.db-wal if the store is to be as after a kill."""
    begin, log = (HERE / "format3.sql").read_text().split("-- ----\n")
    made = folder / "made.db"
    connection = sqlite3.connect(made, isolation_level=None)
    connection.executescript(begin)
    if not with_log:
        connection.executescript(log)
    connection.execute("PRAGMA journal_mode = WAL")
    if with_log:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.executescript(log)
        shutil.copy(f"{made}-wal", folder / "s.db-wal")
        shutil.copy(made, folder / "s.db")
    connection.close()
    if not with_log:
        shutil.copy(made, folder / "s.db")
    for left in folder.glob("made.db*"):
        left.unlink()
    (folder / "x.toml").write_text(sweeps.UPGRADED)


def finished_once():
    """The finished cells according to the old store's own view: {cell: {column: value}}."""
    connection = sqlite3.connect(":memory:")
    connection.executescript((HERE / "format3.sql").read_text())
    connection.row_factory = sqlite3.Row
    rows = {row["cell"]: dict(row) for row in connection.execute("SELECT * FROM results")}
    connection.close()
    return rows


class Old:
    """Old stores of both kinds, and their upgraded form without failures."""

    def __init__(self, context, with_log):
        self.context, self.program = context, context.program
        self.name = "killed" if with_log else "ended"
        folder = context.new_folder(f"{self.name}-source")
        make_old(folder, with_log)
        self.files = sorted(folder.iterdir())
        self.cells = finished_once()
        self.calls = {}
        self.wanted = None

    def finished(self, folder, where):
        """The finished cells are present with their numbers, whatever was added since."""
        tally = self.context.tally
        try:
            rows = picture(self.program, folder, tables=("results",), weights=False)["results"]
        except Refused as refused:
            tally.fault("lost", f"{where}: {refused}")
            return
        found = {row["cell"][-16:]: row for row in map(json.loads, rows)}  # without the letter
        for cell, old in self.cells.items():
            new = found.get(cell)
            if new is None:
                tally.fault("lost", f"{where}: {cell} is gone")
                continue
            for column, value in old.items():
                if column in new and isinstance(value, float) and float(new[column]) != value:
                    tally.fault("silent", f"{where}: {cell}: {column} {new[column]} for {value}")

    def unbroken(self):
        """Reads the store, then upgrades it; False if the store is refused."""
        tally, where = self.context.tally, f"upgrade, {self.name}"
        folder = self.context.new_folder(f"{self.name}-read", self.files)
        before = {file.name: file.read_bytes() for file in folder.iterdir()}
        self.finished(folder, f"{where}, read")
        for command in (("status", "s.db"), ("aggregate", "s.db", "--value", "test_loss", "--resamples", "200")):
            tally.told(self.program.run(folder, *command), where, (0,))
        if {name: (folder / name).read_bytes() for name in before if (folder / name).exists()} != before:
            tally.fault("lost", f"{where}: a reader has changed the store or its log")
        folder = self.context.new_folder(f"{self.name}-unbroken", self.files)
        outcome = self.program.run(folder, *RUN)
        if not tally.told(outcome, where, (0,)):
            tally.fault("lost", f"{where}: run does not take it: {outcome}")
            return False
        self.finished(folder, f"{where}, taken over")
        self.wanted = picture(self.program, folder)
        self.calls = self.program.calls(self.context.new_folder(f"{self.name}-calls", self.files), *RUN)
        return True


def attack(context):
    tally = context.tally
    olds = {old.name: old for old in (Old(context, False), Old(context, True)) if old.unbroken()}
    if len(olds) == 2:
        wrong = difference(olds["killed"].wanted, olds["ended"].wanted)
        if wrong:
            tally.fault("lost", f"upgrade: the store with its log ends otherwise than the one without: {wrong}")
    items = []
    for old in olds.values():
        found = [(old, Failing(kind, call, code, bool(code), torn)) for kind, count in old.calls.items()
                 for call in range(1, count + 1) for code, torn in ((0, False), (0, True), (errno.ENOSPC, False))
                 if kind == "write" or not torn]
        items += found if context.long else context.random(old.name).sample(found, min(12, len(found)))

    def item(index, of):
        old, failing = of
        where = f"upgrade item {index} ({old.name}, {failing})"
        folder = context.new_folder(index, old.files)
        outcome = context.program.run(folder, *RUN, failing=failing)
        if failing.code == 0 and outcome.signal == signal.SIGKILL and not outcome.hung:
            tally.count("kills")
        else:
            tally.told_of(failing, outcome, where, ("s.db",))
            tally.count("full disks")
        old.finished(folder, f"{where}, read afterwards")
        outcome = context.program.run(folder, *RUN)
        if tally.told(outcome, f"{where}, gone on", (0,)):
            tally.faults_of(where, sound(context.program, folder, "s.db", old.wanted, ("s.db", "x.toml")))
        elif outcome.code is not None:
            tally.fault("lost", f"{where}: cannot go on: {outcome}")
        context.drop(folder)

    context.each(items, item)
