#!/usr/bin/env python3
"""Checks every form of the PyTorch peers against the reference vectors: losses, and parameters after 1 and 10 steps.

usage: check_peers.py [DIRECTORY]     (default: tests/data/reference of this repository)
"""

import json
import pathlib
import sys

import numpy as np
import torch

from models import FORMS, KINDS, Setting

TOLERANCE = 1e-9  # relative to the largest entry; the vectors themselves agree with an independent version to 2e-11


def read_safetensors(path):
    """Tensors of a .safetensors file as NumPy arrays; F64 and I64 only, which is what the vectors hold."""
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
    """The case as a Setting; None for what the peers do not train."""
    if case["folder"] != "networks" or case["activation"] != "leaky_relu":
        return None
    if case["regularizer"] not in ("none", "L2", "WA2") or (case["sigma"] > 0 and case["noise_alpha"] != 2):
        return None
    return Setting(l2=case["l2"], weighted_activity=case["coef"] if case["regularizer"] == "WA2" else 0.0,
                   noise=case["sigma"])


def difference(ours, theirs):
    scale = max(np.abs(theirs).max(), 1e-300)
    return float(np.abs(ours - theirs).max() / scale)


def check_case(case, setting, data, form, kind):
    """The largest relative difference of any loss or parameter."""
    networks = 1 if form == "loop" else 3
    layer_count = len(case["sizes"]) - 1
    repeat = lambda name: torch.tensor(data[name]).expand(networks, *data[name].shape).clone()
    layers = [(repeat(f"W{l}"), repeat(f"b{l}")) for l in range(layer_count)]
    noise = [repeat(f"eps{l}") for l in range(layer_count - 1)] if setting.noise else None
    training = FORMS[form](case["sizes"], setting, layers, kind, case["lr"], noise)
    x, y = (training.batch(torch.tensor(data[name])) for name in "xy")
    worst = 0.0
    for step in range(10):
        l2_term = setting.l2 * sum(w.square().sum((1, 2)) for w, _ in training.parameters())
        total = training.step(x, y).detach() + l2_term
        worst = max(worst, difference(total.numpy(), data["total_by_step"][step]))
        if step + 1 in (1, 10):
            for l, (w, b) in enumerate(training.parameters()):
                worst = max(worst, difference(w.numpy(), data[f"W{l}_adam{step + 1}"]))
                worst = max(worst, difference(b.numpy(), data[f"b{l}_adam{step + 1}"]))
    return worst


def main():
    default = pathlib.Path(__file__).resolve().parents[2] / "tests/data/reference"
    directory = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    if not (directory / "index.json").is_file():
        sys.exit(f"check_peers: {directory} has no index.json; name the folder with the reference vectors")
    checked = failed = 0
    for case in json.loads((directory / "index.json").read_text()):
        setting = setting_of(case)
        if setting is None:
            continue
        data = read_safetensors(directory / case["file"])
        for form, kinds in KINDS.items():
            for kind in kinds:
                try:
                    worst = check_case(case, setting, data, form, kind)
                except (RuntimeError, TypeError, ValueError) as error:
                    if kind in ("fused", "foreach"):  # not in this PyTorch, or not on this device
                        continue
                    raise error
                checked += 1
                if not worst <= TOLERANCE:
                    failed += 1
                    print(f"FAILED {case['name']} {form} {kind}: differs by {worst:.2e}, allowed {TOLERANCE:.0e}")
    print(f"check_peers: {checked} checks, {failed} failed")
    if checked == 0 or failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
