#!/usr/bin/env python3
"""Times one training step of recurrent networks in PyTorch on one core, or checks it against the reference vectors.
Prints one JSON line per measured form: CPU milliseconds per step of ONE network, without the drawing of data.

loop      modules and time steps in Python, autograd through everything, the losses of all heads: as the public code
          of the paper works
frozen    frozen modules without autograd, all of a time step in one product; autograd for the trained one only
ensemble  the same for --networks networks at once
"""

import argparse
import json
import pathlib
import statistics
import sys
import time

from processes import keep_memory, limit_threads

FORMS = ("loop", "frozen", "ensemble")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", nargs="+", default=[], metavar="TOPOLOGY:UNITS:TASK", help="as modular:10:20")
    parser.add_argument("--form", nargs="+", choices=FORMS, default=FORMS)
    parser.add_argument("--networks", type=int, nargs="+", default=[8, 32], help="of an ensemble")
    parser.add_argument("--steps", type=int, default=3, help="timed steps, after one that is not")
    parser.add_argument("--check", type=pathlib.Path, metavar="FOLDER", help="the reference vectors (recurrent/)")
    return parser.parse_args()


keep_memory()
limit_threads(1)
arguments = parse_arguments()

import numpy as np
import torch

from recurrent_standard import CLIP_NORM, MOMENTUM, RATE, SLOPE, case_from, check_steps, draw_batch, initial_values

torch.set_num_threads(1)
activation = torch.nn.functional.leaky_relu


def cross_entropy(states, values, labels):
    """The mean over samples, summed over networks and heads. states [S, B, M], labels [S, H, B]."""
    logits = torch.einsum("shom,sbm->shbo", values["W_O"], states) + values["b_O"].unsqueeze(2)
    return torch.nn.functional.cross_entropy(logits.flatten(0, 2), labels.flatten(), reduction="sum") / labels.shape[2]


class Frozen:
    """The step of S networks with products over networks and frozen modules."""

    def __init__(self, values):
        """values: tensors by name as of initial_values; those of the trained module are parameters."""
        self.values = values
        self.trained = [name for name in ("W_R", "W_FF", "W_I", "b", "tau", "W_O", "b_O") if name in values]
        self.off_diagonal = 1 - torch.eye(values["W_R"].shape[-1], dtype=values["W_R"].dtype)
        networks, self.others, units = values["frozen_b"].shape
        if self.others:
            both = torch.cat([values["frozen_W_FF"], values["frozen_W_R"]], 3).flatten(0, 1)
            self.frozen_weights = both.transpose(1, 2).contiguous()
            self.frozen_input = values["frozen_W_I"].reshape(-1, 1, units)
            self.frozen_bias = values["frozen_b"].reshape(-1, 1, units)
            self.frozen_rate = 1 / values["frozen_tau"].clamp(min=1).reshape(-1, 1, units)

    @torch.no_grad()
    def states_below(self, bits):
        """States of the last frozen module before each bit. bits [S, T, B]."""
        networks, steps, batch = bits.shape
        units = self.values["b"].shape[-1]
        states = torch.zeros(networks, self.others + 1, batch, units, dtype=bits.dtype)  # the first: before all modules
        states[:, 1:] = self.values["r0"][:, : self.others]
        below = []
        for t in range(steps):
            below.append(states[:, -1].clone())
            inputs = torch.cat([states[:, :-1], states[:, 1:]], 3).reshape(-1, batch, 2 * units)
            bit = bits[:, t].repeat_interleave(self.others, 0).unsqueeze(2)
            drive = torch.baddbmm(torch.addcmul(self.frozen_bias, bit, self.frozen_input), inputs, self.frozen_weights)
            old = states[:, 1:].reshape(-1, batch, units)
            states[:, 1:] = torch.lerp(old, activation(drive, SLOPE), self.frozen_rate).reshape(
                networks, self.others, batch, units)
        return below

    def loss(self, bits, labels):
        values = self.values
        below = self.states_below(bits) if self.others else None
        recurrent = (values["W_R"] * self.off_diagonal).transpose(1, 2)
        weights = torch.cat([values["W_FF"].transpose(1, 2), recurrent], 1) if below else recurrent
        rate = 1 / values["tau"].clamp(min=1).unsqueeze(1)
        bias, inputs = values["b"].unsqueeze(1), values["W_I"].unsqueeze(1)
        states = values["r0"][:, -1]
        for t in range(bits.shape[1]):
            base = torch.addcmul(bias, bits[:, t].unsqueeze(2), inputs)
            drive = torch.baddbmm(base, torch.cat([below[t], states], 2) if below else states, weights)
            states = torch.lerp(states, activation(drive, SLOPE), rate)
        return cross_entropy(states, values, labels)


class Loop:
    """The step of one network, all of whose modules have gradients and heads."""

    def __init__(self, values):
        values = {name: value[0] for name, value in values.items()}
        self.modules = []
        for m in range(len(values["frozen_b"])):
            self.modules.append({name: values["frozen_" + name][m] for name in ("W_R", "W_FF", "W_I", "b", "tau")})
        self.modules.append({name: values[name] for name in ("W_R", "W_FF", "W_I", "b", "tau")})
        self.heads = [{"W_O": w, "b_O": b} for w, b in zip(values["W_O"], values["b_O"])]
        while len(self.heads) < len(self.modules):  # modular: one of each module
            self.heads.insert(0, {name: value.clone() for name, value in self.heads[0].items()})
        self.values = {f"{name}{i}": value for i, part in enumerate(self.modules + self.heads)
                       for name, value in part.items()}
        for part in self.modules + self.heads:
            for name in part:
                part[name] = torch.nn.Parameter(part[name])
        self.r0 = values["r0"]

    def parameters(self):
        return [value for part in self.modules + self.heads for value in part.values()]

    def loss(self, bits, labels):
        linear = torch.nn.functional.linear
        states = list(self.r0)
        inputs = [bits[0].unsqueeze(2) * module["W_I"] + module["b"] for module in self.modules]
        for t in range(bits.shape[1]):
            new = []
            for m, module in enumerate(self.modules):
                drive = linear(states[m], module["W_R"]) + inputs[m][t]
                if m:
                    drive = drive + linear(states[m - 1], module["W_FF"])
                rate = 1 / module["tau"].clamp(min=1)
                new.append((1 - rate) * states[m] + activation(drive, SLOPE) * rate)
            states = new
        loss = 0
        for h, head in enumerate(self.heads):
            state = states[h] if len(self.modules) > 1 else states[0]
            target = labels[0, min(h, labels.shape[1] - 1)]
            loss = loss + torch.nn.functional.cross_entropy(linear(state, head["W_O"], head["b_O"]), target)
        return loss


def tensors_of(values, dtype):
    return {name: torch.tensor(np.ascontiguousarray(value), dtype=dtype) for name, value in values.items()}


def check(values, bits, labels):
    """Loss and gradients of the ensemble's form in double."""
    tensors = tensors_of(values, torch.float64)
    model = Frozen(tensors)
    for name in model.trained:
        tensors[name].requires_grad_()
    loss = model.loss(torch.tensor(bits, dtype=torch.float64), torch.tensor(labels, dtype=torch.int64))
    loss.backward()
    return loss.item(), {name: tensors[name].grad.numpy() for name in model.trained if tensors[name].grad is not None}


def measure(case, form, networks):
    """CPU milliseconds of each timed step of one network."""
    tensors = tensors_of(initial_values(case, networks), torch.float32)
    if form == "loop":
        model = Loop(tensors)
        parameters = model.parameters()
    else:
        model = Frozen(tensors)
        parameters = [tensors[name].requires_grad_() for name in model.trained]
    optimizer = torch.optim.SGD(parameters, lr=RATE, momentum=MOMENTUM, nesterov=True)
    times = []
    for step in range(arguments.steps + 1):
        bits, labels = draw_batch(case, networks, step)
        bits, labels = torch.tensor(bits, dtype=torch.float32), torch.tensor(labels, dtype=torch.int64)
        began = time.process_time()
        optimizer.zero_grad()
        model.loss(bits, labels).backward()
        # Each network's norm would be clipped by itself; one norm for all costs less.
        torch.nn.utils.clip_grad_norm_(parameters, CLIP_NORM)
        optimizer.step()
        times.append((time.process_time() - began) * 1e3 / networks)
    return times[1:]


if arguments.check:
    print(f"{check_steps(arguments.check, check)} vectors agree")
for text in arguments.case:
    case = case_from(text)
    for form in arguments.form:
        for networks in arguments.networks if form == "ensemble" else [1]:
            times = measure(case, form, networks)
            print(json.dumps({"program": "torch", "torch": torch.__version__, "form": form, "case": text,
                              "networks": networks, "length": case.length, "median_ms": statistics.median(times)}),
                  flush=True)
sys.exit(0)
