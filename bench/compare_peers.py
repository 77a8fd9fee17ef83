#!/usr/bin/env python3
"""Runs modsweep and the same training in PyTorch in turn on this machine, and prints how many times faster ours is.

One thread each against PyTorch's plain loop over one network, all cores each against its best ensemble. First every
form of the peers is timed once and the fastest kept; then come the rounds: modsweep, loop, modsweep, ensemble, ...
A ratio is taken within a round, so that a machine that changes its clock in between does not favor a side.
"""

import argparse
import pathlib
import statistics
import subprocess

from comparison import (BATCH, PEERS, ROOT, bench_rows, command_output, fail, find_python, json_rows, machine,
                        ratio_columns, ratio_header, ratio_record, rows_by_setting, say, warn_if_busy, write_json)

PEER = PEERS / "torch_training.py"
SETTINGS = ("l2", "wa2", "noise2")
SHAPE = "4-32-32-32-4"


def run_ours(arguments, threads):
    """{setting: row of `modsweep bench`} for whole training steps with that many threads."""
    quick = ["--quick"] if arguments.quick else []
    only = [part for setting in SETTINGS for part in ("--setting", setting)]
    rows = bench_rows(arguments.program, [*quick, *only, "--threads", threads])
    return rows_by_setting(rows, SETTINGS, {"bench": "train", "shape": SHAPE, "batch": BATCH, "precision": "fp32",
                                            "threads": threads})


def run_peer(arguments, seconds=None, repeats=None, **options):
    """Rows of torch_training.py."""
    command = [arguments.python, "-B", PEER, "--seconds", seconds or (0.2 if arguments.quick else 1.0), "--repeats",
               repeats or (3 if arguments.quick else 5)]
    if arguments.default_allocator:
        command.append("--default-allocator")
    for name, value in options.items():
        command += [f"--{name}", *(value if isinstance(value, (list, tuple)) else [value])]
    # The message that an optimizer is not in this PyTorch is no news here.
    return json_rows(command_output(command, stderr=subprocess.DEVNULL))


def options_of(row):
    """The options that measure a row again."""
    return {"form": row["form"], "kind": row["kind"], "setting": row["setting"], "threads": row["threads"],
            "processes": row["processes"], "networks": row["networks"] // row["processes"]}


def fastest(rows, setting):
    mine = [row for row in rows if row["setting"] == setting]
    if not mine:
        fail(f"PyTorch did not run the setting {setting}; try: {PEER} --setting {setting}")
    return min(mine, key=lambda row: row["median_us"])


def choose_peers(arguments, cores):
    """{(setting, form): options of the fastest}, and all rows that were looked at."""
    brief = {"seconds": 0.1, "repeats": 3}  # enough to tell forms apart; the rounds measure the chosen ones
    loops = run_peer(arguments, form="loop", threads=1, **brief)
    networks = [32, 128] if arguments.quick else [16, 32, 64, 128]
    ensembles = run_peer(arguments, form="ensemble", threads=cores, networks=networks, **brief)
    if cores > 1:  # the networks are independent: a process per core is the other way to use all of them
        ensembles += run_peer(arguments, form="ensemble", threads=1, processes=cores, networks=networks, **brief)
    chosen = {}
    for setting in SETTINGS:
        chosen[setting, "loop"] = options_of(fastest(loops, setting))
        chosen[setting, "ensemble"] = options_of(fastest(ensembles, setting))
    return chosen, loops + ensembles


def one_round(arguments, chosen, cores):
    """[(ours, theirs)] for every setting and form."""
    pairs = []
    for form, threads in (("loop", 1), ("ensemble", cores)):
        ours = run_ours(arguments, threads)
        pairs += [(ours[setting], run_peer(arguments, **chosen[setting, form])[0]) for setting in SETTINGS]
    return pairs


def describe(row):
    if row["form"] == "loop":
        return f"loop, {row['kind']} Adam, 1 thread"
    cores = f"{row['processes']} processes" if row["processes"] > 1 else f"{row['threads']} threads"
    return f"ensemble of {row['networks']}, {row['kind']}, {cores}"


def print_table(rounds):
    """One line a comparison; returns them as records."""
    records = []
    print(f"{'setting':8} {'PyTorch as':38} {ratio_header('PyTorch')} {'FMA peak':>9}")
    for pairs in zip(*rounds):
        row = pairs[0][1]
        share = statistics.median(our.get("share_of_peak") or 0.0 for our, _ in pairs)
        record = {"setting": row["setting"], "against": describe(row), **ratio_record(pairs),
                  "share_of_peak": share or None}
        print(f"{row['setting']:8} {describe(row):38} {ratio_columns(record)} "
              f"{f'{100 * share:.0f} %' if share else '':>9}")
        records.append(record)
    return records


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/modsweep", help="our program")
    parser.add_argument("--python", help="a Python that has NumPy and PyTorch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="short measurements, to see that it works")
    parser.add_argument("--default-allocator", action="store_true",
                        help="run PyTorch as it comes: by default it runs with a C library that keeps freed memory, which "
                             "makes its ensembles faster")
    parser.add_argument("--json", type=pathlib.Path, help="keep all records here")
    arguments = parser.parse_args()
    if not arguments.program.is_file():
        fail(f"{arguments.program} is missing; run ./setup.sh, or name the program with --program", 2)
    arguments.python = find_python(arguments.python, "import numpy, torch")
    if arguments.python is None:
        fail("no Python with PyTorch found; run ./setup.sh --peers, or name one with --python", 2)
    about = machine(arguments.program)
    cores = about["cores"]
    warn_if_busy(about)

    chosen, looked_at = choose_peers(arguments, cores)
    about.update(torch=looked_at[0]["torch"], blas=looked_at[0]["blas"])
    if about["blas"] == "reference blas":
        say("PyTorch runs on the reference BLAS, which is slow; install libopenblas0-pthread for a fair comparison")
    rounds = [one_round(arguments, chosen, cores) for _ in range(arguments.rounds)]

    print(f"{SHAPE}, batch {BATCH}, fp32; microseconds per step of one network, median (min-max) of "
          f"{arguments.rounds} rounds")
    about["default_allocator"] = arguments.default_allocator
    print(f"{about['cpu']}, {cores} cores; {about['compiler']}; PyTorch {about['torch']} with {about['blas']}; "
          f"commit {about['commit']}; {about['date']}")
    records = print_table(rounds)
    if arguments.json:
        rows = [row for pairs in rounds for pair in pairs for row in pair]
        write_json(arguments.json, {"about": about, "comparisons": records, "rounds": rows, "forms": looked_at})


if __name__ == "__main__":
    main()
