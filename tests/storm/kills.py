"""SIGKILL at random moments of run, refine, fit, export -o and merge; then the same command continues.

A kill comes at a moment of the first second, right after the command has created a file, or in place of a write, fsync,
rename, open, unlink or truncation (the moments of a commit). After each kill no earlier result is lost; in the end
everything is as if no kill had happened.
"""

import os
import signal
import time

import sweeps
from common import TRAIN, Failing, Refused, difference, picture, sound

SHARE = {"run": 40, "refine": 15, "fit": 15, "export": 15, "merge": 15}  # percentage of the kills
AT_ONCE = 10  # kills per item


class Story:
    """A command that is killed: the files that it starts from, and its final result."""

    def __init__(self, name, files, command, codes, wanted, store="s.db", makes=()):
        self.name, self.files, self.command, self.codes = name, files, command, codes
        self.wanted, self.store = wanted, store
        self.expected = {file.name for file in files} | {store, *makes}
        self.seconds, self.calls = 0.0, {}

    def measure(self, context):
        """Measures how long the command takes and which calls it makes, without a kill."""
        began = time.monotonic()
        folder = context.new_folder(f"{self.name}-unbroken", self.files)
        self.calls = context.program.calls(folder, *self.command)
        self.seconds = time.monotonic() - began
        return folder


def kill_once(context, folder, story, random):
    """Runs the command until its kill. Returns the outcome if the command ended before."""
    way = random.choice(("moment", "creation", "call"))
    if way == "call":
        kind = random.choice([kind for kind, count in story.calls.items() if count])
        failing = Failing(kind, random.randint(1, story.calls[kind]), torn=random.random() < 0.5)
        outcome = context.program.run(folder, *story.command, failing=failing)
    else:
        before = set(os.listdir(folder))
        process = context.program.start(folder, *story.command)
        if way == "creation":
            deadline = time.monotonic() + 1.0
            while set(os.listdir(folder)) == before and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.0005)
            time.sleep(random.uniform(0.0, 0.01))
        else:
            within = story.seconds if random.random() < 0.3 else min(story.seconds, 1.0)
            time.sleep(random.uniform(0.0, 1.1 * within))
        process.kill()
        outcome = context.program.finish(process, story.command)
    return None if outcome.signal == signal.SIGKILL and not outcome.hung else outcome


class Growing:
    """For a store that is trained: all finished cells are right, and none disappears after it was seen."""

    def __init__(self, context, story):
        self.context, self.story, self.seen = context, story, None

    def check(self, folder, where):
        tally = self.context.tally
        try:
            found = picture(self.context.program, folder, self.story.store, tables=("results", "cells"), weights=False)
        except Refused as refused:
            if refused.outcome.signal or refused.outcome.hung:
                tally.told(refused.outcome, where)
            elif self.seen is not None:
                tally.fault("lost", f"{where}: the store could be read before: {refused}")
            return
        rows = set(found["results"])
        tally.count("of them with work kept", bool(found["cells"]))
        strange = rows - set(self.story.wanted["results"])
        if strange:
            tally.fault("silent", f"{where}: after a kill {min(strange)[:300]}")
        if self.seen is not None and self.seen - rows:
            tally.fault("lost", f"{where}: {len(self.seen - rows)} finished cells are gone after a kill")
        self.seen = rows


class Unchanged:
    """For a command that only adds to a store (fit) or writes elsewhere (export): results stay what they were."""

    def __init__(self, context, story):
        self.context, self.story = context, story

    def check(self, folder, where):
        try:
            wrong = difference(picture(self.context.program, folder, tables=("results",), weights=False),
                               {"results": self.story.wanted["results"]})
        except Refused as refused:
            wrong = str(refused)
        if wrong:
            self.context.tally.fault("lost", f"{where}: after a kill: {wrong}")
        target = folder / "t.csv"
        if target.exists() and target.read_bytes() not in (b"as it was\n", self.story.wanted_target):
            self.context.tally.fault("lost", f"{where}: t.csv is neither as it was nor whole after a kill")


class BeforeOrWhole:
    """For merge: OUT is absent, as it was before, or complete."""

    def __init__(self, context, story):
        self.context, self.story = context, story

    def check(self, folder, where):
        if not (folder / self.story.store).exists():
            return
        try:
            found = picture(self.context.program, folder, self.story.store, weights=False)
        except Refused as refused:
            self.context.tally.fault("lost", f"{where}: after a kill: {refused}")
            return
        wanted = {table: rows for table, rows in self.story.wanted.items() if table in found}
        if difference({table: found[table] for table in wanted}, wanted):
            self.context.tally.fault("lost", f"{where}: after a kill OUT is neither absent nor whole")


def trained(context, name, sweep, command, *options):
    """A store trained without kills, with its sweep file: (files, picture)."""
    folder = context.new_folder(name)
    (folder / "x.toml").write_text(sweep)
    outcome = context.program.run(folder, command, "x.toml", "-o", "s.db", *TRAIN, *options)
    if outcome.code not in (0, 1):
        raise RuntimeError(f"an unbroken command failed: {outcome}")
    return folder, outcome.code


def stories(context):
    program, every = context.program, ("--checkpoint-seconds", "0.05")
    whole, _ = trained(context, "whole", sweeps.KILLED, "run")
    wanted = picture(program, whole)
    yield Story("run", [whole / "x.toml"], ("run", "x.toml", "-o", "s.db", *TRAIN, *every), (0,), wanted), Growing
    refined, code = trained(context, "refined", sweeps.REFINED, "refine", *sweeps.REFINE)
    command = ("refine", "x.toml", "-o", "s.db", *TRAIN, *every, *sweeps.REFINE)
    yield Story("refine", [refined / "x.toml"], command, (code,), picture(program, refined)), Growing
    store = refined / "s.db"
    fit = Story("fit", [store], ("fit", "s.db", *sweeps.FIT), (0,), {})
    fit.wanted_target = b""
    fit.wanted = picture(program, fit.measure(context))
    yield fit, Unchanged
    export = Story("export", [store], ("export", "s.db", "--table", "history", "-o", "t.csv"), (0,),
                   picture(program, refined), makes=["t.csv"])
    export.wanted_target = (export.measure(context) / "t.csv").read_bytes()
    yield export, Unchanged
    if program.merges:
        parts = context.new_folder("parts", [whole / "x.toml"])
        for part in range(3):
            seeds = [seed for seed in (2 * part, 2 * part + 1) if seed < 5]
            program.run(parts, "run", "x.toml", "-o", f"p{part}.db", *TRAIN, "--set",
                        f"training.seed={seeds}".replace(" ", ""))
        names = [f"p{part}.db" for part in range(3)]
        wanted = {table: rows for table, rows in wanted.items() if table != "fits"}
        yield Story("merge", [parts / name for name in names], ("merge", "out.db", *names), (0,), wanted,
                    store="out.db"), BeforeOrWhole


def attack(context):
    tally, told = context.tally, {}
    for story, Check in stories(context):
        if not story.calls:
            story.measure(context)
        told[story.name] = (story, Check)
    if "merge" not in told:
        tally.not_run.append("merge (no such command)")

    def item(index, of):
        name, kills = of
        story, Check = told[name]
        random = context.random(name, index)
        for life in range(kills):
            folder = context.new_folder(f"{name}-{index}-{life}", story.files)
            if name == "export" and random.random() < 0.5:
                (folder / "t.csv").write_text("as it was\n")
            check, where = Check(context, story), f"kills item {index} ({name}, {folder.name})"
            outcome = None
            while kills and outcome is None:
                outcome = kill_once(context, folder, story, random)
                if outcome is None:
                    kills -= 1
                    tally.count("kills")
                    tally.count("of them with work kept", 0)
                    check.check(folder, where)
            outcome = outcome or context.program.run(folder, *story.command)
            if tally.told(outcome, where, story.codes):
                tally.faults_of(where, sound(context.program, folder, story.store, story.wanted, story.expected))
                if name == "export" and (folder / "t.csv").read_bytes() != story.wanted_target:
                    tally.fault("lost", f"{where}: t.csv is not what an unbroken export writes")
            tally.count("ends compared")
            context.drop(folder)
            if not kills:
                return

    total = context.number(500, 40)
    items = []
    for name, share in SHARE.items():
        left = total * share // 100 if name in told else 0
        while left > 0:
            items.append((name, min(left, AT_ONCE)))
            left -= AT_ONCE
    context.each(items, item)
    of_training = sum(kills for name, kills in items if name in ("run", "refine"))
    if context.item is None and 10 * tally.counts["of them with work kept"] < of_training:
        tally.fault("lost", f"kills: {tally.counts['of them with work kept']} of {of_training} have left any work")
