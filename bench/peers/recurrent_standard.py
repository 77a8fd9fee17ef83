"""What the trainings of recurrent networks of the compared libraries share: cases, initial values, data, and the
reference vectors. NumPy only."""

import json
import math
import pathlib
from typing import NamedTuple

import numpy as np

SLOPE = 0.01  # of the leaky ReLU
RATE, MOMENTUM, CLIP_NORM = 0.2, 0.1, 2.0
BATCH = 256


class Case(NamedTuple):
    """A network that learns `task`, N of N-parity: modular, whose newest of N - 1 modules is trained, with one head, or
    flat, whose one module is trained with N - 1 heads."""

    topology: str
    units: int
    task: int

    @property
    def modules(self):
        return self.task - 1 if self.topology == "modular" else 1

    @property
    def heads(self):
        return 1 if self.topology == "modular" else self.task - 1

    @property
    def length(self):
        """Of sequences: the mean of {N + 2, ..., 4 N}, which is 2.5 N + 1, rounded down."""
        return int(2.5 * self.task) + 1


def case_from(text):
    """TOPOLOGY:UNITS:TASK, for argparse."""
    topology, units, task = text.split(":")
    if topology not in ("modular", "flat") or int(units) < 1 or int(task) < 2:
        raise ValueError
    return Case(topology, int(units), int(task))


def initial_values(case, networks, seed=0):
    """Values of `networks` networks by name. Of the trained module: W_R, W_FF [S, M, M] (row: receiving unit), W_I, b
    (the sum of a unit's biases), tau [S, M], W_O [S, H, 2, M], b_O [S, H, 2]; of the D - 1 others, which are frozen:
    frozen_W_R, frozen_W_FF [S, D - 1, M, M], frozen_W_I, frozen_b, frozen_tau [S, D - 1, M]; W_FF of a first module is
    0. States before the first bit: r0 [S, D, B, M]."""
    generator = np.random.RandomState(seed)
    m, others = case.units, case.modules - 1
    bound = 1 / math.sqrt(m)

    def uniform(*shape):
        return generator.uniform(-bound, bound, shape)

    values = {}
    for prefix, shape in (("", (networks,)), ("frozen_", (networks, others))):
        values[prefix + "W_R"] = uniform(*shape, m, m) * (1 - np.eye(m))
        values[prefix + "W_FF"] = uniform(*shape, m, m)
        values[prefix + "W_I"], values[prefix + "b"] = uniform(*shape, m), uniform(*shape, m)
        values[prefix + "tau"] = 1 + generator.uniform(size=(*shape, m))
    if others:
        values["frozen_W_FF"][:, 0] = 0
    else:
        values["W_FF"][:] = 0
    values["W_O"], values["b_O"] = uniform(networks, case.heads, 2, m), uniform(networks, case.heads, 2)
    values["r0"] = 0.1 * generator.uniform(size=(networks, case.modules, BATCH, m))
    return values


def draw_batch(case, networks, seed):
    """(bits [S, T, B], labels [S, H, B]): the parity of the last bits, as many as a head's task."""
    generator = np.random.RandomState(seed)
    bits = generator.randint(0, 2, (networks, case.length, BATCH))
    tasks = [case.task] if case.topology == "modular" else range(2, case.task + 1)
    return bits, np.stack([bits[:, -n:].sum(1) % 2 for n in tasks], 1)


def read_tensors(path):
    """(tensors by name, metadata) of a reference vector."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = {"F64": "<f8", "I64": "<i8", "U8": "u1"}[entry["dtype"]]
        tensors[name] = np.frombuffer(data[8 + length + begin : 8 + length + end], dtype).reshape(entry["shape"])
    return tensors, metadata


def reference_steps(folder):
    """The steps of the vectors that the peers train: (name, values of one network, bits, labels, gradients by name,
    loss)."""
    for entry in json.loads((pathlib.Path(folder) / "index.json").read_text(encoding="utf-8")):
        if entry["kind"] != "network" or entry["ragged"] or entry["activation_site"] != "drive":
            continue
        newest = entry["modules"] - 1
        trained = {f"{name}{newest}" for name in ("W_R", "W_I", "tau")}
        heads = entry["loss_heads"]
        if not trained <= set(entry["trained_names"]) or entry["trained"] != "newest" or entry["negative_slope"] != SLOPE:
            continue
        tensors, _ = read_tensors(pathlib.Path(folder) / entry["file"])

        def module(m, prefix):
            recurrent = tensors[f"{prefix}W_R{m}"]
            zero = np.zeros_like(recurrent[0])
            biases = [tensors.get(f"{prefix}{name}{m}", zero) for name in ("b_R", "b_FF", "b_I")]
            return {"W_R": recurrent, "W_FF": tensors.get(f"{prefix}W_FF{m}", np.zeros_like(recurrent)),
                    "W_I": tensors[f"{prefix}W_I{m}"], "b": sum(biases), "tau": tensors[f"{prefix}tau{m}"]}

        values = module(newest, "p.")
        for name, value in list(values.items()):
            frozen = [module(m, "p.")[name] for m in range(newest)]
            values["frozen_" + name] = np.stack(frozen) if frozen else np.zeros((0, *value.shape))
        values["W_O"] = np.stack([tensors[f"p.W_O{h}"] for h in heads])
        values["b_O"] = np.stack([tensors[f"p.b_O{h}"] for h in heads])
        values["r0"] = tensors["r0"]
        if (values["tau"] == 1).any():
            continue  # at the kink of max(1, tau) each library has a derivative of its own
        gradients = {name: tensors[f"g.{name}{newest}"] for name in ("W_R", "W_FF", "W_I", "tau")
                     if f"{name}{newest}" in entry["trained_names"]}
        gradients["b"] = tensors[f"g.b_I{newest}"]
        gradients["W_O"] = np.stack([tensors[f"g.W_O{h}"] for h in heads])
        gradients["b_O"] = np.stack([tensors[f"g.b_O{h}"] for h in heads])
        yield (entry["name"], {name: value[None] for name, value in values.items()}, tensors["bits"][None],
               tensors["labels"][None, heads], gradients, float(tensors["loss"][0]))


def check_steps(folder, loss_and_gradients):
    """The number of vectors checked; raises AssertionError at the first that differs. loss_and_gradients(values, bits,
    labels) in double returns the loss, and arrays by name."""
    count = 0
    for name, values, bits, labels, wanted, loss in reference_steps(folder):
        found_loss, found = loss_and_gradients(values, bits, labels)
        assert abs(found_loss - loss) <= 1e-10 * abs(loss), f"{name}: loss {found_loss}, not {loss}"
        for tensor, gradient in wanted.items():
            distance = np.abs(np.asarray(found[tensor])[0] - gradient).max()
            assert distance <= 1e-9 * np.abs(gradient).max(), f"{name}: gradient of {tensor} differs by {distance}"
        count += 1
    assert count >= 5, f"only {count} vectors found in {folder}"
    return count
