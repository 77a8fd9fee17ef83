#!/usr/bin/env python3
"""Runs modsweep and the same training in PyTorch in turn on this machine, and prints how many times faster ours is.

One thread each against PyTorch's plain loop over one network, all cores each against its best ensemble. First every
form of the peers is timed once and the fastest kept; then come the rounds: modsweep, loop, modsweep, ensemble, modsweep, ...
A ratio is taken within a round, so that a machine that changes its clock in between does not favor a side.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PEER = ROOT / "bench/peers/torch_training.py"
SETTINGS = ("l2", "wa2", "noise2")
SHAPE, BATCH = "4-32-32-32-4", 200


def fail(message):
    sys.exit(f"compare_peers: {message}")


def command_output(command, **options):
    """Standard output of a command; its errors go through to the terminal."""
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False, **options)
    if result.returncode != 0:
        fail(f"exit code {result.returncode} of: {' '.join(map(str, command))}")
    return result.stdout


def first_line(command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def find_python(wanted):
    """An interpreter that has PyTorch: Debian's is not always the first on the path."""
    for python in [wanted] if wanted else [sys.executable, "/usr/bin/python3", "python3"]:
        try:
            if subprocess.run([python, "-c", "import numpy, torch"], stderr=subprocess.DEVNULL,
                              check=False).returncode == 0:
                return python
        except OSError:
            pass
    fail("no Python with PyTorch found; run ./setup.sh --peers, or name one with --python")


def machine(program):
    """What the numbers depend on."""
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    compiler = "c++"
    cache = program.parent / "CMakeCache.txt"
    if cache.is_file():
        for line in cache.read_text(encoding="utf-8").splitlines():
            if line.startswith("CMAKE_CXX_COMPILER:"):
                compiler = line.split("=", 1)[1]
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "system": platform.platform(), "cpu": model, "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0], "compiler": first_line([compiler, "--version"]),
        "commit": first_line(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]),
    }


def run_ours(arguments, threads):
    """{setting: row of `modsweep bench`} for whole training steps with that many threads."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "bench.json"
        quick = ["--quick"] if arguments.quick else []
        only = [part for setting in SETTINGS for part in ("--setting", setting)]
        command_output([arguments.program, "bench", *quick, *only, "--threads", threads, "--json", path])
        rows = json.loads(path.read_text(encoding="utf-8"))
    wanted = {"bench": "train", "shape": SHAPE, "batch": BATCH, "precision": "fp32", "threads": threads}
    ours = {row["setting"]: {"program": "modsweep", **row} for row in rows if wanted.items() <= row.items()}
    missing = set(SETTINGS) - set(ours)
    if missing:
        fail(f"`modsweep bench` has no row with setting {', '.join(sorted(missing))} and {wanted}")
    return ours


def run_peer(arguments, seconds=None, repeats=None, **options):
    """Rows of torch_training.py."""
    command = [arguments.python, "-B", PEER, "--seconds", seconds or (0.2 if arguments.quick else 1.0), "--repeats",
               repeats or (3 if arguments.quick else 5)]
    for name, value in options.items():
        command += [f"--{name}", *(value if isinstance(value, (list, tuple)) else [value])]
    # The message that an optimizer is not in this PyTorch is no news here.
    output = command_output(command, stderr=subprocess.DEVNULL)
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


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


def summary(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def describe(row):
    if row["form"] == "loop":
        return f"loop, {row['kind']} Adam, 1 thread"
    cores = f"{row['processes']} processes" if row["processes"] > 1 else f"{row['threads']} threads"
    return f"ensemble of {row['networks']}, {row['kind']}, {cores}"


def print_table(rounds):
    """One line a comparison; returns them as records."""
    records = []
    print(f"{'setting':8} {'PyTorch as':38} {'PyTorch us':>24} {'modsweep us':>21} {'times faster':>21} {'FMA peak':>9}")
    for pairs in zip(*rounds):
        ours = [pair[0]["median_us"] for pair in pairs]
        theirs = [pair[1]["median_us"] for pair in pairs]
        ratios = [their / our for our, their in zip(ours, theirs)]
        share = statistics.median(pair[0].get("share_of_peak") or 0.0 for pair in pairs)
        row = pairs[0][1]
        print(f"{row['setting']:8} {describe(row):38} {summary(theirs, 1):>24} {summary(ours, 2):>21} "
              f"{summary(ratios, 1):>21} {f'{100 * share:.0f} %' if share else '':>9}")
        records.append({"setting": row["setting"], "against": describe(row), "peer_us": theirs, "ours_us": ours,
                        "ratio": statistics.median(ratios), "ratio_min": min(ratios), "ratio_max": max(ratios),
                        "share_of_peak": share or None})
    return records


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/modsweep", help="our program")
    parser.add_argument("--python", help="a Python that has NumPy and PyTorch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="short measurements, to see that it works")
    parser.add_argument("--json", type=pathlib.Path, help="keep all records here")
    arguments = parser.parse_args()
    if not arguments.program.is_file():
        fail(f"{arguments.program} is missing; run ./setup.sh, or name the program with --program")
    arguments.python = find_python(arguments.python)
    about = machine(arguments.program)
    cores = about["cores"]
    if about["load"] > 0.5:
        print(f"compare_peers: the machine is busy (load {about['load']:.1f}): both sides will suffer", file=sys.stderr)

    chosen, looked_at = choose_peers(arguments, cores)
    about.update(torch=looked_at[0]["torch"], blas=looked_at[0]["blas"])
    if about["blas"] == "reference blas":
        print("compare_peers: PyTorch runs on the reference BLAS, which is slow; install libopenblas0-pthread for a "
              "fair comparison", file=sys.stderr)
    rounds = [one_round(arguments, chosen, cores) for _ in range(arguments.rounds)]

    print(f"{SHAPE}, batch {BATCH}, fp32; microseconds per step of one network, median (min-max) of "
          f"{arguments.rounds} rounds")
    print(f"{about['cpu']}, {cores} cores; {about['compiler']}; PyTorch {about['torch']} with {about['blas']}; "
          f"commit {about['commit']}; {about['date']}")
    records = print_table(rounds)
    if arguments.json:
        rows = [row for pairs in rounds for pair in pairs for row in pair]
        arguments.json.write_text(json.dumps({"about": about, "comparisons": records, "rounds": rows,
                                              "forms": looked_at}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
