#!/usr/bin/env python3
"""What limits the matrix products of the fused engine, predicted from its machine code; nothing is measured.

    bench/fused_roofline.py fused.cubin          # made as compiled_kernels.py says

counts a training step of a network with hidden layers of 32 units, as one block of 128 threads takes it: what every
warp issues in the loops of `TrainNetwork<float>`'s products (kernels/fused/products.h), how many wavefronts its loads
and stores take in shared memory, and how long a multiprocessor would need for each alone. Left out, because which of
their branches run depends on the network's settings: activations, noise, regularizers and optimizer, barriers, and the
first and last layers' narrow products. The prediction is an upper bound for the share of the FMA peak.

--tensor-cores counts the tiles of kernels/fused/tensor_products.h instead: what is in the loop over 32 factors, and what
else a tile takes at most, since some of it belongs to tiles that are not whole.
"""
import argparse
import pathlib

from compiled_kernels import innermost_loops, instructions, kernels

WARP = 32
WIDTH = 32        # units of a hidden layer: one warp's columns
AT_ONCE = 4       # rows_at_once of products.h
CHUNK = 32        # registers_of<float>
TILE = 8          # share_table: the widest tile with which 32 inputs give every thread of 128 one
ISSUES_A_CLOCK = 4        # warp schedulers of a multiprocessor
FMA_WARPS_A_CLOCK = 4     # 128 lanes
TILE_SUMS = 16 * 16       # tensor_products.h
TILE_HMMA = 24            # 32 factors: four steps of two times three products
PART = 32                 # samples at once, of the plan
WAVEFRONTS_A_CLOCK = 1    # 128 bytes


def count(loop, name):
    return sum(n == name for n, _ in loop)


def product_loops(code):
    """Loops over four rows that multiply 32 weights in registers by quads of a row, without a partial sum to continue
    and without missing weights: nothing is loaded singly. The forward loop comes first."""
    return [loop for loop in loops(code) if count(loop, "FFMA") == AT_ONCE * CHUNK
            and count(loop, "LDS.128") == AT_ONCE * CHUNK // 4 and count(loop, "LDS.32") == 0]


def gradient_loop(code):
    """The loop over rows that adds a row's product to a full tile of gradients; nvcc unrolls it by CHUNK / TILE rows.
    The longer loops compare where a tile ends."""
    return min((loop for loop in loops(code) if count(loop, "FFMA") == CHUNK and count(loop, "LDS.128") == CHUNK // 4
                and count(loop, "LDS.32") == CHUNK // TILE), key=len)


def tensor_tiles(code):
    """(inside, outside) of the loops over factors for whole tiles: forward, backward, weight gradient. Each lies in the
    loop over a warp's tiles, which also has a loop for incomplete tiles."""
    spans = [(target // 16, i) for i, (_, target) in enumerate(code) if target is not None and 0 <= target < 16 * i]
    inner = [(a, b) for a, b in spans if count(code[a:b + 1], "HMMA") == TILE_HMMA]
    for first, last in sorted((a, b) for a, b in spans if count(code[a:b + 1], "HMMA") == 2 * TILE_HMMA):
        inside = [b - a + 1 for a, b in inner if first <= a and b <= last]
        if len(inside) == 2 and last - first < 1000:
            yield min(inside), last - first + 1 - sum(inside)


def print_tensor_cores(code, batch):
    tiles = list(tensor_tiles(code))
    if len(tiles) != 3:
        raise SystemExit(f"{len(tiles)} loops over tiles, not 3")
    print(f"{'a hidden layer of 32 x 32':<28}{'loop':>6}{'HMMA':>6}{'besides':>9}{'tiles a step':>14}"
          f"{'clocks: issue, at least':>25}{'at most':>9}")
    rows = -(-batch // 16) * WIDTH * 16
    parts = -(-batch // PART) * WIDTH * WIDTH
    least = most = 0
    for name, (inside, outside), sums in zip(("forward", "backward", "weight gradient"), tiles, (rows, rows, parts)):
        number = sums // TILE_SUMS
        least += number * inside / ISSUES_A_CLOCK
        most += number * (inside + outside) / ISSUES_A_CLOCK
        print(f"{name:<28}{inside:>6}{TILE_HMMA:>6}{outside:>9}{number:>14}"
              f"{number * inside / ISSUES_A_CLOCK:>25.0f}{number * (inside + outside) / ISSUES_A_CLOCK:>9.0f}")
    fma = 3 * WIDTH * WIDTH * batch / WARP / FMA_WARPS_A_CLOCK
    print(f"together: at most {100 * fma / least:.0f} % of the FMA peak, with all that is besides {100 * fma / most:.0f} %")


def loops(code):
    return [code[first:last + 1] for first, last in innermost_loops(code)]


def wavefronts(loop, stores):
    """All lanes read the same quads: a broadcast takes one wavefront; single words are 32 neighbors and take one
    too."""
    return count(loop, "LDS.128") + count(loop, "LDS.32") + (count(loop, "STS.32") if stores else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cubin", type=pathlib.Path)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--tensor-cores", action="store_true", help="of fused_3xtf32")
    parser.add_argument("--registers", type=int, default=168, help="that it is compiled for (%(default)s)")
    parser.add_argument("--kernel", help="part of its mangled name")
    options = parser.parse_args()
    if options.kernel is None:
        options.kernel = (f"4workINS0_12TrainNetworkIfLNS0_10MultiplierE{int(options.tensor_cores)}EEE"
                          f"Lj{options.registers}E")
    found = [instructions(raw) for name, raw in kernels(options.cubin) if options.kernel in name]
    if len(found) != 1:
        raise SystemExit(f"{len(found)} kernels are named {options.kernel}")
    if options.tensor_cores:
        print_tensor_cores(found[0], options.batch)
        return
    forward, backward = product_loops(found[0])
    gradient = gradient_loop(found[0])
    batch = options.batch
    rounds_of_rows = batch // AT_ONCE                       # over all warps: each has its own rows
    rounds_of_tiles = WIDTH // TILE * batch * TILE // CHUNK  # a warp owns 32 inputs and one tile
    print(f"{'a hidden layer of 32 x 32':<28}{'loop':>6}{'FFMA':>6}{'wavefronts':>12}"
          f"{'issued a step':>15}{'clocks: FMA':>13}{'shared':>8}{'issue':>7}{'FMA share':>11}")
    total = dict(issue=0.0, fma=0.0)
    for name, loop, rounds, stores in (("forward", forward, rounds_of_rows, True),
                                       ("backward", backward, rounds_of_rows, True),
                                       ("weight gradient", gradient, rounds_of_tiles, False)):
        fma = rounds * count(loop, "FFMA") / FMA_WARPS_A_CLOCK
        shared = rounds * wavefronts(loop, stores) / WAVEFRONTS_A_CLOCK
        issue = rounds * len(loop) / ISSUES_A_CLOCK
        total["issue"] += max(issue, shared)
        total["fma"] += fma
        print(f"{name:<28}{len(loop):>6}{count(loop, 'FFMA'):>6}{wavefronts(loop, stores):>12}"
              f"{rounds * len(loop):>15}{fma:>13.0f}{shared:>8.0f}{issue:>7.0f}{100 * fma / max(issue, shared):>9.0f} %")
        needed = WIDTH * WIDTH * batch // WARP
        if rounds * count(loop, "FFMA") != needed:
            raise SystemExit(f"{name}: {rounds * count(loop, 'FFMA')} multiply-adds of warps, not {needed}")
    print(f"together: at most {100 * total['fma'] / total['issue']:.0f} % of the FMA peak")
    weights = 4 * WIDTH + 2 * WIDTH * WIDTH + WIDTH * 4
    print(f"a step of 4-32-32-32-4, batch {batch}: {weights} weights, {6 * weights * batch} operations, of which "
          f"{3 * 2 * 2 * WIDTH * WIDTH * batch} in the two layers above")


if __name__ == "__main__":
    main()
