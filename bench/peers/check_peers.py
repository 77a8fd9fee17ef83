#!/usr/bin/env python3
"""Checks the peers against the reference vectors, in double: losses, and parameters after 1 and 10 steps, of every
form, kind and run that this machine can do; and the spectra. What it cannot do is named, and is no failure; what it can
do in some cases only is one.

Each form has its line as soon as it is done. Compiling takes long: compiled forms are checked last, and on one case, which
has l2, weighted activity and noise.
"""

import argparse
import functools
import json
import os
import pathlib
import sys
import time

import numpy as np
import torch

from execution import prepare
from models import FORMS, KINDS
from standard import Setting
from torch_spectra import laplacian

# By default JAX reserves most of the device's memory at start, which PyTorch in this process needs too.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

TOLERANCE = 1e-9  # relative to the largest entry; the vectors themselves agree with an independent version to 2e-11
NETWORKS = 3  # of an ensemble, all with the same initial values
# Kinds that differ only in PyTorch's own optimizer compile to the same code.
COMPILED_KINDS = {"loop": ("plain",), "ensemble": ("plain", "flat", "manual"), "vmap": ("plain",)}
# Forms that must not be left out: the first list on every machine, the second on every CUDA device.
REQUIRED = ("loop plain eager", "ensemble plain eager", "ensemble flat eager", "ensemble manual eager", "spectra")
REQUIRED_ON_CUDA = ("loop plain graph", "ensemble plain graph", "ensemble flat graph", "ensemble manual graph")


def read_safetensors(path):
    """Tensors of a .safetensors file as NumPy arrays; F64 and I64 only, the types of the vectors."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        dtype = {"F64": "<f8", "I64": "<i8"}[entry["dtype"]]
        tensors[name] = np.frombuffer(data[8 + length + begin : 8 + length + end], dtype).reshape(entry["shape"])
    return tensors


def setting_of(case):
    """The case as a Setting; None if the peers do not train it."""
    if case["folder"] != "networks" or case["activation"] != "leaky_relu":
        return None
    if case["regularizer"] not in ("none", "L2", "WA2") or (case["sigma"] > 0 and case["noise_alpha"] != 2):
        return None
    return Setting(l2=case["l2"], weighted_activity=case["coef"] if case["regularizer"] == "WA2" else 0.0,
                   noise=case["sigma"])


def difference(ours, theirs):
    scale = max(np.abs(theirs).max(initial=0), 1e-300)
    return float(np.abs(ours - theirs).max(initial=0) / scale)


def repeated(data, name, networks):
    return np.repeat(data[name][None], networks, axis=0)


def start_values(case, setting, data, networks):
    """(layers, fixed noise or None) in the form that every training accepts, as NumPy arrays."""
    count = len(case["sizes"]) - 1
    layers = [(repeated(data, f"W{l}", networks), repeated(data, f"b{l}", networks)) for l in range(count)]
    return layers, [repeated(data, f"eps{l}", networks) for l in range(count - 1)] if setting.noise else None


class TorchPeer:
    """step() and parameters() of a PyTorch training, in NumPy."""

    def __init__(self, case, setting, data, form, kind, run, device):
        tensor = lambda values: torch.tensor(values, device=device)
        layers, noise = start_values(case, setting, data, 1 if form == "loop" else NETWORKS)
        layers = [(tensor(w), tensor(b)) for w, b in layers]
        noise = noise and [tensor(eps) for eps in noise]
        x, y = tensor(data["x"]), tensor(data["y"])
        make_training = lambda capturable: FORMS[form](case["sizes"], setting, layers, kind, case["lr"], noise,
                                                       capturable)
        self.training = prepare(make_training, run, [(x, y)])
        self.x, self.y = self.training.batch(x), self.training.batch(y)

    def step(self):
        return self.training.step(self.x, self.y).detach().cpu().numpy()

    def parameters(self):
        return [(w.cpu().numpy(), b.cpu().numpy()) for w, b in self.training.parameters()]


class JaxPeer:
    """The same of a JAX training."""

    def __init__(self, case, setting, data):
        from jax_models import JaxTraining

        layers, noise = start_values(case, setting, data, NETWORKS)
        self.training = JaxTraining(case["sizes"], setting, layers, learning_rate=case["lr"], fixed_noise=noise)
        self.x, self.y = data["x"][None], data["y"][None]

    def step(self):
        return np.asarray(self.training.steps(self.x, self.y, 1))

    def parameters(self):
        return [(np.asarray(w), np.asarray(b)) for w, b in self.training.parameters()]


def check_training(peer, setting, data):
    """The largest relative difference of any loss or parameter."""
    worst = 0.0
    for step in range(10):
        # Before the step: parameters may share memory with the training.
        l2_term = setting.l2 * sum(np.square(w).sum((1, 2)) for w, _ in peer.parameters())
        worst = max(worst, difference(peer.step() + l2_term, data["total_by_step"][step]))
        if step + 1 in (1, 10):
            for l, (w, b) in enumerate(peer.parameters()):
                worst = max(worst, difference(w, data[f"W{l}_adam{step + 1}"]))
                worst = max(worst, difference(b, data[f"b{l}_adam{step + 1}"]))
    return worst


class Report:
    """What was checked, what failed, and what this machine cannot run; a form's name includes kind and run."""

    def __init__(self):
        self.checks, self.failed, self.done, self.left_out = 0, 0, set(), {}

    def fail(self, text):
        self.failed += 1
        print(f"FAILED {text}", flush=True)

    def check(self, name, cases, every_case=False):
        """cases: {case's name: function}. A function returns the largest relative difference, or raises RuntimeError,
        TypeError or ValueError in the first case if this machine cannot run it. every_case: prints a line for each case
        too."""
        began, worst, checked = time.monotonic(), 0.0, 0
        for case, worst_of in cases.items():
            try:
                difference_of_case = worst_of()
            except Exception as error:  # the other forms must still be checked
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                if checked or not isinstance(error, (RuntimeError, TypeError, ValueError)):
                    self.fail(f"{name} {case}: {type(error).__name__}: {reason}")
                    break
                self.left_out[name] = reason
                print(f"{name}: left out, {reason}", flush=True)
                return
            checked += 1
            worst = max(worst, difference_of_case)
            if not difference_of_case <= TOLERANCE:
                self.fail(f"{name} {case}: differs by {difference_of_case:.2e}, allowed {TOLERANCE:.0e}")
            if every_case:
                print(f"{name} {case}: differs by {difference_of_case:.1e}", flush=True)
        self.checks += checked
        self.done.add(name)
        print(f"{name}: {checked} cases, differ by {worst:.1e} at most, {time.monotonic() - began:.1f} s", flush=True)

    def finish(self, required):
        for reason in dict.fromkeys(self.left_out.values()):
            names = [name for name, why in self.left_out.items() if why == reason]
            print(f"left out, {reason}: {', '.join(names)}")
        # An error in a required form is a failure.
        for name in required:
            if name not in self.done:
                self.fail(f"to run at all: {name}")
        print(f"check_peers: {self.checks} checks, {self.failed} failed")
        return 1 if self.failed else 0


def training_checks(cases, directory, make_peer):
    """The cases for Report.check, with peers from make_peer(case, setting, data)."""
    def worst_of(case):
        setting, data = setting_of(case), read_safetensors(directory / case["file"])
        return check_training(make_peer(case, setting, data), setting, data)

    return {case["name"]: functools.partial(worst_of, case) for case in cases}


def check_torch(cases, directory, device, runs, kinds_of, report):
    """Checks every case with every given run, form and kind."""
    for run in runs:
        for form, kinds in kinds_of.items():
            for kind in kinds:
                make_peer = functools.partial(TorchPeer, form=form, kind=kind, run=run, device=device)
                report.check(f"{form} {kind} {run}", training_checks(cases, directory, make_peer))


def check_compiled(cases, directory, device, report):
    everything = [case for case in cases if min(setting_of(case)) > 0][:1]
    check_torch(everything, directory, device, ("compile", "compile-graph", "autotune-epoch"), COMPILED_KINDS, report)


def check_jax(cases, directory, device, report):
    if find_jax(device, report):
        report.check("jax scan", training_checks(cases, directory, JaxPeer), every_case=True)  # each case is compiled


def find_jax(device, report):
    """Whether JAX is installed; sets it to double precision and the device."""
    try:
        import jax
    except ImportError:
        report.left_out["jax scan"] = "this Python has no JAX"
        return False
    jax.config.update("jax_platforms", "cpu" if device == "cpu" else "cuda")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_default_matmul_precision", "highest")
    return True


def check_spectra(cases, directory, device, report):
    def worst_of(case):
        data = read_safetensors(directory / case["file"])
        spectrum = torch.linalg.eigvalsh(laplacian(torch.tensor(data["W"], device=device)))
        return difference(spectrum.cpu().numpy(), data["eig_all"])

    report.check("spectra", {case["name"]: functools.partial(worst_of, case)
                             for case in cases if case["folder"] == "laplacian"})


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path, nargs="?", default=root / "tests/data/reference",
                        help="the folder with the reference vectors")
    parser.add_argument("--device", default="cpu", help="cpu, or a CUDA device")
    arguments = parser.parse_args()
    index = arguments.directory / "index.json"
    if not index.is_file():
        parser.error(f"{arguments.directory} has no index.json; name the folder with the reference vectors")
    cases = json.loads(index.read_text(encoding="utf-8"))
    trained = [case for case in cases if setting_of(case)]
    where = arguments.directory, arguments.device
    report = Report()
    check_torch(trained, *where, ("eager", "graph", "epoch"), KINDS, report)
    check_spectra(cases, *where, report)
    check_jax(trained, *where, report)
    check_compiled(trained, *where, report)
    sys.exit(report.finish(REQUIRED if arguments.device == "cpu" else REQUIRED + REQUIRED_ON_CUDA))


if __name__ == "__main__":
    main()
