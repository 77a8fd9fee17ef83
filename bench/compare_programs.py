#!/usr/bin/env python3
"""Two builds of the program against each other: the same numbers, and how fast.

    bench/compare_programs.py OLD NEW [--steps N] [--only SWEEP ...]     # every sweep file, shortened: every bit
    bench/compare_programs.py OLD NEW --speed [--rounds N]               # processor time, in turn

Bits: both programs train quickstart as it stands, and every other sweep file with a few steps, on the CPU engine. Compared
are all rows of the tables and views of the two stores, in those columns that both have (the others have to be empty), but for
what differs from run to run: times, hosts, programs, ids of stores, hashes over them. In views an id counts without its letter
and a setting by its value, and numbers of modules are left out: programs count them from the same eigenvalues in their own
ways. Exit code 1: something else differs.

Speed: single networks in the three settings of compare_peers.py, on one thread, and a sweep of 600 cells on all cores. A
round runs both programs, in alternating order; the ratio is that of their processor times. Printed are the median of the
ratios and the 95 % interval of their mean, by Student's t on logarithms.
"""
import argparse
import json
import math
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time

SWEEPS = pathlib.Path(__file__).resolve().parent.parent / "sweeps"
TABLES = ("sweeps", "cells", "measurements", "layers", "eigenvalues", "weights")
VIEWS = ("results", "history", "spectra")
# Columns that differ from run to run, or describe only how a row is stored.
NOT_COMPARED = {"seconds", "run", "hash", "added", "num", "cells_hash", "measurements_hash", "layers_hash",
                "eigenvalues_hash", "weights_hash", "checkpoint_hash", "scaling_hash"}
NETWORK = {"task.kind": '"modular_regression"', "task.inputs": "4", "network.hidden": "[32, 32, 32]",
           "training.batch_size": "200", "regularizer.l2": "1e-4", "measure.spectrum": "false"}
SETTINGS = {"l2": {}, "wa2": {"regularizer.weighted_activity": "1e-3"},
            "noise2": {"noise.strength": "0.1", "noise.exponent": "2"}}
T_975 = {20: 2.086, 30: 2.042, 40: 2.021}  # Student's t; fewer degrees of freedom take the next smaller one's


def run(program, arguments, folder):
    """Processor seconds of a run that must succeed."""
    began = os.times()
    done = subprocess.run([program, "run", *arguments, "--quiet"], cwd=folder, capture_output=True, text=True)
    ended = os.times()
    if done.returncode not in (0, 1):  # 1: some networks diverged
        sys.exit(f"{program} run {' '.join(arguments)}: exit code {done.returncode}: {done.stderr.strip()}")
    return ended.children_user + ended.children_system - began.children_user - began.children_system


def columns_of(path, table):
    """The compared columns of a table or view, and which of them are empty."""
    connection = sqlite3.connect(path)
    names = [column[1] for column in connection.execute(f"PRAGMA table_info({table})") if column[1] not in NOT_COMPARED]
    counts = connection.execute(f"SELECT {', '.join(f'count({chr(34)}{name}{chr(34)})' for name in names)} FROM {table}")
    empty = {name for name, count in zip(names, counts.fetchone()) if count == 0}
    connection.close()
    return names, empty


def seen(name, value):
    """A value of a view as programs of all versions have it."""
    if name == "cell":
        return value[-16:]
    return float(value) if "." in name and isinstance(value, int) else value


def known_settings(path):
    """The names of all settings of the program that wrote a store."""
    connection = sqlite3.connect(path)
    (base,) = connection.execute("SELECT base FROM sweeps").fetchone()
    connection.close()
    return set(json.loads(base))


def rows(path, table, kept, settings):
    """All rows with every value of the columns `kept` as text that preserves its type and bits, sorted. Numbers of cells
    and sweeps within the store are replaced by their ids, and base settings are those in `settings` alone: a later program
    has more, whose standard values are in no id."""
    connection = sqlite3.connect(path)
    ids = {"cell": dict(connection.execute("SELECT num, id FROM cells")),
           "sweep": dict(connection.execute("SELECT num, id FROM sweeps"))}
    found = []
    for row in connection.execute(f"SELECT {', '.join(chr(34) + name + chr(34) for name in kept)} FROM {table}"):
        values = [ids[name].get(value, value) if name in ids else value for name, value in zip(kept, row)]
        if table == "sweeps":
            values = [[(key, one) for key, one in json.loads(value).items() if key in settings] if name == "base" else value
                      for name, value in zip(kept, values)]
        if table in VIEWS:
            values = [seen(name, value) for name, value in zip(kept, values)]
        found.append(tuple(value.hex() if isinstance(value, float) else repr(value) for value in values))
    connection.close()
    return sorted(found)


def difference(old, new):
    """The first difference of two stores, None if they are equal."""
    settings = known_settings(old)
    for table in (*TABLES, *VIEWS):
        (columns, empty), (new_columns, new_empty) = columns_of(old, table), columns_of(new, table)
        columns = [name for name in columns if name in new_columns or name not in empty]
        new_columns = [name for name in new_columns if name in columns or name not in new_empty]
        if table in VIEWS:
            columns, new_columns = ([name for name in names if not name.startswith("modules")] for names in (columns, new_columns))
        if columns != new_columns:
            return f"{table} has the columns {new_columns}, not {columns}"
        before, after = (rows(store, table, columns, settings) for store in (old, new))
        if before != after:
            lines = sorted(set(before) ^ set(after))
            return f"{table}: {len(before)} and {len(after)} rows, {len(lines)} of them in one only, such as {lines[0]}"[:400]
    return None


def compare_bits(old, new, steps, only):
    faults = 0
    for file in sorted(SWEEPS.glob("*.toml")):
        if only and file.stem not in only:
            continue
        # Quickstart is not shortened.
        short = [] if file.stem == "quickstart" else ["--set", f"training.steps={steps}",
                                                      "--set", f"measure.every_steps={max(steps // 2, 1)}"]
        with tempfile.TemporaryDirectory() as folder:
            for program, store in ((old, "old.db"), (new, "new.db")):
                run(program, [str(file), "-o", store, "--engine", "cpu", *short], folder)
            found = difference(f"{folder}/old.db", f"{folder}/new.db")
            count = {name: len(rows(f"{folder}/old.db", name, columns_of(f"{folder}/old.db", name)[0], ())) for name in TABLES}
            cells = count["cells"]
            values = sum(rows_of_it * len(columns_of(f"{folder}/old.db", name)[0]) for name, rows_of_it in count.items())
        faults += found is not None
        print(f"| {file.stem} | {cells:,} | {values:,} | {found or 'the same'} |", flush=True)
    return 1 if faults else 0


def speed_sweep(folder, name, changes, steps, seeds):
    tables = {}
    for key, value in {**NETWORK, **changes, "training.steps": str(steps)}.items():
        table, leaf = key.split(".")
        tables.setdefault(table, []).append(f"{leaf} = {value}")
    lines = [f'name = "{name}"'] + [line for table, leaves in tables.items() for line in (f"[{table}]", *leaves)]
    lines += ["[axes]", f'"training.seed" = {{ range = [0, {seeds}] }}']
    path = pathlib.Path(folder) / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def interval(ratios):
    logs = [math.log(ratio) for ratio in ratios]
    mean = sum(logs) / len(logs)
    deviation = math.sqrt(sum((log - mean) ** 2 for log in logs) / (len(logs) - 1))
    t = T_975[max(freedom for freedom in T_975 if freedom <= len(logs) - 1)]
    half = t * deviation / math.sqrt(len(logs))
    return math.exp(mean - half), math.exp(mean + half)


def compare_speed(old, new, rounds):
    if rounds < 21:
        sys.exit(f"compare_programs: {rounds} rounds are too few for an interval; give 21 or more")
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        work = {name: (speed_sweep(folder, name, changes, 20000, 1), ["--threads", "1"])
                for name, changes in SETTINGS.items()}
        work["600 cells"] = (speed_sweep(folder, "cells", SETTINGS["wa2"], 100, 600), [])
        for name, (file, options) in work.items():
            ratios = []
            for turn in range(rounds):
                times = {}
                for program in ((old, new) if turn % 2 == 0 else (new, old)):
                    store = pathlib.Path(folder) / "store.db"
                    store.unlink(missing_ok=True)
                    times[program] = run(program, [file, "-o", str(store), "--engine", "cpu", *options], folder)
                ratios.append(times[new] / times[old])
            low, high = interval(ratios)
            faults += high >= 1.03
            print(f"| {name} | {sorted(ratios)[rounds // 2]:.3f} | {low:.3f} to {high:.3f} | {rounds} |", flush=True)
    return 1 if faults else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=os.path.realpath)
    parser.add_argument("new", type=os.path.realpath)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--only", nargs="+", metavar="SWEEP")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--rounds", type=int, default=21)
    arguments = parser.parse_args()
    print(time.strftime("%F"), *(subprocess.run([program, "--version"], capture_output=True, text=True).stdout.partition("\n")[0]
                                 for program in (arguments.old, arguments.new)), sep=", ")
    if arguments.speed:
        print("| what | new / old, median | 95 % | rounds |\n| --- | --- | --- | --- |")
        return compare_speed(arguments.old, arguments.new, arguments.rounds)
    print("| sweep | cells | values | |\n| --- | --- | --- | --- |")
    return compare_bits(arguments.old, arguments.new, arguments.steps, arguments.only)


if __name__ == "__main__":
    sys.exit(main())
