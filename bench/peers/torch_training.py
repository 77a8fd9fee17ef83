#!/usr/bin/env python3
"""Times modsweep's standard training in PyTorch. Prints one JSON line per measured form.

Microseconds are per optimizer step of ONE network: an ensemble's step divided by its networks. With --processes N,
N processes of --threads threads train an ensemble of their own each at the same time.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import time


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--form", choices=("loop", "ensemble"), default="ensemble")
    parser.add_argument("--kind", nargs="+", default=None, help="plain foreach fused flat manual; default: all")
    parser.add_argument("--setting", nargs="+", choices=("l2", "wa2", "noise2"), default=["l2", "wa2", "noise2"])
    parser.add_argument("--networks", type=int, nargs="+", default=[8, 32, 64, 128])
    parser.add_argument("--inputs", type=int, default=4, help="inputs, and as many outputs")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--depth", type=int, default=3, help="hidden layers")
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--precision", choices=("fp32", "fp64"), default="fp32")
    parser.add_argument("--device", default="cpu", help="cpu, or a CUDA device")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0, help="at least this long per repeat")
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


def limit_threads(threads):
    """To be called before NumPy and PyTorch are loaded: BLAS libraries read these once."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
        os.environ[name] = str(threads)


def blas_name():
    """The BLAS that this process has loaded, from its memory map (Debian picks it through a link, at run time)."""
    import torch

    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        loaded = maps.read().lower()
    if "libmkl" in loaded or "BLAS_INFO=mkl" in torch.__config__.show():
        return "mkl"
    for mark, name in (("openblas", "openblas"), ("libblis", "blis"), ("/atlas/", "atlas"),
                       ("libblas.so", "reference blas")):
        if mark in loaded:
            return name
    return "unknown"


class Case:
    """One training, ready to take steps."""

    def __init__(self, arguments, form, kind, setting, networks):
        import torch
        from models import FORMS, SETTINGS, initial_parameters, regression_data

        torch.set_num_threads(arguments.threads)
        dtype = torch.float32 if arguments.precision == "fp32" else torch.float64
        sizes = [arguments.inputs] + [arguments.width] * arguments.depth + [arguments.inputs]
        layers = initial_parameters(sizes, networks, dtype, arguments.device)
        self.networks = networks
        self.training = FORMS[form](sizes, SETTINGS[setting], layers, kind)
        self.synchronize = torch.cuda.synchronize if arguments.device != "cpu" else lambda: None
        x, y = (torch.tensor(values, dtype=dtype, device=arguments.device)
                for values in regression_data(arguments.inputs))
        self.batches = [
            (self.training.batch(x[i : i + arguments.batch]), self.training.batch(y[i : i + arguments.batch]))
            for i in range(0, len(x) - arguments.batch + 1, arguments.batch)
        ]
        self.next = 0

    def run(self, steps):
        """Seconds that `steps` steps take."""
        begin = time.perf_counter()
        for _ in range(steps):
            self.training.step(*self.batches[self.next % len(self.batches)])
            self.next += 1
        self.synchronize()
        return time.perf_counter() - begin

    def warm_up(self, seconds):
        """The number of steps that takes about `seconds`."""
        self.run(3)
        steps, taken = 5, self.run(5)
        while taken < 0.2 * seconds:
            steps *= 2
            taken = self.run(steps)
        return max(1, round(steps * seconds / taken))


def worker(arguments, specification, pipe):
    """A process of an ensemble over several: warms up, then takes the steps it is told when it is told."""
    case = Case(arguments, *specification)
    pipe.send(case.warm_up(arguments.seconds))
    while (steps := pipe.recv()) is not None:
        pipe.send(case.run(steps))


def times_of_processes(arguments, specification):
    """(networks in all, microseconds per network-step of each repeat), from the wall time of all processes together."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for _ in range(arguments.processes):
        here, there = context.Pipe()
        process = context.Process(target=worker, args=(arguments, specification, there), daemon=True)
        process.start()
        there.close()
        pipes.append(here)
        processes.append(process)
    networks = specification[-1] * arguments.processes
    steps = min(pipe.recv() for pipe in pipes)
    times = []
    for _ in range(arguments.repeats):
        begin = time.perf_counter()
        for pipe in pipes:
            pipe.send(steps)
        for pipe in pipes:
            pipe.recv()
        times.append((time.perf_counter() - begin) * 1e6 / (steps * networks))
    for pipe, process in zip(pipes, processes):
        pipe.send(None)
        process.join()
    return networks, times


def times_of(arguments, specification):
    if arguments.processes > 1:
        return times_of_processes(arguments, specification)
    case = Case(arguments, *specification)
    steps = case.warm_up(arguments.seconds)
    return case.networks, [case.run(steps) * 1e6 / (steps * case.networks) for _ in range(arguments.repeats)]


def main():
    arguments = parse_arguments()
    limit_threads(arguments.threads)
    import torch
    from models import KINDS

    shape = "-".join(map(str, [arguments.inputs] + [arguments.width] * arguments.depth + [arguments.inputs]))
    for setting in arguments.setting:
        for kind in arguments.kind or KINDS[arguments.form]:
            for networks in [1] if arguments.form == "loop" else arguments.networks:
                try:
                    total, times = times_of(arguments, (arguments.form, kind, setting, networks))
                except (RuntimeError, TypeError, ValueError, EOFError) as error:
                    # This PyTorch lacks that optimizer, or memory is out: say so and go on with the others.
                    print(f"torch_training: {arguments.form} {kind} with {networks} networks left out: {error}",
                          file=sys.stderr)
                    continue
                print(json.dumps({
                    "bench": "train", "program": "torch", "form": arguments.form, "kind": kind, "setting": setting,
                    "shape": shape, "batch": arguments.batch, "precision": arguments.precision,
                    "device": arguments.device, "threads": arguments.threads, "processes": arguments.processes,
                    "networks": total, "median_us": statistics.median(times), "min_us": min(times),
                    "max_us": max(times), "repeats": len(times), "torch": torch.__version__, "blas": blas_name(),
                }), flush=True)


if __name__ == "__main__":
    main()
