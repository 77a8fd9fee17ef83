#!/usr/bin/env python3
"""Times modsweep's standard training in JAX: jit, vmap and lax.scan. Prints one JSON line per measured form.

Microseconds are per optimizer step of ONE network: a call's time divided by its steps and its networks. The first call,
which compiles, is not timed.
"""

import argparse
import json
import os
import statistics
import sys
import time

# JAX would take most of the device's memory when it starts, from whatever else is measured there.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", nargs="+", choices=("threefry2x32", "rbg"), default=["threefry2x32", "rbg"],
                        help="JAX's generator of the noise; settings without noise are timed once")
    parser.add_argument("--setting", nargs="+", choices=("l2", "wa2", "noise2"), default=["l2", "wa2", "noise2"])
    parser.add_argument("--networks", type=int, nargs="+", default=[1024])
    parser.add_argument("--inputs", type=int, default=4, help="inputs, and as many outputs")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--depth", type=int, default=3, help="hidden layers")
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--precision", choices=("fp32", "fp64"), default="fp32")
    parser.add_argument("--tf32", action="store_true", help="let float32 matrix products round to TF32")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--steps", type=int, default=100, help="steps of one call, its lax.scan")
    parser.add_argument("--seconds", type=float, default=1.0, help="at least this long per repeat")
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


def time_calls(training, x, y, steps, calls):
    """Seconds that `calls` calls take, the device's work included."""
    training.state[3].block_until_ready()
    begin = time.perf_counter()
    for _ in range(calls):
        losses = training.steps(x, y, steps)
    losses.block_until_ready()
    return time.perf_counter() - begin


def times_of(arguments, setting, kind, networks):
    """Microseconds per network-step of each repeat."""
    import jax.numpy as jnp
    from jax_models import JaxTraining
    from standard import SETTINGS, batches_of, initial_parameters, layer_sizes, regression_data

    dtype = jnp.float32 if arguments.precision == "fp32" else jnp.float64
    sizes = layer_sizes(arguments.inputs, arguments.width, arguments.depth)
    layers = [(jnp.asarray(w, dtype), jnp.asarray(b, dtype)) for w, b in initial_parameters(sizes, networks)]
    training = JaxTraining(sizes, SETTINGS[setting], layers, kind)
    x, y = (jnp.asarray(batches_of(values, arguments.batch), dtype) for values in regression_data(arguments.inputs))
    time_calls(training, x, y, arguments.steps, 1)  # compiles
    calls = max(1, round(arguments.seconds / time_calls(training, x, y, arguments.steps, 1)))
    return [time_calls(training, x, y, arguments.steps, calls) * 1e6 / (calls * arguments.steps * networks)
            for _ in range(arguments.repeats)]


def main():
    arguments = parse_arguments()
    try:
        import jax
    except ImportError:
        print(f"jax_training: {sys.executable} has no JAX; run this with a Python that has it", file=sys.stderr)
        sys.exit(2)
    from standard import SETTINGS, layer_sizes

    jax.config.update("jax_platforms", arguments.device)
    jax.config.update("jax_enable_x64", arguments.precision == "fp64")
    jax.config.update("jax_default_matmul_precision", "tensorfloat32" if arguments.tf32 else "highest")
    about = {"device": arguments.device, "tf32": arguments.tf32, "jax": jax.__version__,
             "device_name": jax.devices()[0].device_kind}
    shape = "-".join(map(str, layer_sizes(arguments.inputs, arguments.width, arguments.depth)))
    for setting in arguments.setting:
        for kind in arguments.kind if SETTINGS[setting].noise else arguments.kind[:1]:
            for networks in arguments.networks:
                try:
                    times = times_of(arguments, setting, kind, networks)
                except (RuntimeError, ValueError) as error:  # device memory is out: go on with the others
                    reason = (str(error).splitlines() or [type(error).__name__])[0]
                    print(f"jax_training: {kind} {setting} with {networks} networks left out: {reason}",
                          file=sys.stderr)
                    continue
                print(json.dumps({
                    "bench": "train", "program": "jax", "form": "vmap", "kind": kind, "run": "scan",
                    "setting": setting, "networks": networks, "shape": shape, "batch": arguments.batch,
                    "precision": arguments.precision, "steps": arguments.steps, "median_us": statistics.median(times),
                    "min_us": min(times), "max_us": max(times), "repeats": len(times), **about,
                }), flush=True)


if __name__ == "__main__":
    main()
