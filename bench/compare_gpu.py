#!/usr/bin/env python3
"""Runs modsweep's GPU engines and the same training in PyTorch and JAX on the GPU, in turn, and prints how many times
faster each engine is; spectra, against torch.linalg.eigvalsh; and how an engine's time grows with the networks.

First every form of a peer is timed once in every setting and the fastest of each family kept; then come the rounds:
modsweep, PyTorch, JAX, modsweep, ... A ratio is taken within a round. A family that cannot run here is named and left
out; what an engine refuses is a '-'. Microseconds are per step of one network, and per matrix. The records are written
anew after each family and each library, so that a run that is stopped leaves what it measured.
"""

import argparse
import pathlib
import statistics

from comparison import (BATCH, PEERS, ROOT, bench_rows, command_output, fail, find_python, first_line, json_rows,
                        machine, ratio_columns, ratio_header, ratio_record, say, summary, warn_if_busy, write_json)

GEMM = "gemm"
ENGINES = (GEMM, "fused", "fused_3xtf32")
SETTINGS = ("l2", "wa2", "noise2")
# The forms in which PyTorch is tried: {family: [(form, kind, run)]}. All forms compute the same (peers/check_peers.py).
TORCH_FAMILIES = {
    "loop": [("loop", "foreach", "eager"), ("loop", "fused", "eager")],
    "loop-graph": [("loop", "foreach", "graph"), ("loop", "fused", "graph")],
    "ensemble": [("ensemble", "foreach", "eager"), ("ensemble", "fused", "eager"), ("ensemble", "manual", "eager"),
                 ("ensemble", "manual-fused", "eager")],
    "graph": [("ensemble", "fused", "graph"), ("ensemble", "manual", "graph"), ("ensemble", "manual-fused", "graph")],
    "epoch": [("ensemble", "manual", "epoch"), ("ensemble", "manual-fused", "epoch")],
    "compile": [("ensemble", "fused", "compile"), ("ensemble", "flat", "compile"), ("ensemble", "manual", "compile")],
    "compile-graph": [("ensemble", "fused", "compile-graph"), ("ensemble", "manual", "compile-graph")],
    "autotune": [("ensemble", "manual", "autotune"), ("ensemble", "manual", "autotune-epoch"),
                 ("ensemble", "fused", "autotune-epoch")],
    "vmap": [("vmap", "fused", "eager"), ("vmap", "fused", "graph"), ("vmap", "fused", "compile-graph")],
}
JAX = "jax"
SPECTRA = "spectra"
SCALING = "scaling"
SCALING_SETTING, SCALING_WIDTH = "wa2", 32
SCALING_NETWORKS = (1, 132, 264, 1024, 4096, 16384)  # 132: the multiprocessors of an H100
# The summary lines for a setting and a shape, each with the fastest of some records: {line: whether a record belongs}.
BEST = {
    "ensemble": lambda record: record["form"] != "loop" and record["run"] in ("eager", "scan"),  # scan: JAX
    "graphs, compile too": lambda record: record["form"] != "loop",
    "loop": lambda record: record["form"] == "loop" and record["run"] == "eager",
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/modsweep", help="our program")
    parser.add_argument("--python", help="a Python that has NumPy and PyTorch with CUDA")
    parser.add_argument("--jax-python", help="a Python that has NumPy and JAX; default: the one of PyTorch")
    parser.add_argument("--engine", action="append", choices=ENGINES, metavar="NAME",
                        help=f"of ours; may be given many times; default: {', '.join(ENGINES)}, with --tf32 {GEMM}")
    parser.add_argument("--setting", nargs="+", choices=SETTINGS, default=SETTINGS)
    parser.add_argument("--networks", type=int, default=1024)
    parser.add_argument("--width", type=int, nargs="+", default=[32, 64, 128, 256], help="units of each hidden layer")
    parser.add_argument("--peer", nargs="+", choices=(*TORCH_FAMILIES, JAX, SPECTRA, SCALING), help="only these")
    parser.add_argument("--tf32", action="store_true", help="let float32 matrix products round to TF32, ours and the peers'")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda",
                        help="of the peers; cpu only to see that this script works")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="short measurements, to see that it works")
    parser.add_argument("--json", type=pathlib.Path, help="keep all records here")
    arguments = parser.parse_args()
    arguments.peer = arguments.peer or [*TORCH_FAMILIES, JAX, SPECTRA, SCALING]
    arguments.engine = list(dict.fromkeys(arguments.engine or ([GEMM] if arguments.tf32 else ENGINES)))
    if arguments.tf32 and arguments.engine != [GEMM]:
        fail(f"--tf32 compares {GEMM} alone; leave out the other engines", 2)
    arguments.broken = set()  # engines for which `modsweep bench` failed
    if not arguments.program.is_file():
        fail(f"{arguments.program} is missing; build it, or name the program with --program", 2)
    return arguments


def find_peers(arguments):
    """Sets arguments.python and arguments.jax_python; leaves JAX out if no Python has it."""
    if set(arguments.peer) == {SCALING}:
        return
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
    """The GPU and its driver, as nvidia-smi reports them."""
    return first_line(["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"])


def run_ours(arguments, engine, width, settings, networks):
    """Rows of `modsweep bench` for whole training steps; no row for a case that the engine refuses, which is shown as
    '-'."""
    shape = f"4-{width}-{width}-{width}-4"
    precision = "tf32" if arguments.tf32 else "fp32"
    options = ["--engine", engine, "--shape", shape, "--precision", precision]
    for setting in settings:
        options += ["--setting", setting]
    for count in networks:
        options += ["--networks", count]
    rows = bench_rows(arguments.program, options + (["--quick"] if arguments.quick else []), required=False)
    if rows is None:
        arguments.broken.add(engine)
        return []
    wanted = {"bench": "train", "engine": engine, "shape": shape, "batch": BATCH, "precision": precision}
    return [{"program": "modsweep", **row} for row in rows if wanted.items() <= row.items()]


def run_peer(arguments, script, options, brief=False):
    """Rows of a peer's script; none, with a message, if it failed."""
    python = arguments.jax_python if script.startswith("jax") else arguments.python
    seconds, repeats = (0.05, 3) if brief or arguments.quick else (1.0, 5)
    command = [python, "-B", PEERS / script, "--device", arguments.device, "--seconds", seconds, "--repeats", repeats,
               *(["--tf32"] if arguments.tf32 else []), *options]
    return json_rows(command_output(command, required=False))


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
    """{(setting, family): case of the fastest}; all measured rows are added to `measured`. Each family has its own
    process, so that a crash does not affect the others."""
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
    """{(width, setting, family): ({engine: our row}, their row)}, library by library."""
    if not chosen and JAX not in arguments.peer:
        return
    ours = {setting: {} for setting in arguments.setting}
    for engine in arguments.engine:
        for row in run_ours(arguments, engine, width, arguments.setting, [arguments.networks]):
            ours[row["setting"]][engine] = row
            say(f"{row['setting']}, width {width}: {row['median_us']:.3g} us, {engine}")
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
            for row in bench_rows(arguments.program, ["--engine", GEMM, "--spectra", *quick])
            if row["bench"] == "spectra"}
    if not ours:
        fail(f"`modsweep bench --engine {GEMM} --spectra` has no row of spectra")
    # At the same precision: doubles are slower for the peer.
    precision = next(iter(ours.values()))["precision"]
    sizes = sorted(ours)
    rows = run_peer(arguments, "torch_spectra.py", ["--precision", precision, "--n", *sizes,
                                                    "--matrices", *[ours[n]["networks"] for n in sizes]])
    return {row["n"]: (ours[row["n"]], row) for row in rows}


def scaling_round(arguments):
    """{networks: {engine: our row}}."""
    ours = {networks: {} for networks in SCALING_NETWORKS}
    for engine in arguments.engine:
        for row in run_ours(arguments, engine, SCALING_WIDTH, [SCALING_SETTING], SCALING_NETWORKS):
            ours[row["networks"]][engine] = row
    return ours


def in_all(rounds):
    """{key: [value of each round]} of the keys that every round has."""
    keys = rounds[0] if rounds else ()
    return {key: [pairs[key] for pairs in rounds] for key in keys if all(key in pairs for pairs in rounds)}


def describe(row):
    library = "JAX" if row["program"] == "jax" else "PyTorch"
    return f"{library} {row['form']}, {row['kind']}, {row['run']}"


def by_engine(engines, rounds, record):
    """{engine: record(its rows)} from rounds of {engine: row}; None for an engine that is missing in a round."""
    return {engine: record([ours[engine] for ours in rounds]) if all(engine in ours for ours in rounds) else None
            for engine in engines}


def training_records(engines, compared):
    """A record for each of {(width, setting, family): pairs of all rounds}."""
    records = []
    for pairs in compared.values():
        theirs = [row for _, row in pairs]
        about = {name: theirs[0][name] for name in ("setting", "shape", "networks", "form", "run", "tf32")}
        ratios = by_engine(engines, [ours for ours, _ in pairs], lambda rows: ratio_record(list(zip(rows, theirs))))
        records.append({"bench": "train", **about, "against": describe(theirs[0]),
                        "peer_us": [row["median_us"] for row in theirs], "engines": ratios})
    return records


def best_records(records):
    """For each setting and shape, and each line of BEST, the record with the fastest peer."""
    best = []
    for case in dict.fromkeys((record["setting"], record["shape"]) for record in records):
        for name, belongs in BEST.items():
            mine = [record for record in records if (record["setting"], record["shape"]) == case and belongs(record)]
            if mine:
                best.append({"best": name, **min(mine, key=lambda record: statistics.median(record["peer_us"]))})
    return best


def scaling_records(engines, rounds):
    """A record for each of {networks: [{engine: our row} of each round]}. `step_us`: time of all networks together."""
    def times(rows):
        return {"us": [row["median_us"] for row in rows],
                "step_us": [row["median_us"] * row["networks"] for row in rows]}

    records = [{"bench": SCALING, "setting": SCALING_SETTING, "width": SCALING_WIDTH, "networks": networks,
                "engines": by_engine(engines, ours, times)} for networks, ours in rounds.items()]
    for engine in engines:
        mine = [(record["networks"], record["engines"][engine]) for record in records if record["engines"][engine]]
        for _, record in mine:
            record["times_one"] = (statistics.median(record["step_us"]) / statistics.median(mine[0][1]["step_us"])
                                   if mine[0][0] == 1 else None)
    return records


def spectra_records(compared):
    """A record for each of {n: pairs of all rounds}."""
    records = []
    for n, pairs in compared.items():
        row = pairs[0][1]
        records.append({"bench": "spectra", "n": n, "networks": row["networks"], "precision": row["precision"],
                        "against": "PyTorch eigvalsh", "tf32": row["tf32"],
                        "peer_weights_us": [theirs.get("weights_us") for _, theirs in pairs], **ratio_record(pairs)})
    return records


def cells(engines, text):
    """A column for each of {engine: its record, or None}."""
    return "".join(f" {text(record) if record else '-':>27}" for record in engines.values())


def print_training(records, best):
    if records:
        names = "".join(f" {engine:>27}" for engine in records[0]["engines"])
        print(f"{'setting':8} {'shape':18} {'microseconds':21}{names}")
    for record in {(record["setting"], record["shape"]): record for record in records}.values():
        print(f"{record['setting']:8} {record['shape']:18} {'':21}"
              f"{cells(record['engines'], lambda ratio: summary(ratio['ours_us'], 3))}")
    for title, some in (("times faster", records), ("than the best", best)):
        if some:
            print(f"\n{'setting':8} {'shape':18} {title:21}{names} {'peer us':>26}  {'peer':45} {'networks':>8}")
        for record in some:
            print(f"{record['setting']:8} {record['shape']:18} {record.get('best', ''):21}"
                  f"{cells(record['engines'], lambda ratio: summary(ratio['ratios'], 1))} "
                  f"{summary(record['peer_us'], 2):>26}  {record['against']:45} {record['networks']:8}")


def print_spectra(records):
    if records:
        print(f"\n{'spectra':8} {'matrices':>8} {'peer':38} {ratio_header('peer')}")
    for record in records:
        size, peer = f"n = {record['n']}", f"{record['against']}, {record['precision']}"
        print(f"{size:8} {record['networks']:8} {peer:38} {ratio_columns(record)}")


def scaling_text(record):
    times_one = "-" if record["times_one"] is None else f"{record['times_one']:.2f}"
    return f"{statistics.median(record['step_us']):.1f} {times_one:>8} {statistics.median(record['us']):8.4f}"


def print_scaling(records):
    if records:
        print(f"\n{SCALING}, {SCALING_SETTING}, width {SCALING_WIDTH}: us of a step of all networks, how many times "
              "that of one network, us per network")
        print(f"{'networks':>8}" + "".join(f" {engine:>27}" for engine in records[0]["engines"]))
    for record in records:
        print(f"{record['networks']:8}{cells(record['engines'], scaling_text)}")


class Measured:
    """All measurements so far, and the file that holds them."""

    def __init__(self, path, about):
        self.path, self.about = path, about
        self.looked_at = []  # rows of the choice of kinds
        # For each round, the results of one_round, spectra_round and scaling_round; the last of `rounds` may be
        # incomplete.
        self.rounds, self.spectra, self.scaling = [], [], []

    def records(self, finished):
        """Records of training, its best peers, spectra and scaling, over the complete rounds if there are any."""
        rounds = self.rounds if finished else self.rounds[:-1] or self.rounds
        training = training_records(self.about["engines"], in_all(rounds))
        return (training, best_records(training), spectra_records(in_all(self.spectra)),
                scaling_records(self.about["engines"], in_all(self.scaling)))

    def keep(self, finished=False):
        """Writes the records and all rows."""
        if self.path:
            training, best, spectra, scaling = self.records(finished)
            rows = [row for pairs in self.rounds for ours, row in pairs.values() for row in (*ours.values(), row)]
            rows += [row for pairs in self.spectra for pair in pairs.values() for row in pair]
            rows += [row for networks in self.scaling for ours in networks.values() for row in ours.values()]
            write_json(self.path, {"about": self.about, "comparisons": training + spectra, "best": best,
                                   "scaling": scaling, "rounds": list({id(row): row for row in rows}.values()),
                                   "forms": self.looked_at})


def main():
    arguments = parse_arguments()
    find_peers(arguments)
    about = {**machine(arguments.program), "gpu": gpu(), "tf32": arguments.tf32, "python": arguments.python,
             "engines": arguments.engine, "networks": arguments.networks}
    warn_if_busy(about)

    measured = Measured(arguments.json, about)
    for _ in range(arguments.rounds if SCALING in arguments.peer else 0):
        measured.scaling.append(scaling_round(arguments))
        measured.keep()
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
    print(f"batch {BATCH}, fp32, TF32 {'on' if arguments.tf32 else 'off'}, ours {arguments.networks} networks; median "
          f"(min-max) of {arguments.rounds} rounds\n")
    training, best, spectra, scaling = measured.records(finished=True)
    print_training(training, best)
    print_spectra(spectra)
    print_scaling(scaling)
    if not spectra and not any(any(record["engines"].values()) for record in training + scaling):
        fail("nothing was compared; the lines above say why")
    if arguments.broken:
        fail(f"`modsweep bench` failed with --engine {', '.join(sorted(arguments.broken))}; the lines above say why")


if __name__ == "__main__":
    main()
