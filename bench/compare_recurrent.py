#!/usr/bin/env python3
"""Runs a training step of recurrent networks in modsweep and in PyTorch and JAX in turn, each on one core, and prints how
many times less CPU time ours takes, and its share of the core's peak of multiply-adds.

Ours is `bench_recurrent`, which ./setup.sh --tests builds; its step draws its data, theirs does not. Several versions of
PyTorch may be named. In the first round every form of the peers is timed, in the others the fastest of each library; the
loop over modules, as the public code of the paper works, is printed beside it. A ratio is taken within a round.
"""

import argparse
import json
import pathlib

from comparison import (PEERS, ROOT, command_output, fail, find_python, json_rows, machine, say, summary, warn_if_busy,
                        write_json)

CASES = [("modular", units, task) for units in (5, 10, 20) for task in (5, 10, 20)]
CASES += [("flat", 20, task) for task in (5, 10, 15)] + [("flat", 54, task) for task in (5, 10, 15)]
CASES += [("flat", 128, task) for task in (5, 10, 15)]
LIBRARIES = {"PyTorch": ("torch_recurrent.py", "torch"), "JAX": ("jax_recurrent.py", "jax")}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/bench/bench_recurrent")
    parser.add_argument("--torch-python", nargs="+", default=[None], help="Pythons that have NumPy and PyTorch")
    parser.add_argument("--jax-python", nargs="+", default=[None], help="a Python that has NumPy and JAX")
    parser.add_argument("--case", nargs="+", metavar="TOPOLOGY:UNITS:TASK", help="only these, as modular:10:20")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path, help="keep all records here")
    arguments = parser.parse_args()
    if not arguments.program.is_file():
        fail(f"{arguments.program} is missing; run ./setup.sh --tests, or name the program with --program", 2)
    arguments.pythons = []
    for library, wanted in [("PyTorch", one) for one in arguments.torch_python] + [
            ("JAX", one) for one in arguments.jax_python]:
        python = find_python(wanted, f"import numpy, {LIBRARIES[library][1]}")
        if python:
            arguments.pythons.append((library, python))
        elif wanted:
            fail(f"{wanted} has no NumPy and {library}", 2)
        else:
            say(f"no Python with {library} found, so it is left out")
    if not arguments.pythons:
        fail("no Python with PyTorch or JAX found; name one with --torch-python or --jax-python", 2)
    return arguments


def our_row(arguments, case):
    """CPU milliseconds of one step, and the operations per second that are counted."""
    topology, units, task = case.split(":")
    output = command_output([arguments.program, "--benchmark_format=json", "--benchmark_min_time=0.5",
                             f"--benchmark_filter=^{topology}/M:{units}/N:{task}$"])
    rows = json.loads(output)["benchmarks"]
    if not rows:
        fail(f"{arguments.program} has no case {case}")
    return {"ms": rows[0]["step"] * 1e3, "flops": rows[0]["FLOP/s"], "length": rows[0]["length"]}


def core_peak(arguments):
    """Operations per second of multiply-adds in registers."""
    output = command_output([arguments.program, "--benchmark_format=json", "--benchmark_filter=^multiply_add_peak$"])
    return json.loads(output)["benchmarks"][0]["FLOP/s"]


def peer_rows(library, python, case, form=None):
    """Rows of one library: of all its forms, or of that of a row."""
    options = []
    if form and library == "PyTorch":
        options = ["--form", form["form"], "--networks", form["networks"]]
    elif form:
        options = ["--networks", form["networks"]]
    return json_rows(command_output([python, "-B", PEERS / LIBRARIES[library][0], "--case", case, *options],
                                    required=False))


def against(row):
    name = f"PyTorch {row['torch']}" if "torch" in row else f"JAX {row['jax']}"
    return f"{name}, {row['form']}" + (f" of {row['networks']}" if row["networks"] > 1 else "")


def compare_case(arguments, case):
    """Records of one case: one for each peer, and one of ours."""
    chosen, rounds, loops = {}, {}, []
    ours, peaks = [], []
    for _ in range(arguments.rounds):
        for peer in arguments.pythons:
            peaks.append(core_peak(arguments))
            our = our_row(arguments, case)
            ours.append(our)
            rows = peer_rows(*peer, case, chosen.get(peer))
            if not rows:
                continue
            if peer not in chosen:
                chosen[peer] = min(rows, key=lambda row: row["median_ms"])
                loops += [{**row, "times": row["median_ms"] / our["ms"]} for row in rows if row["form"] == "loop"]
            rounds.setdefault(peer, []).append((min(row["median_ms"] for row in rows), our["ms"]))
    records = [{"case": case, "against": against(chosen[peer]), "peer_ms": [their for their, _ in times],
                "ours_ms": [our for _, our in times], "ratios": [their / our for their, our in times]}
               for peer, times in rounds.items()]
    return records, loops, {"case": case, "ms": [our["ms"] for our in ours], "length": ours[0]["length"],
                            "shares": [our["flops"] / peak for our, peak in zip(ours, peaks)], "peaks": peaks}


def main():
    arguments = parse_arguments()
    about = machine(arguments.program.parent.parent / "modsweep")
    warn_if_busy(about)
    all_records = []
    for case in arguments.case or [":".join(map(str, case)) for case in CASES]:
        records, loops, ours = compare_case(arguments, case)
        print(f"{case:<14} modsweep {summary(ours['ms'], 3)} ms, {summary(ours['shares'], 2)} of the core's peak")
        for record in records:
            print(f"  {record['against']:<36} {summary(record['peer_ms'], 2):>24} ms "
                  f"{summary(record['ratios'], 1):>22} times")
        for row in loops:
            print(f"  {against(row):<36} {row['median_ms']:>24.2f} ms {row['times']:>22.1f} times", flush=True)
        all_records.append({"ours": ours, "peers": records, "loops": loops})
    if arguments.json:
        write_json(arguments.json, {"machine": about, "records": all_records})


if __name__ == "__main__":
    main()
