#!/usr/bin/env python3
"""Times modsweep's standard training in PyTorch. Prints one JSON line per measured form.

Microseconds are per optimizer step of ONE network: an ensemble's step divided by its networks. With --processes N,
N processes of --threads threads train an ensemble of their own each at the same time (CPU only).
"""

import argparse
import functools
import gc
import json
import statistics
import sys
import time
from typing import NamedTuple

from processes import keep_memory, limit_threads, times_of_processes

# Listed here, since models.py loads NumPy and PyTorch, which read the number of threads when loaded.
FORMS = ("loop", "ensemble", "vmap")
RUNS = ("eager", "graph", "compile", "compile-graph", "epoch", "autotune", "autotune-epoch")
SETTINGS = ("l2", "wa2", "noise2")


class Case(NamedTuple):
    """One measured case; models.py describes form and kind, execution.py describes run."""

    form: str
    kind: str
    run: str
    setting: str
    networks: int


def case_from(text):
    """FORM:KIND:RUN:SETTING:NETWORKS, for argparse."""
    *names, networks = text.split(":")
    if len(names) == 4 and networks.isdecimal():
        case = Case(*names, int(networks))
        if case.form in FORMS and case.run in RUNS and case.setting in SETTINGS:
            return case
    raise argparse.ArgumentTypeError(f"'{text}' is not FORM:KIND:RUN:SETTING:NETWORKS with form {'|'.join(FORMS)}, "
                                     f"run {'|'.join(RUNS)}, setting {'|'.join(SETTINGS)}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--form", choices=FORMS, default="ensemble")
    parser.add_argument("--kind", nargs="+", default=None,
                        help="plain foreach fused, and of an ensemble: flat manual manual-fused; default: all")
    parser.add_argument("--run", nargs="+", choices=RUNS, default=["eager"],
                        help="how steps are run; graph and epoch need a CUDA device, compile and autotune PyTorch 2")
    parser.add_argument("--setting", nargs="+", choices=SETTINGS, default=SETTINGS)
    parser.add_argument("--networks", type=int, nargs="+", default=[8, 32, 64, 128])
    parser.add_argument("--case", type=case_from, nargs="+", metavar="FORM:KIND:RUN:SETTING:NETWORKS",
                        help="just these, instead of all combinations of the options above")
    parser.add_argument("--inputs", type=int, default=4, help="inputs, and as many outputs")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--depth", type=int, default=3, help="hidden layers")
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--precision", choices=("fp32", "fp64"), default="fp32")
    parser.add_argument("--tf32", action="store_true", help="let float32 matrix products round to TF32")
    parser.add_argument("--device", default="cpu", help="cpu, or a CUDA device")
    parser.add_argument("--default-allocator", action="store_true", help="do not make the C library keep freed memory")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0, help="at least this long per repeat")
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


def blas_name():
    """The BLAS library of this process, from its memory map (Debian chooses it through a link, at run time)."""
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


def environment(device, tf32):
    """A row's entries about the library and the device; sets TF32 as requested."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = tf32
    about = {"device": device, "tf32": tf32, "torch": torch.__version__}
    if device == "cpu":
        return {**about, "blas": blas_name()}
    return {**about, "device_name": torch.cuda.get_device_name(device), "cuda": torch.version.cuda}


class Measured:
    """One training, ready to run steps."""

    def __init__(self, arguments, case):
        import torch
        from execution import prepare
        from models import FORMS
        from standard import SETTINGS, batches_of, initial_parameters, layer_sizes, regression_data

        torch.set_num_threads(arguments.threads)
        environment(arguments.device, arguments.tf32)
        dtype = torch.float32 if arguments.precision == "fp32" else torch.float64
        tensor = lambda values: torch.tensor(values, dtype=dtype, device=arguments.device)
        sizes = layer_sizes(arguments.inputs, arguments.width, arguments.depth)
        x, y = (tensor(batches_of(values, arguments.batch)) for values in regression_data(arguments.inputs))

        def make_training(capturable):
            layers = [(tensor(w), tensor(b)) for w, b in initial_parameters(sizes, case.networks)]
            return FORMS[case.form](sizes, SETTINGS[case.setting], layers, case.kind, capturable=capturable)

        self.training = prepare(make_training, case.run, list(zip(x, y)))
        self.steps_at_once = getattr(self.training, "steps_at_once", 1)
        self.synchronize = (lambda: None) if arguments.device == "cpu" else torch.cuda.synchronize
        self.batches = [(self.training.batch(x[i]), self.training.batch(y[i])) for i in range(len(x))]
        self.next = 0

    def run(self, steps):
        """Seconds of `steps` steps, including the device's work; of the nearest whole number of epochs, scaled, where an
        epoch is one graph."""
        calls = max(1, round(steps / self.steps_at_once))
        self.synchronize()
        begin = time.perf_counter()
        for _ in range(calls):
            self.training.step(*self.batches[self.next % len(self.batches)])
            self.next += 1
        self.synchronize()
        return (time.perf_counter() - begin) * steps / (calls * self.steps_at_once)

    def warm_up(self, seconds):
        """The number of steps that takes about `seconds`."""
        self.run(3)
        steps, taken = 5, self.run(5)
        while taken < 0.2 * seconds:
            steps *= 2
            taken = self.run(steps)
        return max(1, round(steps * seconds / taken))


def measured_in(arguments, case, _process):
    return Measured(arguments, case)


def times_of(arguments, case):
    """Microseconds per network-step of each repeat."""
    if arguments.processes > 1:
        steps, times = times_of_processes(arguments.processes, functools.partial(measured_in, arguments, case),
                                          arguments.seconds, arguments.repeats)
        return [seconds * 1e6 / (steps * case.networks * arguments.processes) for seconds in times]
    measured = Measured(arguments, case)
    steps = measured.warm_up(arguments.seconds)
    return [measured.run(steps) * 1e6 / (steps * case.networks) for _ in range(arguments.repeats)]


def all_cases(arguments):
    from models import KINDS

    return [Case(arguments.form, kind, run, setting, networks)
            for setting in arguments.setting
            for kind in arguments.kind or KINDS[arguments.form]
            for run in arguments.run
            for networks in ([1] if arguments.form == "loop" else arguments.networks)]


def main():
    arguments = parse_arguments()
    if not arguments.default_allocator:
        keep_memory()
    limit_threads(arguments.threads)
    import torch
    from standard import layer_sizes

    shape = "-".join(map(str, layer_sizes(arguments.inputs, arguments.width, arguments.depth)))
    about = environment(arguments.device, arguments.tf32)
    for case in arguments.case or all_cases(arguments):
        try:
            times = times_of(arguments, case)
        except (RuntimeError, TypeError, ValueError, KeyError, EOFError) as error:
            # This PyTorch lacks the form, kind or run, or memory is exhausted: report it and continue with the others.
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            print(f"torch_training: {':'.join(map(str, case))} left out: {reason}", file=sys.stderr)
            continue
        finally:
            gc.collect()  # a training and its graph refer to each other
            if arguments.device != "cpu":
                torch.cuda.empty_cache()
        row = {**case._asdict(), "networks": case.networks * arguments.processes}
        print(json.dumps({
            "bench": "train", "program": "torch", **row, "shape": shape, "batch": arguments.batch,
            "precision": arguments.precision, "threads": arguments.threads, "processes": arguments.processes,
            "default_allocator": arguments.default_allocator,
            "median_us": statistics.median(times), "min_us": min(times), "max_us": max(times), "repeats": len(times),
            **about,
        }), flush=True)


if __name__ == "__main__":
    main()
