"""Four shards, killed again and again, then merged: the result is that of one process without kills.

Also: the same shard twice, another N the second time, every order, merge again; broken, foreign, newer, older stores
among the inputs; merge itself killed and its disk full at every call.
"""

import errno
import signal
import sqlite3

import sweeps
from common import ROOT, TRAIN, Failing, Refused, difference, integrity, picture
from kills import Growing, Story, kill_once

COUNT = 4
AT_ONCE = (40, 20)  # kills per item: long, short
OLD_STORE = ROOT / "tests/storm/format3.sql"


def run_of(shard, of, store):
    return ("run", "x.toml", "--shard", f"{shard}/{of}", "-o", store, *TRAIN, "--checkpoint-seconds", "0.05")


def name_of(shard, of=COUNT):
    return f"shard-{shard}-of-{of}.db"


class Shards:
    """The finished shards of a small sweep, in a folder of their own, and their merged picture."""

    def __init__(self, context, sweep, name):
        self.context, self.program = context, context.program
        folder = context.new_folder(name)
        (folder / "x.toml").write_text(sweep)
        self.run(folder, "run", "x.toml", "-o", "s.db", *TRAIN)
        self.sweep = folder / "x.toml"
        self.wanted = {table: rows for table, rows in picture(self.program, folder).items() if table != "fits"}
        self.folder = context.new_folder(f"{name}-shards", [self.sweep])
        for shard in range(1, COUNT + 1):
            self.run(self.folder, *run_of(shard, COUNT, name_of(shard)))
        self.names = [name_of(shard) for shard in range(1, COUNT + 1)]
        self.files = [self.folder / name for name in self.names]

    def run(self, folder, *command):
        outcome = self.program.run(folder, *command)
        if outcome.code != 0:
            raise RuntimeError(f"an unbroken command failed: {outcome}")

    def whole(self, folder, where, store="out.db"):
        """OUT must equal the store that was trained without kills."""
        tally = self.context.tally
        try:
            wrong = difference(picture(self.program, folder, store), self.wanted)
        except Refused as refused:
            wrong = str(refused)
        checked = integrity(folder / store)
        if wrong or checked != "ok":
            tally.fault("lost", f"{where}: {wrong or checked}")
        left = [file.name for file in folder.iterdir() if file.name.startswith(store) and file.name != store]
        if left:
            tally.fault("untidy", f"{where}: left behind: {', '.join(left)}")

    def merge(self, folder, where, *names):
        outcome = self.program.run(folder, "merge", "out.db", *names)
        if self.context.tally.told(outcome, where, (0,)):
            self.whole(folder, where)
        elif outcome.code is not None:
            self.context.tally.fault("lost", f"{where}: nothing is merged")
        self.context.tally.count("merges compared")


def kills(context, shards):
    """Shards that are killed about ten times each, in random order, then merged."""
    tally = context.tally
    commands = {shard: run_of(shard, COUNT, name_of(shard)) for shard in range(1, COUNT + 1)}
    stories = {}
    for shard, command in commands.items():
        stories[shard] = Story(f"shard-{shard}", [shards.sweep], command, (0,), shards.wanted, store=name_of(shard))
        stories[shard].measure(context)

    def item(index, kills_left):
        random = context.random("kills", index)
        life = 0
        while kills_left:
            folder = context.new_folder(f"kills-{index}-{life}", [shards.sweep])
            where = f"shards item {index} (kills, {folder.name})"
            life += 1
            checks = {shard: Growing(context, stories[shard]) for shard in stories}
            left = list(stories)
            while left and kills_left:
                shard = random.choice(left)
                outcome = kill_once(context, folder, stories[shard], random)
                if outcome is not None:
                    tally.told(outcome, where, (0,))
                    left.remove(shard)
                    continue
                kills_left -= 1
                tally.count("kills")
                checks[shard].check(folder, where)
            # A dead shard may be merged as it is, once it has a state: `run` on OUT continues from there.
            alive = [name_of(shard) for shard in stories if shard not in left or checks[shard].seen is not None]
            if left and alive and random.random() < 0.5:
                for command in (("merge", "out.db", *alive), ("run", "x.toml", "-o", "out.db", *TRAIN)):
                    tally.told(context.program.run(folder, *command), f"{where}, dead shards merged", (0,))
                shards.whole(folder, f"{where}, dead shards merged and gone on")
                tally.count("merges compared")
            else:
                for shard in left:
                    tally.told(context.program.run(folder, *commands[shard]), where, (0,))
                names = list(map(name_of, stories))
                random.shuffle(names)
                shards.merge(folder, where, *names)
            context.drop(folder)

    total, at_once = context.number(1000, 20), context.number(*AT_ONCE)
    context.each([at_once] * (total // at_once), item)


def agreements(context, shards):
    """Merges that must all give the same result."""
    random = context.random("agreements")
    for number in range(context.number(12, 2)):
        names = random.sample(shards.names, COUNT)
        shards.merge(context.new_folder(f"order-{number}", shards.files), f"shards: order {' '.join(names)}", *names)
    folder = context.new_folder("twice", shards.files)
    shards.merge(folder, "shards: one of them twice", *shards.names, shards.names[1])
    shards.merge(folder, "shards: merged again", *shards.names)
    shards.merge(folder, "shards: one merged again", shards.names[2])
    folder = context.new_folder("one-by-one", shards.files)
    for name in shards.names[:-1]:
        context.tally.told(context.program.run(folder, "merge", "out.db", name), f"shards: {name} alone", (0,))
    shards.merge(folder, "shards: one after the other", shards.names[-1])
    folder = context.new_folder("out-among-them", shards.files)
    context.program.run(folder, "merge", "out.db", *shards.names[:2])
    outcome = context.program.run(folder, "merge", "out.db", "out.db", *shards.names)
    if context.tally.told(outcome, "shards: OUT among its inputs", (0, 2)):
        shards.merge(folder, "shards: OUT among its inputs", *shards.names)
    # Three shards of another deal, one of them unfinished, beside two of the first.
    folder = context.new_folder("another-n", [shards.sweep, *shards.files[:2]])
    others = [name_of(shard, 3) for shard in (1, 2, 3)]
    for shard, other in enumerate(others, 1):
        context.tally.told(context.program.run(folder, *run_of(shard, 3, other)), "shards: another N", (0,))
    shards.merge(folder, "shards: another N", *shards.names[:2], *others)
    context.tally.count("another N")


def make_foreign(folder):
    """Files that are not shards: {name: may merge accept it?}."""
    whole = (folder / name_of(1)).read_bytes()
    (folder / "text.db").write_text("just some notes\n" * 400)
    (folder / "short.db").write_bytes(whole[:len(whole) // 2])
    (folder / "header.db").write_bytes(whole[:60])
    (folder / "newer.db").write_bytes(whole)
    connection = sqlite3.connect(folder / "newer.db")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.close()
    connection = sqlite3.connect(folder / "foreign.db")
    connection.executescript("CREATE TABLE cells (id TEXT, name TEXT); INSERT INTO cells VALUES ('a', 'b');")
    connection.close()
    (folder / "dir.db").mkdir()
    return ("text.db", "short.db", "header.db", "newer.db", "foreign.db", "dir.db", "none.db")


def strangers(context, shards):
    """An input that is not a shard is refused by name, and OUT is unchanged."""
    tally = context.tally
    for before in (False, True):
        for place in (0, 2, COUNT):
            folder = context.new_folder(f"strangers-{before}-{place}", shards.files)
            for stranger in make_foreign(folder):
                if before:
                    context.program.run(folder, "merge", "out.db", shards.names[0])
                data = (folder / "out.db").read_bytes() if before else None
                names = [*shards.names[:place], stranger, *shards.names[place:]]
                files = set(folder.iterdir())
                where = f"shards: {stranger} as input {place + 1}, {'with' if before else 'without'} an OUT"
                outcome = context.program.run(folder, "merge", "out.db", *names)
                tally.count("strangers")
                tally.told(outcome, where, (2,), names=(stranger,))
                now = (folder / "out.db").read_bytes() if (folder / "out.db").exists() else None
                if now != data:
                    tally.fault("lost", f"{where}: OUT is not what it was")
                if set(folder.iterdir()) - files - {folder / "out.db"}:
                    tally.fault("untidy", f"{where}: left behind: {set(folder.iterdir()) - files}")
                (folder / "out.db").unlink(missing_ok=True)
    # A store of the previous format: accepted, or refused like a foreign file.
    folder = context.new_folder("older", shards.files)
    connection = sqlite3.connect(folder / "older.db")
    connection.executescript(OLD_STORE.read_text())
    connection.close()
    data = (folder / "older.db").read_bytes()
    outcome = context.program.run(folder, "merge", "out.db", *shards.names, "older.db")
    tally.count("strangers")
    if tally.told(outcome, "shards: an older store", (0, 2), names=("older.db",)) and outcome.code == 0:
        old = picture(context.program, folder, "older.db", tables=("results", "history", "spectra", "cells"))
        found = picture(context.program, folder, "out.db", tables=("results", "history", "spectra"), weights=False)
        # Other sweeps have other columns in one table of results: only checks that every cell is present.
        for table in ("history", "spectra"):
            if len(found[table]) != len(old[table]) + len(shards.wanted[table]):
                tally.fault("lost", f"shards: an older store: {len(found[table])} rows of {table}")
    if (folder / "older.db").read_bytes() != data:
        tally.fault("lost", "shards: merge has changed an older store that it read")


def broken_merges(context, shards):
    """SIGKILL and a full disk at every call of merge: OUT is as it was, or complete; the next merge completes it."""
    tally, program = context.tally, context.program
    half_folder = context.new_folder("half", shards.files)
    program.run(half_folder, "merge", "out.db", *shards.names[:2])
    half = picture(program, half_folder, "out.db", weights=False)
    starts = {"new": shards.files, "onto": [*shards.files, half_folder / "out.db"]}
    command = ("merge", "out.db", *shards.names)
    items = []
    for start, files in starts.items():
        calls = program.calls(context.new_folder(f"calls-{start}", files), *command)
        found = [(start, Failing(kind, call, code, lasting=bool(code), torn=torn))
                 for kind, count in calls.items() for call in range(1, count + 1)
                 for code, torn in ((0, False), (0, True), (errno.ENOSPC, False))
                 if kind == "write" or not (torn or code)]
        items += found if context.long else context.random(start).sample(found, min(len(found), 12))

    def item(index, of):
        start, failing = of
        where = f"shards item {index} (merge {start}, {failing})"
        folder = context.new_folder(f"broken-{index}", starts[start])
        outcome = program.run(folder, *command, failing=failing)
        tally.count("broken merges")
        if not (failing.code == 0 and outcome.signal == signal.SIGKILL and not outcome.hung):
            tally.told_of(failing, outcome, where, ("out.db", *shards.names))
        if start == "onto" or (folder / "out.db").exists():
            try:
                found = picture(program, folder, "out.db", weights=False)
                wrong = difference(found, {table: rows for table, rows in shards.wanted.items() if table != "weights"})
                if wrong and (start == "new" or difference(found, half)):
                    tally.fault("lost", f"{where}: OUT is neither as it was nor whole: {wrong}")
            except Refused as refused:
                tally.fault("lost", f"{where}: {refused}")
        shards.merge(folder, f"{where}, again", *shards.names)
        context.drop(folder)

    context.each(items, item)


def attack(context):
    if not (context.program.merges and context.program.shards):
        context.tally.not_run.append("this program has no merge or no run --shard")
        return
    large = Shards(context, sweeps.SHARDED, "large")
    kills(context, large)
    small = Shards(context, sweeps.SMALL_SHARDS, "small")
    agreements(context, small)
    strangers(context, small)
    broken_merges(context, small)
