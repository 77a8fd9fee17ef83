#!/usr/bin/env python3
"""Times one training step of recurrent networks in JAX on one core, or checks it against the reference vectors: scan over
time, grad for the trained module only, vmap over networks, one jit for a whole step. Prints one JSON line per case: CPU
milliseconds per step of ONE network, without the drawing of data."""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time

from processes import limit_threads, stay_on_cores


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", nargs="+", default=[], metavar="TOPOLOGY:UNITS:TASK", help="as modular:10:20")
    parser.add_argument("--networks", type=int, nargs="+", default=[1, 8], help="trained at once")
    parser.add_argument("--steps", type=int, default=3, help="timed steps, after one that compiles")
    parser.add_argument("--check", type=pathlib.Path, metavar="FOLDER", help="the reference vectors (recurrent/)")
    return parser.parse_args()


arguments = parse_arguments()
limit_threads(1)
stay_on_cores(1)
if arguments.check:
    os.environ["JAX_ENABLE_X64"] = "1"

import jax
import jax.numpy as jnp

from recurrent_standard import CLIP_NORM, MOMENTUM, RATE, SLOPE, case_from, check_steps, draw_batch, initial_values

TRAINED = ("W_R", "W_FF", "W_I", "b", "tau", "W_O", "b_O")


def next_states(states, drive, tau):
    rate = 1 / jnp.maximum(tau, 1)
    return states + rate * (jax.nn.leaky_relu(drive, SLOPE) - states)


def loss_of_network(trained, others, bits, labels):
    """One network. bits [T, B], labels [H, B]."""
    off_diagonal = 1 - jnp.eye(trained["W_R"].shape[0], dtype=trained["W_R"].dtype)
    recurrent = (trained["W_R"] * off_diagonal).T
    feedforward = trained["W_FF"].T
    frozen = len(others["frozen_b"])
    products = jnp.concatenate([others["frozen_W_FF"], others["frozen_W_R"]], 2).transpose(0, 2, 1)

    def step(carry, bit):
        below, states = carry  # [D - 1, B, M], [B, M]
        drive = states @ recurrent + bit[:, None] * trained["W_I"] + trained["b"]
        if frozen:
            drive = drive + below[-1] @ feedforward
            before = jnp.concatenate([jnp.zeros_like(below[:1]), below[:-1]])
            drive_below = (jnp.concatenate([before, below], 2) @ products
                           + bit[:, None] * others["frozen_W_I"][:, None] + others["frozen_b"][:, None])
            below = next_states(below, drive_below, others["frozen_tau"][:, None])
        return (below, next_states(states, drive, trained["tau"])), None

    (_, states), _ = jax.lax.scan(step, (others["r0"][:-1], others["r0"][-1]), bits)
    logits = jnp.einsum("hom,bm->hbo", trained["W_O"], states) + trained["b_O"][:, None]
    picked = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[..., None], 2)
    return -picked.mean((1, 2)).sum()


gradients_of_networks = jax.vmap(jax.value_and_grad(loss_of_network))


def update(trained, momenta, others, bits, labels):
    """A step of all networks, each clipped by its own norm."""
    _, gradients = gradients_of_networks(trained, others, bits, labels)

    def one(trained, momenta, gradients):
        norm = jnp.sqrt(sum((g * g).sum() for g in gradients.values()))
        scale = jnp.minimum(1, CLIP_NORM / (norm + 1e-6))
        gradients = {name: scale * g for name, g in gradients.items()}
        momenta = {name: MOMENTUM * momenta[name] + gradients[name] for name in gradients}
        return {name: trained[name] - RATE * (gradients[name] + MOMENTUM * momenta[name]) for name in gradients}, momenta

    return jax.vmap(one)(trained, momenta, gradients)


def parts_of(values, dtype):
    """(trained, others), [S, ...] each."""
    arrays = {name: jnp.asarray(value, dtype) for name, value in values.items()}
    return ({name: arrays[name] for name in TRAINED},
            {name: value for name, value in arrays.items() if name not in TRAINED})


def check(values, bits, labels):
    trained, others = parts_of(values, jnp.float64)
    losses, gradients = gradients_of_networks(trained, others, jnp.asarray(bits, jnp.float64), jnp.asarray(labels))
    return float(losses[0]), gradients


def measure(case, networks):
    """CPU milliseconds of each timed step of one network."""
    trained, others = parts_of(initial_values(case, networks), jnp.float32)
    momenta = jax.tree_util.tree_map(jnp.zeros_like, trained)
    step = jax.jit(update, donate_argnums=(0, 1))
    times = []
    for seed in range(arguments.steps + 1):
        bits, labels = draw_batch(case, networks, seed)
        bits, labels = jnp.asarray(bits, jnp.float32), jnp.asarray(labels)
        began = time.process_time()
        trained, momenta = jax.block_until_ready(step(trained, momenta, others, bits, labels))
        times.append((time.process_time() - began) * 1e3 / networks)
    return times[1:]


if arguments.check:
    print(f"{check_steps(arguments.check, check)} vectors agree")
for text in arguments.case:
    case = case_from(text)
    for networks in arguments.networks:
        times = measure(case, networks)
        print(json.dumps({"program": "jax", "jax": jax.__version__, "form": "scan", "case": text,
                          "networks": networks, "length": case.length, "median_ms": statistics.median(times)}), flush=True)
sys.exit(0)
