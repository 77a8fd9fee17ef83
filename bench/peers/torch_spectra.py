#!/usr/bin/env python3
"""Times the spectra of many layers with torch.linalg.eigvalsh. Prints one JSON line per size.

Microseconds are per matrix [n, n] of a batch: the normalized Laplacian of random weights, in memory already.
`weights_us`: from the weights in memory to the eigenvalues on the host, Laplacians included, as ours are timed.
"""

import argparse
import json
import statistics
import sys
import time

ENTRIES = 10_000 * 32 * 32  # of all matrices of a size, unless --matrices is given


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, nargs="+", default=[8, 16, 32, 64, 128, 256, 512], help="rows of a matrix")
    parser.add_argument("--matrices", type=int, nargs="+", metavar="COUNT",
                        help="in a batch, one for each n; default: 10,000, above n = 32 as many entries")
    parser.add_argument("--precision", choices=("fp32", "fp64"), default="fp32")
    parser.add_argument("--tf32", action="store_true", help="let float32 matrix products round to TF32")
    parser.add_argument("--device", default="cpu", help="cpu, or a CUDA device")
    parser.add_argument("--seconds", type=float, default=1.0, help="about this long per repeat, one batch at least")
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


def laplacian(weights):
    """I - D^-1/2 S D^-1/2 of weights [..., rows, columns], which has the spectrum of the measure's I - D^-1 S. Rows
    that are zero stay isolated."""
    import torch

    rows = weights.abs()
    norms = rows.norm(dim=-1, keepdim=True)
    rows = torch.where(norms > 0, rows / norms, torch.zeros_like(rows))
    similarity = rows @ rows.transpose(-1, -2)
    degrees = similarity.sum(-1)
    scale = torch.where(degrees > 0, degrees.rsqrt(), torch.zeros_like(degrees))
    identity = torch.eye(weights.shape[-2], dtype=weights.dtype, device=weights.device)
    return identity - scale[..., :, None] * similarity * scale[..., None, :]


def time_calls(work, calls, synchronize):
    """Seconds of `calls` calls, including the device's work."""
    synchronize()
    begin = time.perf_counter()
    for _ in range(calls):
        work()
    synchronize()
    return time.perf_counter() - begin


def times_of(arguments, n, count, synchronize):
    """Microseconds per matrix of each repeat: of eigvalsh, and from weights to eigenvalues on the host."""
    import torch

    dtype = torch.float32 if arguments.precision == "fp32" else torch.float64
    weights = torch.randn(count, n, n, generator=torch.Generator().manual_seed(0), dtype=dtype).to(arguments.device)
    matrices = laplacian(weights)
    times = []
    for work in (lambda: torch.linalg.eigvalsh(matrices), lambda: torch.linalg.eigvalsh(laplacian(weights)).cpu()):
        time_calls(work, 1, synchronize)
        calls = max(1, round(arguments.seconds / time_calls(work, 1, synchronize)))
        times.append([time_calls(work, calls, synchronize) * 1e6 / (calls * count) for _ in range(arguments.repeats)])
    return times


def main():
    arguments = parse_arguments()
    import torch
    from torch_training import environment

    about = environment(arguments.device, arguments.tf32)
    synchronize = (lambda: None) if arguments.device == "cpu" else torch.cuda.synchronize
    usual = [min(10_000, max(1, ENTRIES // (n * n))) for n in arguments.n]
    counts = arguments.matrices or usual
    if len(counts) != len(arguments.n):
        sys.exit(f"torch_spectra: --matrices has {len(counts)} numbers, --n has {len(arguments.n)}; give one for each")
    for n, count in zip(arguments.n, counts):
        try:
            times, from_weights = times_of(arguments, n, count, synchronize)
        except RuntimeError as error:  # out of device memory, or too many for the solver: continue
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            print(f"torch_spectra: n = {n} with {count} matrices left out: {reason}", file=sys.stderr)
            continue
        print(json.dumps({
            "bench": "spectra", "program": "torch", "form": "eigvalsh", "n": n, "networks": count,
            "precision": arguments.precision, "median_us": statistics.median(times), "min_us": min(times),
            "max_us": max(times), "repeats": len(times), "weights_us": statistics.median(from_weights), **about,
        }), flush=True)


if __name__ == "__main__":
    main()
