#!/usr/bin/env python3
"""The PTX that nvcc makes of the tile kernels, carried out on the host.

kernels.py SOURCES OUT CHECK NVCC: every case must be free of faults and equal a loop in double; then counts.py counts.
kernels.py SOURCES OUT GEMM_CHECK NVCC --gemm: the same for the kernels of the gemm engine and of spectra, float and double.
kernels.py SOURCES OUT BLOCK_CHECK NVCC --block [long]: for the general kernel of the fused engine: blocks and clusters.
kernels.py SOURCES OUT CHECK NVCC --breaks: PTX that is broken on purpose must be noticed, each barrier left out in turn.
Exit code 77, "skipped", where there is no nvcc.
"""
import pathlib
import re
import resource
import subprocess
import sys

import counts


def failures(check, ptx, *case, seconds=20):
    # Of the processor: without a wait, a warp may take steps forever. All cases of a check take a few, one of tiles less
    # than one.
    limit = lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    done = subprocess.run([check, ptx, *case], capture_output=True, text=True, preexec_fn=limit)
    return done.returncode, done.stdout + done.stderr


def replaced(text, at, new):
    return text[:at.start()] + new + text[at.end():]


def breaks_of(text):
    """Pairs of a name and broken PTX."""
    for number, wait in enumerate(re.finditer(r"^[ \t]*bar(?:rier)?\.(?:warp\.)?sync[^;]*;", text, re.M)):
        yield "wait %d (line %d) left out" % (number, text.count("\n", 0, wait.start()) + 2), replaced(text, wait, "")
    shuffle = next(re.finditer(r"shfl\.sync\.bfly\.b32", text))
    yield "another lane", replaced(text, shuffle, "shfl.sync.idx.b32")
    store = list(re.finditer(r"st\.shared\.v4\.f32\s+\[(%r\d+)\]", text))[-1]
    yield "a misaligned store", replaced(text, store, "st.shared.v4.f32 [%s+4]" % store.group(1))
    yield "a store out of bounds", replaced(text, store, "st.shared.v4.f32 [%s+200000]" % store.group(1))
    products = list(re.finditer(r"fma\.rn\.f32\s+(%f\d+), (%f\d+), (%f\d+), (%f\d+);", text))
    for name, n in (("first", 0), ("middle", len(products) // 2), ("last", -1)):
        at = products[n]
        yield "the %s product left out of its sum" % name, replaced(text, at, "mov.f32 %s, %s;" % at.group(1, 4))
    mma = r"mma\.sync\.[\w.]+ \{([^}]*)\}, \{[^}]*\}, \{[^}]*\}, \{([^}]*)\};"
    places = list(re.finditer(mma, text))
    for first in range(0, len(places) - 2, 64):  # three, of which one is not of rests: those are below what is allowed
        broken = text
        for at in reversed(places[first:first + 3]):
            moves = "".join("mov.f32 %s, %s;" % pair for pair in zip(at.group(1).split(","), at.group(2).split(",")))
            broken = replaced(broken, at, moves)
        yield "products %d to %d of tensor cores left out" % (first, first + 2), broken
    sums = list(re.finditer(r"add\.f32\s+(%f\d+), (%f\d+), (%f\d+);", text))
    at = sums[len(sums) // 2]
    yield "a share left out of a sum", replaced(text, at, "mov.f32 %s, %s;" % at.group(1, 2))


def check_engine(name, cases, source, out, check, nvcc):
    failed = False
    for scalar, flags in (("float", []), ("double", ["-DMODSWEEP_DOUBLE"])):
        code, text = failures(check, counts.compile_ptx(source, out, nvcc, name + "_kernels", flags), scalar, *cases)
        print(scalar + "\n" + text, flush=True)
        failed |= code != 0
    raise SystemExit(1 if failed else 0)


def main():
    source, out, check, nvcc, *rest = sys.argv[1:]
    if not nvcc or nvcc.endswith("NOTFOUND"):
        print("skipped: there is no nvcc")
        raise SystemExit(77)
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    if rest and rest[0] in ("--gemm", "--block"):
        check_engine(rest[0][2:], rest[1:], pathlib.Path(source).resolve(), out, check, nvcc)
    ptx = counts.compile_ptx(pathlib.Path(source).resolve(), out, nvcc)
    if not rest:
        code, text = failures(check, ptx)
        print(text, flush=True)
        if code != 0:
            raise SystemExit(1)
        sys.argv[1:] = [source, str(out), check, nvcc]
        counts.main()
        return
    unnoticed = 0
    for prefix, tensor_cores, width, cases in (("", 0, 32, ("standard", "two parts")), ("3xtf32: ", 1, 32, ("standard", "two parts")),
                                               ("64 units", 0, 64, ("",)), ("128 units", 0, 128, (", two parts",))):
        kernel = counts.lone_kernel(ptx, counts.KERNEL % (0, tensor_cores, width), out / "broken.ptx").read_text()
        cases = [prefix + case for case in cases]
        if any(failures(check, out / "broken.ptx", case)[0] != 0 for case in cases):
            raise SystemExit("fails without a break, too")
        for name, text in breaks_of(kernel):
            (out / "broken.ptx").write_text(text)
            seen = any(failures(check, out / "broken.ptx", case, seconds=4)[0] != 0 for case in cases)
            print("noticed" if seen else "UNNOTICED", prefix.rstrip(": "), name, flush=True)
            unnoticed += not seen
    raise SystemExit(1 if unnoticed else 0)


if __name__ == "__main__":
    main()
