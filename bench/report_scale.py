#!/usr/bin/env python3
"""What a page of very many networks costs: `report` of a store of --cells of the smallest network, 1-1-1, one step.

The sweep has two axes of numbers and an axis of seeds, all of about the same length, so that a million networks are a
hundred groups squared. Printed are wall clock, processor time, peak memory of `report` alone, its gnuplots included in
the time but not in the memory, and the size of the page. A page is meant to take less than 60 s, 1 GB and 2 MB.
"""

import argparse
import os
import pathlib
import subprocess
import tempfile
import time

from comparison import ROOT, fail, machine, warn_if_busy, write_json

LIMITS = {"seconds": 60.0, "peak_bytes": 1e9, "page_bytes": 2e6}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/modsweep")
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--store", type=pathlib.Path,
                        help="is used where it is there, else made and kept (default: a temporary one)")
    parser.add_argument("--json", type=pathlib.Path, help="write the numbers here as well")
    arguments = parser.parse_args()
    if not arguments.program.is_file():
        fail(f"{arguments.program}: no such program", 2)
    return arguments


def sweep_text(cells):
    length = max(round(cells ** (1 / 3)), 2)
    return f"""name = "scale"
[task]
inputs = 1
train_samples = 1
test_samples = 1
[network]
hidden = [1]
[training]
steps = 1
batch_size = 1
[axes]
"training.learning_rate" = {{ logspace = [1e-4, 1e-2], count = {length} }}
"noise.strength" = {{ linspace = [0.01, 1], count = {length} }}
"training.seed" = {{ range = [0, {length}] }}
"""


def timed(*command):
    """Wall clock, processor time and peak memory of one command."""
    began = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        fail(f"exit code {process.returncode} of: {' '.join(map(str, command))}")
    return {"seconds": wall, "processor_seconds": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * 1024}


def main():
    arguments = parse_arguments()
    about = machine(arguments.program)
    warn_if_busy(about)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        store = arguments.store or folder / "scale.db"
        if not store.exists():
            (folder / "scale.toml").write_text(sweep_text(arguments.cells), encoding="utf-8")
            timed(arguments.program, "run", folder / "scale.toml", "-o", store, "--engine", "cpu", "--threads",
                  arguments.threads, "--quiet")
        page = folder / "page.html"
        record = timed(arguments.program, "report", store, "-o", page) | {"page_bytes": page.stat().st_size}
    for what, limit in LIMITS.items():
        missed = "" if record[what] < limit else "   MISSED"
        print(f"{what:18} {record[what]:14,.1f}   meant to be below {limit:,.0f}{missed}")
    print(f"{'processor_seconds':18} {record['processor_seconds']:14,.1f}")
    if arguments.json:
        write_json(arguments.json, about | {"cells": arguments.cells} | record)


if __name__ == "__main__":
    main()
