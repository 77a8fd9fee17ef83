#!/usr/bin/env python3
"""How a store carries very many cells: the smallest network (1-1-1, one step, one sample), --cells of them.

Times `run`, the same command again, status, aggregate, export to /dev/null, and with --stores the merge of so many
stores of --cells each. Printed are wall clock, processor time of user and system, peak memory of that process alone
(not below what this script itself takes, some 16 MiB), and the size of the store.

What `run` takes beyond its training is its wall clock less what the program reports as training (column `seconds`,
summed, over the threads): initial weights, steps, and no measuring, no spectra, no writing. A second measure needs no
report: what more steps cost in addition, for a tenth of the cells.
"""

import argparse
import collections
import csv
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from comparison import ROOT, fail, first_line, machine, say, warn_if_busy, write_json

MORE_STEPS = 1000  # for the second measure
Timing = collections.namedtuple("Timing", "what wall user system peak size")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/modsweep")
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--stores", type=int, default=0, help="so many stores are made and merged, too; 0: none")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=pathlib.Path, help="where the stores are made (default: a temporary one)")
    parser.add_argument("--json", type=pathlib.Path, help="write the numbers here as well")
    arguments = parser.parse_args()
    if not arguments.program.is_file():
        fail(f"{arguments.program}: no such program", 2)
    if arguments.stores == 1:
        fail("--stores: one store is not merged", 2)
    return arguments


def sweep_text(cells, first=0, steps=1, rates=1):
    """A sweep of `cells` seeds for each of `rates` learning rates: an axis may have a million values."""
    axis = f'\n"training.learning_rate" = {{ linspace = [1e-3, 2e-3], count = {rates} }}' if rates > 1 else ""
    return f"""name = "scale"
[task]
inputs = 1
train_samples = 1
test_samples = 1
[network]
hidden = [1]
[training]
steps = {steps}
batch_size = 1
[axes]
"training.seed" = {{ range = [{first}, {first + cells}] }}{axis}
"""


class Bench:
    """Runs the program in a folder and records the cost of each run."""

    def __init__(self, arguments, folder):
        self.program, self.threads, self.folder = arguments.program.resolve(), str(arguments.threads), folder
        self.timings = []

    def time(self, what, *command, size=None, out=None):
        with open(out or os.devnull, "wb") as target:
            began = time.monotonic()
            process = subprocess.Popen([self.program, *map(str, command)], cwd=self.folder, stdout=target)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            fail(f"exit code {process.returncode} of: modsweep {' '.join(map(str, command))}")
        path = self.folder / size if size else None
        bytes_now = sum(file.stat().st_size for file in self.folder.glob(f"{size}*")) if path else None
        timing = Timing(what, wall, usage.ru_utime, usage.ru_stime, usage.ru_maxrss * 1024, bytes_now)
        self.timings.append(timing)
        shown = f"{bytes_now / 1e6:10.1f}" if bytes_now is not None else f"{'':10}"
        print(f"{what:34} {wall:9.2f} {timing.user:9.2f} {timing.system:9.2f} {timing.peak / 2**20:9.1f} {shown}",
              flush=True)
        return timing

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def train(self, what, sweep, store, *options):
        return self.time(what, "run", sweep, "-o", store, "--engine", "cpu", "--threads", self.threads, "--quiet",
                         *options, size=store)


def knows(program, command, word):
    told = subprocess.run([program, *command, "--help"], capture_output=True, text=True, check=False).stdout
    return any(word in line.split() for line in told.splitlines())


def reported_training(bench, store):
    """Seconds of training that the program reports, summed over its threads."""
    table = bench.folder / "cells.csv"
    bench.time("export to a file", "export", store, out=table)
    with open(table, encoding="utf-8") as rows:
        total = sum(float(row["seconds"]) for row in csv.DictReader(rows))
    table.unlink()
    return total / int(bench.threads)


def one_store(bench, cells):
    bench.write("scale.toml", sweep_text(cells))
    first = bench.train("run", "scale.toml", "scale.db")
    bench.train("run again", "scale.toml", "scale.db")
    bench.time("status", "status", "scale.db")
    bench.time("aggregate", "aggregate", "scale.db", "--value", "test_loss")
    bench.time("export to /dev/null", "export", "scale.db")
    reported = reported_training(bench, "scale.db")
    few = max(cells // 10, 1)
    bench.write("few.toml", sweep_text(few))
    bench.write("more.toml", sweep_text(few, steps=1 + MORE_STEPS))
    once = bench.train(f"run, {few:,} cells", "few.toml", "few.db")
    more = bench.train(f"run, {few:,} cells, {1 + MORE_STEPS:,} steps", "more.toml", "more.db")
    step = (more.wall - once.wall) / MORE_STEPS * cells / few
    return {"run_seconds": first.wall, "training_seconds_reported": reported,
            "beyond_training_seconds": first.wall - reported, "training_seconds_of_one_step": step}


def many_stores(bench, cells, stores):
    """Creates stores of disjoint cells and merges two of them, then all: memory must not grow with the number of
    stores."""
    sharded = knows(bench.program, ["run"], "--shard")
    names = []
    bench.write("all.toml", sweep_text(cells, rates=stores))
    for number in range(stores):
        names.append(f"part{number}.db")
        if sharded:
            shard = f"{number + 1}/{stores}"
            bench.train(f"run --shard {shard}", "all.toml", names[-1], "--shard", shard)
        else:
            bench.write(f"part{number}.toml", sweep_text(cells, first=number * cells))
            bench.train(f"run, part {number + 1}", f"part{number}.toml", names[-1])
    merged = {}
    for count in sorted({2, stores}):
        merged[count] = bench.time(f"merge of {count} stores", "merge", f"merged{count}.db", *names[:count],
                                   size=f"merged{count}.db")
        bench.time("status of it", "status", f"merged{count}.db")
    bench.time("merge again", "merge", f"merged{stores}.db", *names)
    return {"merge_seconds": {count: timing.wall for count, timing in merged.items()},
            "merge_peak_bytes": {count: timing.peak for count, timing in merged.items()}}


def main():
    arguments = parse_arguments()
    about = machine(arguments.program) | {"program": first_line([str(arguments.program), "--version"])}
    warn_if_busy(about)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scale-", dir=arguments.folder))
    try:
        bench = Bench(arguments, folder)
        print(f"{arguments.cells:,} cells of 1-1-1, {arguments.threads} threads, {about['cpu']}, {about['program']}")
        print(f"{'':34} {'wall s':>9} {'user s':>9} {'system s':>9} {'peak MiB':>9} {'store MB':>10}")
        found = one_store(bench, arguments.cells)
        if arguments.stores and not knows(bench.program, [], "merge"):
            say("this program has no merge: --stores is left out")
        elif arguments.stores:
            found |= many_stores(bench, arguments.cells, arguments.stores)
        print(f"run beyond its training: {found['beyond_training_seconds']:.2f} s (training as reported: "
              f"{found['training_seconds_reported']:.2f} s; one step, from the cost of {MORE_STEPS:,} more: "
              f"{found['training_seconds_of_one_step']:.2f} s)")
        if arguments.json:
            write_json(arguments.json, {"about": about, "cells": arguments.cells, "stores": arguments.stores,
                                        "threads": arguments.threads, **found,
                                        "timings": [timing._asdict() for timing in bench.timings]})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
