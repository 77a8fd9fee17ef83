"""Shared by the attacks: the program as a user runs it, failing calls, pictures of a store, counts of faults."""

import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TABLES = ("results", "history", "spectra", "cells", "fits")
# Columns about the run, not about the network; all other columns must be bit-identical.
BOOKKEEPING = {"seconds", "engine", "device", "devices", "created", "run", "runs", "program", "version", "commit",
               "host"}
TRAIN = ("--engine", "cpu", "--threads", "1", "--quiet")  # one thread: an attack keeps the other processors busy
FOREVER = 60.0  # seconds after which a command counts as hung
# Exit codes for success, for wrong input, and for a lasting error of the machine.
TOLD = (0, 2, 3)


class Outcome:
    """How a command ended: exit code or signal, output, errors."""

    def __init__(self, command, code, out, err, hung=False):
        self.command, self.out, self.hung = command, out, hung
        self.err = err.decode(errors="replace")
        self.signal = -code if code < 0 and not hung else 0
        self.code = code if code >= 0 else None

    def __str__(self):
        how = "ran for ever" if self.hung else f"signal {self.signal}" if self.signal else f"exit code {self.code}"
        return f"{' '.join(map(str, self.command))}: {how}: {self.err.strip()[-300:]}"


class Failing:
    """The shim's settings: which call fails, and how. `code` 0 kills the process at the call."""

    def __init__(self, kind, call, code=0, lasting=False, torn=False):
        self.kind, self.call, self.code, self.lasting, self.torn = kind, call, code, lasting, torn

    def __str__(self):
        how = os.strerror(self.code) if self.code else "SIGKILL"
        return f"{self.kind} {self.call}{' and later' if self.lasting else ''}{' torn' if self.torn else ''}: {how}"


class Program:
    """modsweep, run in a folder. Its cache of engine speeds goes into `home`, not into the user's home."""

    def __init__(self, path, home):
        self.path = pathlib.Path(path).resolve()
        self.home = home
        self.shim = home / "shim.so"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", self.shim, HERE / "shim.c", "-ldl"], check=True)
        self.environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "LC_ALL": "C"}
        clusters = ("SLURM_", "OMPI_", "PMI_", "JOB_COMPLETION")  # ours must not affect the program
        self.environment = {key: value for key, value in self.environment.items() if not key.startswith(clusters)}
        self.merges = self.knows("merge")
        self.shards = b"--shard" in subprocess.run([self.path, "run", "--help"], capture_output=True).stdout
        self.version = subprocess.run([self.path, "--version"], capture_output=True, text=True).stdout.partition("\n")[0]

    def knows(self, command):
        """Whether the program lists the command; `COMMAND --help` alone would also succeed without it."""
        listed = subprocess.run([self.path, "--help"], capture_output=True, text=True).stdout
        return any(line.split()[:1] == [command] for line in listed.splitlines())

    def start(self, folder, *command, failing=None, counts=None, mark=None):
        environment = dict(self.environment)
        if failing or counts:
            failing = failing or Failing("write", 0)
            environment |= {"LD_PRELOAD": str(self.shim), "STORM_FOLDER": str(pathlib.Path(folder).resolve()),
                            "STORM_KIND": failing.kind, "STORM_CALL": str(failing.call),
                            "STORM_ERRNO": str(failing.code), "STORM_ON": str(int(failing.lasting)),
                            "STORM_TORN": str(int(failing.torn))}
            environment |= {"STORM_COUNTS": str(counts)} if counts else {}
            environment |= {"STORM_MARK": str(mark)} if mark else {}
        return subprocess.Popen([self.path, *map(str, command)], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, process, command, limit=FOREVER):
        try:
            out, err = process.communicate(timeout=limit)
            return Outcome(command, process.returncode, out, err)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            return Outcome(command, -signal.SIGKILL, out, err, hung=True)

    def run(self, folder, *command, limit=FOREVER, **shim):
        return self.finish(self.start(folder, *command, **shim), command, limit)

    def calls(self, folder, *command):
        """How many calls of each kind the command makes below the folder: {kind: count}."""
        counts = self.home / f"counts-{threading.get_ident()}-{time.monotonic_ns()}"
        outcome = self.run(folder, *command, counts=counts)
        if outcome.code is None or outcome.code > 1:
            raise RuntimeError(f"an unbroken command failed: {outcome}")
        lines = [line.split() for line in counts.read_text().splitlines()]
        counts.unlink()
        return {kind: int(count) for kind, count in lines}


def rows_of(outcome):
    """The rows of `export --format jsonl` without bookkeeping; numbers keep their text."""
    rows = []
    for line in outcome.out.splitlines():
        try:
            row = json.loads(line, parse_float=str, parse_int=str)
            kept = {key: value for key, value in row.items() if key not in BOOKKEEPING}
        except (ValueError, AttributeError):
            kept = {"no JSON": line.decode(errors="replace")}
        rows.append(json.dumps(kept, sort_keys=True))
    return sorted(rows)


def tensors_of(data):
    """A safetensors file without its metadata, which describe the run."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return json.dumps(header, sort_keys=True).encode() + data[8 + size:]


def cells_of(picture, status="done"):
    rows = [json.loads(row) for row in picture["cells"]]
    return sorted(str(row["cell"]) for row in rows if row.get("status") == status and "cell" in row)


class Refused(Exception):
    """A reader did not return the requested data; `outcome` has the reason."""

    def __init__(self, outcome):
        super().__init__(str(outcome))
        self.outcome = outcome


def picture(program, folder, store="s.db", tables=TABLES, weights=True, limit=FOREVER):
    """All data of a store about networks: {table: rows, "weights": {cell: tensors}}."""
    found = {}
    for table in tables:
        outcome = program.run(folder, "export", store, "--table", table, "--format", "jsonl", limit=limit)
        if outcome.code != 0:
            raise Refused(outcome)
        found[table] = rows_of(outcome)
    if weights:
        found["weights"] = {}
        target = pathlib.Path(folder).with_name(pathlib.Path(folder).name + ".weights")
        for cell in cells_of(found):
            outcome = program.run(folder, "weights", store, "--cell", cell, "-o", target, limit=limit)
            if outcome.code != 0:
                raise Refused(outcome)
            found["weights"][cell] = tensors_of(target.read_bytes())
            target.unlink()
    return found


def difference(found, wanted):
    """Where two pictures first differ, in words; empty if they are equal."""
    for table, rows in wanted.items():
        other = found.get(table)
        if other == rows:
            continue
        if table == "weights":
            cells = sorted(cell for cell in rows.keys() | other.keys() if rows.get(cell) != other.get(cell))
            return f"weights of {', '.join(cells[:3])}"
        missing = sorted(set(rows) - set(other))
        added = sorted(set(other) - set(rows))
        if missing and added:
            before, after = json.loads(missing[0]), json.loads(added[0])
            keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
            told = ", ".join(f"{key}: {str(after.get(key))[:40]} for {str(before.get(key))[:40]}" for key in keys[:3])
            return f"{table}: {len(missing)} rows differ, {told}"
        return f"{table}: {len(missing)} rows missing, {len(added)} added, {len(rows)} wanted, {len(other)} found"
    return ""


def integrity(path):
    """The result of SQLite's integrity check; "ok" if nothing is wrong."""
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return connection.execute("PRAGMA integrity_check").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        return str(error)


def sound(program, folder, store, wanted, expected):
    """Faults of a store that should be sound: [(kind, text)]. `expected`: the names of files that the folder may
    contain."""
    faults = []

    def look(when):
        left = sorted(set(os.listdir(folder)) - set(expected))
        if left and not faults:
            faults.append(("untidy", f"left behind{when}: {', '.join(left)}"))

    look("")
    try:
        wrong = difference(picture(program, folder, store, tables=[table for table in wanted if table != "weights"],
                                   weights="weights" in wanted), wanted)
        if wrong:
            faults.append(("lost", wrong))
    except Refused as refused:
        faults.append(("lost", str(refused)))
    look(" by readers")
    checked = integrity(pathlib.Path(folder) / store)
    if checked != "ok":
        faults.append(("lost", f"integrity_check: {checked}"))
    return faults


class Tally:
    """Counts of one attack, and its faults. A fault of any kind makes the attack fail."""

    KINDS = ("lost", "silent", "signal", "hung", "untidy", "message")

    def __init__(self, name):
        self.name, self.counts, self.faults = name, collections.Counter(), []
        self.fault_counts = collections.Counter()
        self.not_run = []  # parts for which this program has no command
        self.began, self.seconds, self.lock = time.monotonic(), 0.0, threading.Lock()

    def count(self, what, number=1):
        with self.lock:
            self.counts[what] += number

    def fault(self, kind, text):
        with self.lock:
            self.fault_counts[kind] += 1
            self.faults.append(f"{kind}: {text}")

    def faults_of(self, where, faults):
        for kind, text in faults:
            self.fault(kind, f"{where}: {text}")

    def told(self, outcome, where, codes=TOLD, names=()):
        """Checks the rules for every command: no signal, no hang, one of its exit codes, and on failure one line that
        contains one of `names`. True if the command follows them."""
        if outcome.hung or outcome.signal:
            self.fault("hung" if outcome.hung else "signal", f"{where}: {outcome}")
            return False
        lines = [line for line in outcome.err.splitlines() if line.strip() and not line.startswith("note:")]
        if outcome.code not in codes:
            self.fault("message", f"{where}: {outcome}")
        elif outcome.code > 1 and (len(lines) != 1 or (names and not any(name in lines[0] for name in names))):
            self.fault("message", f"{where}: not one line that names {' or '.join(names) or 'the fault'}: {outcome}")
        else:
            return True
        return False

    def told_of(self, failing, outcome, where, names):
        """The same for a command with a failed call; it must not report another cause."""
        if failing.code and outcome.code and re.search("permission|another program|keeps it locked", outcome.err):
            self.fault("message", f"{where}: another cause is told: {outcome}")
        return self.told(outcome, where, names=names)

    def finish(self):
        self.seconds = time.monotonic() - self.began

    def columns(self):
        """A row of the record: attack, what was done, how many faults of each kind, seconds."""
        done = ", ".join(f"{number:,} {what}" for what, number in self.counts.items())
        done = "; ".join(filter(None, [done, *(f"NOT RUN: {what}" for what in self.not_run)]))
        return [self.name, done, *(self.fault_counts[kind] for kind in self.KINDS), f"{self.seconds:.0f}"]

    def line(self):
        name, done, *faults, seconds = self.columns()
        told = ", ".join(f"{kind} {count}" for kind, count in zip(self.KINDS, faults))
        return f"{name:8} {done}; {told}; {seconds} s"


class Context:
    """The context of an attack: the program, the seed, a folder of its own, the counts, long or short form."""

    def __init__(self, program, seed, folder, tally, long, jobs, item=None, keep=False):
        self.program, self.seed, self.folder, self.tally = program, seed, folder, tally
        self.long, self.jobs, self.item, self.keep = long, jobs, item, keep
        folder.mkdir(parents=True)

    def number(self, long, short):
        return long if self.long else short

    def random(self, *of):
        return random.Random("/".join(map(str, (self.seed, self.tally.name, *of))))

    def new_folder(self, name, files=()):
        """A folder with copies of `files`."""
        folder = self.folder / str(name)
        folder.mkdir()
        for file in files:
            (folder / file.name).write_bytes(file.read_bytes())
        return folder

    def drop(self, folder):
        """Ends the use of a folder."""
        if not self.keep:
            shutil.rmtree(folder)

    def each(self, items, function):
        """Calls function(index, item) for all items, several at a time; or for a single item, if one was requested."""
        items = list(enumerate(items))
        if self.item is not None:
            items = items[self.item:self.item + 1]
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for done in [pool.submit(function, index, item) for index, item in items]:
                done.result()
