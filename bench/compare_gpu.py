#!/usr/bin/env python3
"""Runs modsweep on the GPU and the same training in PyTorch and JAX on it, in turn, and prints how many times faster
ours is; and spectra, against torch.linalg.eigvalsh.

First every form of a peer is timed once in every setting and the fastest of each family kept; then come the rounds:
modsweep, PyTorch, JAX, modsweep, ... A ratio is taken within a round. A family that cannot run here is named and left
out. Microseconds are per step of one network, and per matrix. The records are written anew after each family and each
library, so that a run that is stopped leaves what it measured.
"""

import argparse
import pathlib
import subprocess

from comparison import (BATCH, PEERS, ROOT, bench_rows, fail, find_python, first_line, json_rows, machine,
                        ratio_columns, ratio_header, ratio_record, rows_by_setting, say, warn_if_busy, write_json)

SETTINGS = ("l2", "wa2", "noise2")
# What PyTorch is tried as: {family: [(form, kind, run)]}. All forms compute the same (peers/check_peers.py).
TORCH_FAMILIES = {
    "loop": [("loop", "foreach", "eager"), ("loop", "fused", "eager")],
    "loop-graph": [("loop", "foreach", "graph"), ("loop", "fused", "graph")],
    "ensemble": [("ensemble", "foreach", "eager"), ("ensemble", "fused", "eager"), ("ensemble", "manual", "eager"),
                 ("ensemble", "manual-fused", "eager")],
    "graph": [("ensemble", "fused", "graph"), ("ensemble", "manual", "graph"), ("ensemble", "manual-fused", "graph")],
    "compile": [("ensemble", "fused", "compile"), ("ensemble", "flat", "compile"), ("ensemble", "manual", "compile")],
    "compile-graph": [("ensemble", "fused", "compile-graph"), ("ensemble", "manual", "compile-graph")],
    "vmap": [("vmap", "fused", "eager"), ("vmap", "fused", "graph"), ("vmap", "fused", "compile-graph")],
}
JAX = "jax"
SPECTRA = "spectra"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/modsweep", help="our program")
    parser.add_argument("--python", help="a Python that has NumPy and PyTorch with CUDA")
    parser.add_argument("--jax-python", help="a Python that has NumPy and JAX; default: the one of PyTorch")
    parser.add_argument("--setting", nargs="+", choices=SETTINGS, default=SETTINGS)
    parser.add_argument("--networks", type=int, default=1024)
    parser.add_argument("--width", type=int, nargs="+", default=[32, 64, 128, 256], help="units of each hidden layer")
    parser.add_argument("--peer", nargs="+", choices=(*TORCH_FAMILIES, JAX, SPECTRA), help="only these")
    parser.add_argument("--tf32", action="store_true", help="let float32 matrix products round to TF32, ours and the peers'")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda",
                        help="of the peers; cpu only to see that this script works")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="short measurements, to see that it works")
    parser.add_argument("--json", type=pathlib.Path, help="keep all records here")
    arguments = parser.parse_args()
    arguments.peer = arguments.peer or [*TORCH_FAMILIES, JAX, SPECTRA]
    if not arguments.program.is_file():
        fail(f"{arguments.program} is missing; build it, or name the program with --program", 2)
    return arguments


def find_peers(arguments):
    """Sets arguments.python and arguments.jax_python; leaves JAX out where no Python has it."""
    arguments.python = find_python(arguments.python,
                                   f"import numpy, torch; torch.zeros(1, device='{arguments.device}')")
    if arguments.python is None:
        fail(f"no Python found whose PyTorch has the device {arguments.device}; name one with --python", 2)
    if JAX in arguments.peer:
        arguments.jax_python = find_python(arguments.jax_python or arguments.python, "import numpy, jax")
        if arguments.jax_python is None:
            say("no Python with JAX found, so JAX is left out; name one with --jax-python")
            arguments.peer.remove(JAX)


def gpu():
    """The GPU and its driver, as nvidia-smi says."""
    return first_line(["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"])


def run_ours(arguments, width):
    """{setting: row of `modsweep bench`} for whole training steps."""
    shape = f"4-{width}-{width}-{width}-4"
    precision = "tf32" if arguments.tf32 else "fp32"
    options = ["--engine", "gemm", "--networks", arguments.networks, "--shape", shape, "--precision", precision]
    for setting in arguments.setting:
        options += ["--setting", setting]
    rows = bench_rows(arguments.program, options + (["--quick"] if arguments.quick else []))
    return rows_by_setting(rows, arguments.setting, {"bench": "train", "engine": "gemm", "shape": shape, "batch": BATCH,
                                                     "precision": precision, "networks": arguments.networks})


def run_peer(arguments, script, options, brief=False):
    """Rows of a peer's script; none if it failed, which is said."""
    python = arguments.jax_python if script.startswith("jax") else arguments.python
    seconds, repeats = (0.05, 3) if brief or arguments.quick else (1.0, 5)
    command = [python, "-B", PEERS / script, "--device", arguments.device, "--seconds", seconds, "--repeats", repeats,
               *(["--tf32"] if arguments.tf32 else []), *options]
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        say(f"exit code {result.returncode} of: {' '.join(map(str, command))}")
    return json_rows(result.stdout)


def run_torch(arguments, width, cases, brief=False):
    """Rows of the cases (form, kind, run, setting, networks)."""
    texts = [":".join(map(str, case)) for case in cases]
    return run_peer(arguments, "torch_training.py", ["--width", width, "--case", *texts], brief) if cases else []


def run_jax(arguments, width, brief=False):
    return run_peer(arguments, "jax_training.py", ["--width", width, "--networks", arguments.networks, "--setting",
                                                   *arguments.setting], brief)


def fastest(rows):
    return min(rows, key=lambda row: row["median_us"])


def case_of(row):
    return row["form"], row["kind"], row["run"], row["setting"], row["networks"]


def choose_torch(arguments, width, measured):
    """{(setting, family): case of the fastest}; all rows looked at go into `measured`. A process a family: one
    that breaks takes no other with it."""
    chosen = {}
    for family, forms in TORCH_FAMILIES.items():
        if family not in arguments.peer:
            continue
        cases = [(*form, setting, 1 if form[0] == "loop" else arguments.networks)
                 for setting in arguments.setting for form in forms]
        rows = run_torch(arguments, width, cases, brief=True)
        measured.looked_at += rows
        measured.keep()
        for setting in arguments.setting:
            mine = [row for row in rows if row["setting"] == setting]
            if mine:
                row = fastest(mine)
                chosen[setting, family] = case_of(row)
                say(f"{setting}, width {width}, {family}: {row['median_us']:.3g} us, {describe(row)}")
            else:
                say(f"PyTorch as {family} did not run {setting} at width {width}, so it is left out")
    return chosen


def one_round(arguments, width, chosen):
    """{(width, setting, family): (our row, their row)}, library by library."""
    if not chosen and JAX not in arguments.peer:
        return
    ours = run_ours(arguments, width)
    for setting, row in ours.items():
        say(f"{setting}, width {width}: {row['median_us']:.3g} us, modsweep")
    rows = {case_of(row): row for row in run_torch(arguments, width, chosen.values())}
    yield {(width, setting, family): (ours[setting], rows[case])
           for (setting, family), case in chosen.items() if case in rows}
    if JAX in arguments.peer:
        rows = run_jax(arguments, width)
        mine = {setting: [row for row in rows if row["setting"] == setting] for setting in arguments.setting}
        yield {(width, setting, JAX): (ours[setting], fastest(mine[setting])) for setting in mine if mine[setting]}


def spectra_round(arguments):
    """{n: (our row, their row)}."""
    quick = ["--quick"] if arguments.quick else []
    ours = {row["n"]: {"program": "modsweep", **row}
            for row in bench_rows(arguments.program, ["--engine", "gemm", "--spectra", *quick])
            if row["bench"] == "spectra"}
    if not ours:
        fail("`modsweep bench --engine gemm --spectra` has no row of spectra")
    # The same precision: doubles take the peer longer.
    precision = next(iter(ours.values()))["precision"]
    rows = run_peer(arguments, "torch_spectra.py", ["--precision", precision, "--n", *sorted(ours)])
    return {row["n"]: (ours[row["n"]], row) for row in rows}


def in_all(rounds):
    """{key: [pair of each round]} of the keys that every round has."""
    keys = rounds[0] if rounds else ()
    return {key: [pairs[key] for pairs in rounds] for key in keys if all(key in pairs for pairs in rounds)}


def describe(row):
    library = "JAX" if row["program"] == "jax" else "PyTorch"
    return f"{library} {row['form']}, {row['kind']}, {row['run']}"


def training_records(compared):
    """A record for each of {(width, setting, family): pairs of all rounds}."""
    records = []
    for pairs in compared.values():
        row = pairs[0][1]
        records.append({"bench": "train", "setting": row["setting"], "shape": row["shape"], "networks": row["networks"],
                        "against": describe(row), "tf32": row["tf32"], **ratio_record(pairs)})
    return records


def spectra_records(compared):
    """A record for each of {n: pairs of all rounds}."""
    records = []
    for n, pairs in compared.items():
        row = pairs[0][1]
        records.append({"bench": "spectra", "n": n, "networks": row["networks"], "precision": row["precision"],
                        "against": "PyTorch eigvalsh", "tf32": row["tf32"], **ratio_record(pairs)})
    return records


def print_training(records):
    if records:
        print(f"{'setting':8} {'shape':18} {'networks':>8} {'peer':38} {ratio_header('peer')}")
    for record in records:
        print(f"{record['setting']:8} {record['shape']:18} {record['networks']:8} {record['against']:38} "
              f"{ratio_columns(record)}")


def print_spectra(records):
    if records:
        print(f"\n{'spectra':8} {'matrices':>8} {'peer':38} {ratio_header('peer')}")
    for record in records:
        size, peer = f"n = {record['n']}", f"{record['against']}, {record['precision']}"
        print(f"{size:8} {record['networks']:8} {peer:38} {ratio_columns(record)}")


class Measured:
    """All that was measured so far, and the file that holds it."""

    def __init__(self, path, about):
        self.path, self.about = path, about
        self.looked_at = []  # rows of the choice of kinds
        self.rounds, self.spectra = [], []  # {key: (our row, their row)} of each round; the last may be incomplete

    def keep(self, finished=False):
        """Writes the records: the comparisons, over complete rounds where there is one, and all rows."""
        if self.path:
            rounds, spectra = (all_rounds if finished else all_rounds[:-1] or all_rounds
                               for all_rounds in (self.rounds, self.spectra))
            rows = [row for pairs in self.rounds + self.spectra for pair in pairs.values() for row in pair]
            write_json(self.path, {
                "about": self.about,
                "comparisons": training_records(in_all(rounds)) + spectra_records(in_all(spectra)),
                "rounds": rows, "forms": self.looked_at})


def main():
    arguments = parse_arguments()
    find_peers(arguments)
    about = {**machine(arguments.program), "gpu": gpu(), "tf32": arguments.tf32, "python": arguments.python}
    warn_if_busy(about)

    measured = Measured(arguments.json, about)
    chosen = {width: choose_torch(arguments, width, measured) for width in arguments.width}
    for _ in range(arguments.rounds):
        measured.rounds.append({})
        for width in arguments.width:
            for pairs in one_round(arguments, width, chosen[width]):
                measured.rounds[-1].update(pairs)
                measured.keep()
    for _ in range(arguments.rounds if SPECTRA in arguments.peer else 0):
        measured.spectra.append(spectra_round(arguments))
        measured.keep()
    measured.keep(finished=True)

    print(f"{about['gpu']}; {about['cpu']}; commit {about['commit']}; {about['date']}")
    print(f"batch {BATCH}, fp32, TF32 {'on' if arguments.tf32 else 'off'}; median (min-max) of "
          f"{arguments.rounds} rounds")
    training, spectra = training_records(in_all(measured.rounds)), spectra_records(in_all(measured.spectra))
    print_training(training)
    print_spectra(spectra)
    if not training and not spectra:
        fail("nothing was compared; the lines above say why")


if __name__ == "__main__":
    main()
