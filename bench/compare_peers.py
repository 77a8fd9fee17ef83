#!/usr/bin/env python3
"""Runs modsweep and the same training in PyTorch and JAX in turn on this machine's CPU, and prints how many times faster
ours is.

One thread each against PyTorch's plain loop over one network, all cores each against the best ensemble: eager, compiled
and vmap in PyTorch; jit, vmap and scan in JAX. First every form of the peers is timed once and the fastest of each family
kept; then come the rounds: modsweep, loops, modsweep, ensembles, ... A ratio is taken within a round, so that a machine
that changes its clock in between does not favor a side. What a Python cannot run is named and left out.
"""

import argparse
import pathlib
import statistics
import subprocess

from comparison import (BATCH, PEERS, ROOT, bench_rows, command_output, fail, find_python, json_rows, machine,
                        ratio_columns, ratio_header, ratio_record, rows_by_setting, say, warn_if_busy, write_json)

SETTINGS = ("l2", "wa2", "noise2")
SHAPE = "4-32-32-32-4"
LOOP, ENSEMBLE, COMPILE, VMAP, JAX = "loop", "ensemble", "compile", "vmap", "jax"
# The forms in which PyTorch is tried: {family: [(form, kind, run)]}. All forms compute the same (peers/check_peers.py).
TORCH_FAMILIES = {
    LOOP: [("loop", kind, "eager") for kind in ("plain", "foreach", "fused")],
    ENSEMBLE: [("ensemble", kind, "eager") for kind in ("plain", "foreach", "fused", "flat", "manual", "manual-fused")],
    COMPILE: [("ensemble", kind, "compile") for kind in ("foreach", "flat", "manual")],
    VMAP: [("vmap", "foreach", "eager"), ("vmap", "foreach", "compile")],
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/modsweep", help="our program")
    parser.add_argument("--python", action="append",
                        help="a Python that has NumPy and PyTorch, as one of a virtual environment; may be given many times")
    parser.add_argument("--jax-python", help="a Python that has NumPy and JAX; default: the last --python, if it has")
    parser.add_argument("--peer", nargs="+", choices=(*TORCH_FAMILIES, JAX), default=[*TORCH_FAMILIES, JAX],
                        help="only these")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="short measurements, to see that it works")
    parser.add_argument("--default-allocator", action="store_true",
                        help="run the peers as they come: by default they run with a C library that keeps freed memory, "
                             "which makes their ensembles faster")
    parser.add_argument("--json", type=pathlib.Path, help="keep all records here")
    arguments = parser.parse_args()
    if not arguments.program.is_file():
        fail(f"{arguments.program} is missing; run ./setup.sh, or name the program with --program", 2)
    find_peers(arguments)
    return arguments


def find_peers(arguments):
    """Sets arguments.python, a list, and arguments.jax_python; leaves out families that no Python can run."""
    named = arguments.python or [None]
    arguments.python = [find_python(python, "import numpy, torch") for python in named]
    if set(arguments.peer) == {JAX}:
        arguments.python = [python for python in arguments.python if python]
    elif None in arguments.python:
        which = named[arguments.python.index(None)]
        fail(f"{which} has no NumPy and PyTorch" if which else
             "no Python with PyTorch found; run ./setup.sh --peers, or name one with --python", 2)
    if JAX in arguments.peer:
        wanted = arguments.jax_python
        arguments.jax_python = find_python(wanted or named[-1], "import numpy, jax")
        if arguments.jax_python is None:
            if wanted or set(arguments.peer) == {JAX}:
                fail(f"{wanted or 'no Python found'} has no NumPy and JAX; name one that has with --jax-python", 2)
            say("no Python with JAX found, so JAX is left out; name one with --jax-python")
            arguments.peer.remove(JAX)


def run_ours(arguments, threads):
    """{setting: row of `modsweep bench`} for whole training steps with that many threads."""
    quick = ["--quick"] if arguments.quick else []
    only = [part for setting in SETTINGS for part in ("--setting", setting)]
    rows = bench_rows(arguments.program, [*quick, *only, "--threads", threads])
    return rows_by_setting(rows, SETTINGS, {"bench": "train", "shape": SHAPE, "batch": BATCH, "precision": "fp32",
                                            "threads": threads})


def run_peer(arguments, python, script, options, brief):
    """Rows of a peer's script, each with the Python that ran it; none, with a message, if it failed."""
    seconds, repeats = (0.1, 3) if brief else (0.2, 3) if arguments.quick else (1.0, 5)
    command = [python, "-B", PEERS / script, "--device", "cpu", "--seconds", seconds, "--repeats", repeats,
               *(["--default-allocator"] if arguments.default_allocator else []), *options]
    # Messages about optimizers that this PyTorch lacks are suppressed: families that are left out altogether are
    # reported below.
    rows = json_rows(command_output(command, required=False, stderr=subprocess.DEVNULL))
    return [{"python": python, **row} for row in rows]


def run_torch(arguments, python, cases, threads, processes, brief=False):
    """Rows of the cases (form, kind, run, setting, networks); `networks` is the number per process."""
    texts = [":".join(map(str, case)) for case in cases]
    return run_peer(arguments, python, "torch_training.py",
                    ["--threads", threads, "--processes", processes, "--case", *texts], brief)


def run_jax(arguments, settings, kinds, networks, threads, processes, brief=False):
    return run_peer(arguments, arguments.jax_python, "jax_training.py",
                    ["--threads", threads, "--processes", processes, "--setting", *settings, "--kind", *kinds,
                     "--networks", *networks], brief)


def run_again(arguments, row):
    """The row, measured again and for longer; None if that failed."""
    share = row["networks"] // row["processes"]
    if row["program"] == "jax":
        rows = run_jax(arguments, [row["setting"]], [row["kind"]], [share], row["threads"], row["processes"])
    else:
        case = row["form"], row["kind"], row["run"], row["setting"], share
        rows = run_torch(arguments, row["python"], [case], row["threads"], row["processes"])
    return rows[0] if rows else None


def ways_of_cores(cores):
    """The combinations (threads, processes) that use all cores: the networks are independent, so one process per core
    is one too."""
    return [(cores, 1), (1, cores)] if cores > 1 else [(1, 1)]


def fastest(rows):
    return min(rows, key=lambda row: row["median_us"])


def by_setting(rows):
    """{setting: fastest row}."""
    return {setting: fastest(mine) for setting in SETTINGS if (mine := [row for row in rows if row["setting"] == setting])}


def without_paths(rows):
    """The rows without the path of the Python that ran them: records name versions, not folders of a machine."""
    return [{key: value for key, value in row.items() if key != "python"} for row in rows]


class Choice:
    """The fastest form of each family and setting, and all measured rows."""

    def __init__(self):
        self.chosen, self.looked_at = [], []

    def take(self, who, rows):
        """Keeps the fastest row of each setting."""
        self.looked_at += rows
        best = by_setting(rows)
        for setting in SETTINGS:
            if setting in best:
                self.chosen.append(best[setting])
                say(f"{setting}: {best[setting]['median_us']:.3g} us, {describe(best[setting])}")
            else:
                say(f"{who} did not run {setting}, so it is left out")
        return best


def choose_torch(arguments, python, cores, choice):
    """Times every family in one PyTorch."""
    networks = [32, 128] if arguments.quick else [16, 32, 64, 128]

    def cases_of(family, sizes, settings=SETTINGS):
        return [(*form, setting, size) for setting in settings for form in TORCH_FAMILIES[family] for size in sizes]

    if LOOP in arguments.peer:
        choice.take(f"{python} as {LOOP}", run_torch(arguments, python, cases_of(LOOP, [1]), 1, 1, brief=True))
    ways = ways_of_cores(cores)
    eager = {}
    if ENSEMBLE in arguments.peer:
        rows = [row for way in ways for row in run_torch(arguments, python, cases_of(ENSEMBLE, networks), *way, brief=True)]
        eager = choice.take(f"{python} as {ENSEMBLE}", rows)
    # Compiling takes long, so these forms use the size that suited the eager ensemble.
    for family in (COMPILE, VMAP):
        if family not in arguments.peer:
            continue
        rows = []
        for setting in SETTINGS:
            best = eager.get(setting)
            sizes = [best["networks"] // best["processes"] if best else 64]
            for way in ways:
                rows += run_torch(arguments, python, cases_of(family, sizes, [setting]), *way, brief=True)
        choice.take(f"{python} as {family}", rows)


def choose_peers(arguments, cores):
    choice = Choice()
    for python in arguments.python:
        choose_torch(arguments, python, cores, choice)
    if JAX in arguments.peer:
        networks = [32, 128] if arguments.quick else [16, 32, 64, 128, 256]
        rows = [row for way in ways_of_cores(cores)
                for row in run_jax(arguments, SETTINGS, ["threefry2x32", "rbg"], networks, *way, brief=True)]
        choice.take("JAX", rows)
    return choice


def one_round(arguments, chosen, cores):
    """{index in `chosen`: (ours, theirs)}: loops against one thread, ensembles against all cores."""
    pairs = {}
    for loops, threads in ((True, 1), (False, cores)):
        places = [i for i, row in enumerate(chosen) if (row["form"] == "loop") == loops]
        ours = run_ours(arguments, threads) if places else {}
        for i in places:
            theirs = run_again(arguments, chosen[i])
            if theirs:
                pairs[i] = ours[chosen[i]["setting"]], theirs
    return pairs


def describe(row):
    library = f"JAX {row['jax']}" if row["program"] == "jax" else f"PyTorch {row['torch'].split('+')[0]}"
    if row["form"] == "loop":
        return f"{library}, loop, {row['kind']} Adam, 1 thread"
    cores = f"{row['processes']} processes" if row["processes"] > 1 else f"{row['threads']} threads"
    run = "" if row["run"] == "eager" else f", {row['run']}"
    return f"{library}, {row['form']} of {row['networks']}, {row['kind']}{run}, {cores}"


def records_of(rounds):
    """A record for each peer that ran in every round, by setting."""
    records = []
    for place in rounds[0]:
        pairs = [pairs_of_round.get(place) for pairs_of_round in rounds]
        if None in pairs:
            continue
        row = pairs[0][1]
        share = statistics.median(our.get("share_of_peak") or 0.0 for our, _ in pairs)
        records.append({"setting": row["setting"], "form": row["form"], "against": describe(row), **ratio_record(pairs),
                        "share_of_peak": share or None})
    return sorted(records, key=lambda record: (record["form"] != "loop", SETTINGS.index(record["setting"])))


def best_records(records):
    """For each setting the record with the fastest loop, and the one with the fastest ensemble."""
    best = []
    for name in ("loop", "ensemble"):
        for setting in SETTINGS:
            mine = [record for record in records
                    if record["setting"] == setting and (record["form"] == "loop") == (name == "loop")]
            if mine:
                best.append({"best": name, **min(mine, key=lambda record: statistics.median(record["peer_us"]))})
    return best


def print_table(title, records):
    print(f"\n{title}\n{'setting':8} {'peer':62} {ratio_header('peer')} {'FMA peak':>9}")
    for record in records:
        share = record["share_of_peak"]
        print(f"{record['setting']:8} {record['against']:62} {ratio_columns(record)} "
              f"{f'{100 * share:.0f} %' if share else '':>9}")


def libraries_of(rows):
    """Describes each PyTorch with its BLAS, and JAX."""
    return list(dict.fromkeys(f"JAX {row['jax']}" if row["program"] == "jax" else
                              f"PyTorch {row['torch'].split('+')[0]} with {row['blas']}" for row in rows))


def main():
    arguments = parse_arguments()
    about = machine(arguments.program)
    cores = about["cores"]
    warn_if_busy(about)

    choice = choose_peers(arguments, cores)
    if not choice.chosen:
        fail("no peer ran; the lines above say which; try: bench/peers/torch_training.py --setting l2")
    about.update(peers=libraries_of(choice.looked_at), default_allocator=arguments.default_allocator)
    if any(row.get("blas") == "reference blas" for row in choice.looked_at):
        say("PyTorch runs on the reference BLAS, which is slow; install libopenblas0-pthread for a fair comparison")
    rounds = [one_round(arguments, choice.chosen, cores) for _ in range(arguments.rounds)]

    print(f"{SHAPE}, batch {BATCH}, fp32; microseconds per step of one network, median (min-max) of "
          f"{arguments.rounds} rounds")
    print(f"{about['cpu']}, {cores} cores; {about['compiler']}; {'; '.join(about['peers'])}; "
          f"commit {about['commit']}; {about['date']}")
    records = records_of(rounds)
    best = best_records(records)
    print_table("each against the fastest form of each family", records)
    print_table("against the best", best)
    if arguments.json:
        rows = [row for pairs in rounds for pair in pairs.values() for row in pair]
        write_json(arguments.json, {"about": about, "comparisons": records, "best": best, "rounds": without_paths(rows),
                                    "forms": without_paths(choice.looked_at)})


if __name__ == "__main__":
    main()
