#!/usr/bin/env python3
"""Runs a training step of recurrent networks in modsweep and in PyTorch and JAX in turn, each on one core, and prints how
many times less CPU time ours takes.

Ours is `bench_recurrent`, which ./setup.sh --tests builds; its step draws its data, theirs does not. In the first round
every form of the peers is timed, in the others the fastest of each library. A ratio is taken within a round.
"""

import argparse
import json
import pathlib
import statistics

from comparison import (PEERS, ROOT, command_output, fail, find_python, json_rows, machine, say, summary, warn_if_busy,
                        write_json)

CASES = [("modular", units, task) for units in (5, 10, 20) for task in (5, 10, 20)]
CASES += [("flat", 20, task) for task in (5, 10, 15)] + [("flat", 54, task) for task in (5, 10, 15)]
CASES += [("flat", 128, task) for task in (5, 10, 15)]
LIBRARIES = {"PyTorch": ("torch_recurrent.py", "torch"), "JAX": ("jax_recurrent.py", "jax")}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/bench/bench_recurrent")
    parser.add_argument("--torch-python", help="a Python that has NumPy and PyTorch")
    parser.add_argument("--jax-python", help="a Python that has NumPy and JAX")
    parser.add_argument("--case", nargs="+", metavar="TOPOLOGY:UNITS:TASK", help="only these, as modular:10:20")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path, help="keep all records here")
    arguments = parser.parse_args()
    if not arguments.program.is_file():
        fail(f"{arguments.program} is missing; run ./setup.sh --tests, or name the program with --program", 2)
    arguments.pythons = {}
    for library, wanted in (("PyTorch", arguments.torch_python), ("JAX", arguments.jax_python)):
        python = find_python(wanted, f"import numpy, {LIBRARIES[library][1]}")
        if python:
            arguments.pythons[library] = python
        elif wanted:
            fail(f"{wanted} has no NumPy and {library}", 2)
        else:
            say(f"no Python with {library} found, so it is left out")
    if not arguments.pythons:
        fail("no Python with PyTorch or JAX found; name one with --torch-python or --jax-python", 2)
    return arguments


def our_ms(arguments, case):
    """CPU milliseconds of one step."""
    topology, units, task = case.split(":")
    output = command_output([arguments.program, "--benchmark_format=json", "--benchmark_min_time=0.5",
                             f"--benchmark_filter=^{topology}/M:{units}/N:{task}$"])
    rows = json.loads(output)["benchmarks"]
    if not rows:
        fail(f"{arguments.program} has no case {case}")
    return rows[0]["step"] * 1e3


def peer_rows(arguments, library, case, form=None):
    """Rows of one library: of all its forms, or of that of a row."""
    options = []
    if form and library == "PyTorch":
        options = ["--form", form["form"], "--networks", form["networks"]]
    elif form:
        options = ["--networks", form["networks"]]
    command = [arguments.pythons[library], "-B", PEERS / LIBRARIES[library][0], "--case", case, *options]
    return json_rows(command_output(command, required=False))


def main():
    arguments = parse_arguments()
    about = machine(arguments.program.parent.parent / "modsweep")
    warn_if_busy(about)
    records = []
    print(f"{'case':<14} {'against':<24} {'theirs ms':>24} {'modsweep ms':>24} {'times less CPU time':>22}")
    for case in arguments.case or [":".join(map(str, case)) for case in CASES]:
        chosen, ours, theirs, all_forms = {}, {}, {}, []
        for _ in range(arguments.rounds):
            for library in arguments.pythons:
                our = our_ms(arguments, case)
                rows = peer_rows(arguments, library, case, chosen.get(library))
                if not rows:
                    continue
                if library not in chosen:
                    all_forms += rows
                    chosen[library] = min(rows, key=lambda row: row["median_ms"])
                ours.setdefault(library, []).append(our)
                theirs.setdefault(library, []).append(min(row["median_ms"] for row in rows))
        for library, row in chosen.items():
            ratios = [their / our for our, their in zip(ours[library], theirs[library])]
            version = row.get("torch") or row.get("jax")
            against = f"{library} {version}, {row['form']}" + (f" of {row['networks']}" if row["networks"] > 1 else "")
            print(f"{case:<14} {against:<24} {summary(theirs[library], 2):>24} {summary(ours[library], 3):>24} "
                  f"{summary(ratios, 1):>22}", flush=True)
            records.append({"case": case, "against": against, "peer_ms": theirs[library], "ours_ms": ours[library],
                            "ratios": ratios, "ratio": statistics.median(ratios)})
        records.append({"case": case, "forms": all_forms})
    if arguments.json:
        write_json(arguments.json, {"machine": about, "records": records})


if __name__ == "__main__":
    main()
