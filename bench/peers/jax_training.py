#!/usr/bin/env python3
"""Times modsweep's standard training in JAX: jit, vmap and lax.scan. Prints one JSON line per measured form.

Microseconds are per optimizer step of ONE network: a call's time divided by its steps and its networks. The first call,
which compiles, is not timed.
"""

import argparse
import functools
import json
import os
import statistics
import sys
import time

from processes import keep_memory, stay_on_cores, times_of_processes

# By default JAX reserves most of the device's memory at start, which other measurements on the device need too.
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
    parser.add_argument("--threads", type=int, default=0, help="cores of a process on the CPU; 0: all")
    parser.add_argument("--processes", type=int, default=1, help="at a time, each with networks of its own; CPU only")
    parser.add_argument("--default-allocator", action="store_true", help="do not make the C library keep freed memory")
    parser.add_argument("--steps", type=int, default=100, help="steps of one call, its lax.scan")
    parser.add_argument("--seconds", type=float, default=1.0, help="at least this long per repeat")
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


class Measured:
    """One training, ready to run steps. On the CPU it has `threads` cores, chosen by the number of its process."""

    def __init__(self, arguments, setting, kind, networks, process=0):
        configure(arguments, process)
        import jax.numpy as jnp
        from jax_models import JaxTraining
        from standard import SETTINGS, batches_of, initial_parameters, layer_sizes, regression_data

        dtype = jnp.float32 if arguments.precision == "fp32" else jnp.float64
        sizes = layer_sizes(arguments.inputs, arguments.width, arguments.depth)
        layers = [(jnp.asarray(w, dtype), jnp.asarray(b, dtype)) for w, b in initial_parameters(sizes, networks)]
        self.training = JaxTraining(sizes, SETTINGS[setting], layers, kind)
        self.data = [jnp.asarray(batches_of(values, arguments.batch), dtype)
                     for values in regression_data(arguments.inputs)]
        self.steps = arguments.steps  # steps per call

    def run(self, steps):
        """Seconds of `steps` steps, including the device's work; the steps form whole calls."""
        self.training.state[3].block_until_ready()
        begin = time.perf_counter()
        for _ in range(steps // self.steps):
            losses = self.training.steps(*self.data, self.steps)
        losses.block_until_ready()
        return time.perf_counter() - begin

    def warm_up(self, seconds):
        """The number of steps that takes about `seconds`: at least one call."""
        self.run(self.steps)  # compiles
        return self.steps * max(1, round(seconds / self.run(self.steps)))


def configure(arguments, process=0):
    """Must be called before JAX looks for its devices."""
    if arguments.threads and arguments.device == "cpu":
        stay_on_cores(arguments.threads, process)
    import jax

    jax.config.update("jax_platforms", arguments.device)
    jax.config.update("jax_enable_x64", arguments.precision == "fp64")
    jax.config.update("jax_default_matmul_precision", "tensorfloat32" if arguments.tf32 else "highest")


def times_of(arguments, setting, kind, networks):
    """Microseconds per network-step of each repeat."""
    if arguments.processes > 1:
        make_measured = functools.partial(Measured, arguments, setting, kind, networks)
        steps, times = times_of_processes(arguments.processes, make_measured, arguments.seconds, arguments.repeats)
        return [seconds * 1e6 / (steps * networks * arguments.processes) for seconds in times]
    measured = Measured(arguments, setting, kind, networks)
    steps = measured.warm_up(arguments.seconds)
    return [measured.run(steps) * 1e6 / (steps * networks) for _ in range(arguments.repeats)]


def main():
    arguments = parse_arguments()
    if arguments.device == "cpu" and not arguments.default_allocator:
        keep_memory()
    try:
        import jax
    except ImportError:
        print(f"jax_training: {sys.executable} has no JAX; run this with a Python that has it", file=sys.stderr)
        sys.exit(2)
    from standard import SETTINGS, layer_sizes

    if arguments.processes == 1:
        configure(arguments)
    about = {"device": arguments.device, "tf32": arguments.tf32, "jax": jax.__version__,
             "threads": arguments.threads, "processes": arguments.processes,
             "default_allocator": arguments.default_allocator}
    if arguments.device != "cpu":
        about["device_name"] = jax.devices()[0].device_kind
    shape = "-".join(map(str, layer_sizes(arguments.inputs, arguments.width, arguments.depth)))
    for setting in arguments.setting:
        for kind in arguments.kind if SETTINGS[setting].noise else arguments.kind[:1]:
            for networks in arguments.networks:
                try:
                    times = times_of(arguments, setting, kind, networks)
                except (RuntimeError, ValueError, EOFError) as error:  # out of memory: continue with the others
                    reason = (str(error).splitlines() or [type(error).__name__])[0]
                    print(f"jax_training: {kind} {setting} with {networks} networks left out: {reason}",
                          file=sys.stderr)
                    continue
                print(json.dumps({
                    "bench": "train", "program": "jax", "form": "vmap", "kind": kind, "run": "scan",
                    "setting": setting, "networks": networks * arguments.processes, "shape": shape, "batch": arguments.batch,
                    "precision": arguments.precision, "steps": arguments.steps, "median_us": statistics.median(times),
                    "min_us": min(times), "max_us": max(times), "repeats": len(times), **about,
                }), flush=True)


if __name__ == "__main__":
    main()
