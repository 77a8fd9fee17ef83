#!/usr/bin/env python3
"""What a training step of the standard network costs, counted in machine code; nothing runs on a device.

counts.py SOURCES OUT --stale: exit code 1 where bench/fused_counts.json is of other sources. Needs no nvcc.
counts.py SOURCES OUT CHECK NVCC: compiles the kernels to OUT, has CHECK (ptx_check) carry them out, and compares.
The same with --write: writes bench/fused_counts.json.

The network is 4-32-32-32-4 with a batch of 200, L2 and weighted activity of exponent 2; `noisy` with noise of exponent
2 besides; `3xtf32` by tensor cores; `plain_64` and `plain_128` with that many units in each hidden layer. Steps 3 to 7 are counted.
"""
import hashlib
import json
import pathlib
import re
import subprocess
import sys

import sass

ARCHITECTURE = "sm_90"
KERNEL = "_ZN8modsweep5fused13work_on_tilesINS0_10TrainTilesILb%dELNS0_10MultiplierE%dELj%dEEEEEvT_"  # noisy, 3xtf32, units
FLAGS = ["-lineinfo", "-arch=" + ARCHITECTURE, "-O3", "-DNDEBUG", "--expt-relaxed-constexpr", "-std=c++20"]
# What a step may cost at most: instructions of warps, wavefronts of shared memory, barriers of the block.
LIMITS = {"plain": {"instructions": 70000, "wavefronts_strict": 20000, "barriers": 3},
          "noisy": {"instructions": 95000, "wavefronts_strict": 20000, "barriers": 3},
          "3xtf32": {"instructions": 35000, "wavefronts_strict": 12000, "barriers": 3},
          "3xtf32_noisy": {"instructions": 60000, "wavefronts_strict": 12000, "barriers": 3},
          "plain_64": {}, "plain_128": {}}
WIDTHS = {"plain_64": 64, "plain_128": 128}
MULTIPROCESSOR = 233472  # bytes of shared memory that the blocks of one have together
LEAST_FFMA = {"plain_64": 0.5, "plain_128": 0.5}  # of all instructions


def sources_of(source, file, found):
    """The files of the project that `file` includes, itself first."""
    if file in found:
        return found
    found.append(file)
    for name in re.findall(r'^#include "([^"]+)"', file.read_text(), re.M):
        for folder in (file.parent, source / "kernels", source / "include"):
            if (folder / name).is_file():
                sources_of(source, (folder / name).resolve(), found)
                break
    return found


def hash_of(source):
    digest = hashlib.sha256()
    for file in sorted(sources_of(source, (source / "tests/ptx/kernels.cu").resolve(), [])):
        digest.update(str(file.relative_to(source)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit("%s\n%s%s" % (" ".join(map(str, command)), done.stdout, done.stderr))
    return done.stdout + done.stderr


def compile_ptx(source, out, nvcc, name="kernels", flags=()):
    ptx = out / (name + "".join(flags) + ".ptx")
    run(nvcc, "-ptx", *FLAGS, *flags, "-I", source / "kernels", "-I", source / "include",
        source / "tests/ptx" / (name + ".cu"), "-o", ptx)
    return ptx


def lone_kernel(ptx, kernel, to):
    """The PTX with this kernel only; lines stay."""
    keep, lines = True, []
    for line in ptx.read_text().split("\n"):
        if ".entry" in line:
            keep = kernel + "(" in line
        lines.append(line if keep else "")
        if line == "}":
            keep = True
    to.write_text("\n".join(lines))
    return to


class Steps:
    """What ptx_check says of some steps."""

    def __init__(self, out, check, ptx, kind, steps):
        lines = out / ("%s.%d.lines" % (kind, steps))
        report = run(check, ptx, kind, steps, lines)
        (out / ("%s.%d.txt" % (kind, steps))).write_text(report)
        self.executed = {int(a): int(b) for a, b in (row.split() for row in lines.read_text().splitlines())}
        self.faults = int(re.search(r"(\d+) faults", report).group(1))
        self.barriers = float(re.search(r"barriers a block ([\d.]+)", report).group(1))
        self.shared_bytes = int(re.search(r"shared memory asked for (\d+)", report).group(1))
        rows = [[int(n) for n in row] for row in re.findall(r"^ +(?:ld|st) +\d+ +(\d+) +(\d+) +(\d+) +(\d+)$", report, re.M)]
        self.requests, self.ideal, self.strict, self.merged = (sum(column) for column in zip(*rows))
        self.clocks = {(int(n), kind_): int(clocks) * int(n) for n, kind_, clocks in re.findall(
            r"TIMING (\d+) blocks.*wavefronts (\w+): (\d+) clocks a block", report)}


def counts_of(out, check, ptx, kind, ptxas):
    kernel = KERNEL % ("noisy" in kind, "3xtf32" in kind, WIDTHS.get(kind, 32))
    few, many = Steps(out, check, ptx, kind, 2), Steps(out, check, ptx, kind, 7)
    if many.faults:
        raise SystemExit("faults: see %s" % (out / (kind + ".7.txt")))
    between = lambda f: round((f(many) - f(few)) / 5)
    executed = {line: times - few.executed.get(line, 0) if line else times for line, times in many.executed.items()}
    cubin = out / (kind + ".cubin")
    text = lone_kernel(ptx, kernel, out / (kind + ".ptx"))
    made = run(ptxas, "-arch=" + ARCHITECTURE, "-O3", "-lineinfo", "-v", text, "-o", cubin)
    code = sass.MachineCode(cubin.read_bytes(), kernel, executed)
    loads = len(re.findall(r"^[ \t]*(?:@\S+\s+)?ld\.shared", text.read_text(), re.M))
    if code.static["LDS"] > loads:  # then a line stands for several copies, of which each would count as all
        raise SystemExit("ptxas unrolled a loop: %d loads of shared memory, %d in the PTX" % (code.static["LDS"], loads))
    classes = code.classes(5)
    own = made[made.index(kernel):]
    clocks = {"%d blocks, %s" % (n, rule): between(lambda s: s.clocks[n, rule]) for n in (1, 2) for rule in ("strict", "merged")}
    if 2 * (many.shared_bytes + 1024) > MULTIPROCESSOR:  # one after the other
        clocks.update({"2 blocks, " + rule: 2 * clocks["1 blocks, " + rule] for rule in ("strict", "merged")})
    return {
        "instructions": sum(classes.values()), "classes": classes,
        "barriers": between(lambda s: s.barriers),
        "wavefronts_strict": between(lambda s: s.strict), "wavefronts_merged": between(lambda s: s.merged),
        "registers": int(re.search(r"Used (\d+) registers", own).group(1)),
        "spilled_bytes": max(int(n) for n in re.findall(r"(\d+) bytes spill", own)),
        "shared_bytes": many.shared_bytes,
        "model_clocks": clocks,
    }


def main():
    write = "--write" in sys.argv
    source, out, *rest = (a for a in sys.argv[1:] if a != "--write")
    source, out = pathlib.Path(source).resolve(), pathlib.Path(out)
    record = source / "bench/fused_counts.json"
    known = json.loads(record.read_text()) if record.exists() else {}
    if not write and known.get("sources") != hash_of(source):
        raise SystemExit("bench/fused_counts.json is of other sources; with nvcc renew it: "
                         "tests/ptx/counts.py SOURCES OUT CHECK NVCC --write")
    if rest == ["--stale"]:
        return
    check, nvcc = rest
    out.mkdir(parents=True, exist_ok=True)
    ptx = compile_ptx(source, out, nvcc)
    version = re.search(r"V([\d.]+)", run(nvcc, "--version")).group(1)
    ptxas = pathlib.Path(nvcc).resolve().parent / "ptxas"
    kernels = {kind: counts_of(out, check, ptx, kind, ptxas) for kind in LIMITS}
    for kind, limits in LIMITS.items():
        for what, most in limits.items():
            if kernels[kind][what] > most:
                raise SystemExit("%s: %d %s, at most %d" % (kind, kernels[kind][what], what, most))
        share = kernels[kind]["classes"]["ffma"] / kernels[kind]["instructions"]
        if share < LEAST_FFMA.get(kind, 0):
            raise SystemExit("%s: %.3f of the instructions are FFMA" % (kind, share))
        if kernels[kind]["spilled_bytes"] > 0:
            raise SystemExit("%s: %d bytes are spilled" % (kind, kernels[kind]["spilled_bytes"]))
    now = {"sources": hash_of(source), "network": "4-32-32-32-4, batch 200, L2 and WA2; noisy: noise of exponent 2; 3xtf32: tensor cores; _64, _128: that "
           "many units in each hidden layer",
           "architecture": ARCHITECTURE, "nvcc": version, "kernels": kernels}
    if write:
        record.write_text(json.dumps(now, indent=2) + "\n")
    elif version == known["nvcc"] and now != known:
        raise SystemExit("counted anew: %s\nbench/fused_counts.json: %s" % (json.dumps(now), json.dumps(known)))
    for kind, counts in kernels.items():
        print(kind, json.dumps(counts))


if __name__ == "__main__":
    main()
