#!/usr/bin/env python3
"""What nvcc made of kernels: instructions, and the loops that multiply and add.

    nvcc -std=c++20 -arch=sm_90 -O3 -DNDEBUG -Ikernels -Iinclude --expt-relaxed-constexpr -cubin -o fused.cubin \\
      kernels/fused/fused_engine.cu
    bench/compiled_kernels.py fused.cubin --kernel TrainNetworkIf

reads the machine code itself, so it needs neither a device nor a disassembler (nvcc --resource-usage tells registers,
spills and stack). Instructions are told apart by the low
nine bits of their 128 (the same from sm_70 to sm_90), the width of a load or store by bits 73 to 75, a branch's
target by bits 16 to 23 and 34 to 81; what is not in the table counts as `other`.
"""
import argparse
import collections
import pathlib
import struct

OPERATIONS = {0x020: "FMUL", 0x021: "FADD", 0x023: "FFMA", 0x024: "IMAD", 0x025: "IMAD", 0x03c: "HMMA", 0x108: "MUFU", 0x11d: "BAR",
              0x147: "BRA", 0x180: "LD", 0x181: "LDG", 0x183: "LDL", 0x184: "LDS", 0x185: "ST", 0x186: "STG", 0x187: "STL", 0x188: "STS"}
WIDTHS = {0: "8", 1: "8", 2: "16", 3: "16", 4: "32", 5: "64", 6: "128"}
BRANCH = 0x947
INSTRUCTION_BYTES = 16


def kernels(path):
    """(name, code) of every kernel of a cubin."""
    data = path.read_bytes()
    if data[:4] != b"\x7fELF":
        raise SystemExit(f"{path}: no cubin")
    table, = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<HHH", data, 0x3a)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, table + i * size) for i in range(count)]
    for section in sections:
        start = sections[names][4] + section[0]
        name = data[start:data.index(b"\0", start)].decode()
        if name.startswith(".text."):
            yield name.removeprefix(".text."), data[section[4]:section[4] + section[5]]


def instructions(code):
    """[(name, branch target address or None)], one entry per instruction."""
    result = []
    for at in range(0, len(code), INSTRUCTION_BYTES):
        low, high = struct.unpack_from("<QQ", code, at)
        name = OPERATIONS.get(low & 0x1ff, "other")
        if name[:2] in ("LD", "ST"):
            name += "." + WIDTHS.get(high >> 9 & 7, "?")
        target = None
        if low & 0xfff == BRANCH:
            words = low >> 16 & 0xff | (low >> 34 | (high & 0x3ffff) << 30) << 8
            target = at + INSTRUCTION_BYTES + 4 * (words - (1 << 56) if words >> 55 else words)
        result.append((name, target))
    return result


def innermost_loops(code):
    """(first, last) of every innermost loop, as indices."""
    loops = [(target // INSTRUCTION_BYTES, i) for i, (_, target) in enumerate(code)
             if target is not None and 0 <= target < i * INSTRUCTION_BYTES]
    return sorted(a for a in loops if not any(a != b and a[0] <= b[0] and b[1] <= a[1] for b in loops))


def counts(code):
    counted = collections.Counter(name for name, _ in code)
    other = counted.pop("other", 0)
    return "  ".join(f"{name} {n}" for name, n in counted.most_common()) + f"  other {other}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cubin", type=pathlib.Path, nargs="+")
    parser.add_argument("--kernel", default="", help="part of a mangled name; default: all kernels")
    parser.add_argument("--least", type=int, default=32, help="multiply-adds of a loop that is listed (%(default)s)")
    options = parser.parse_args()
    for path in options.cubin:
        for name, raw in kernels(path):
            if options.kernel not in name:
                continue
            code = instructions(raw)
            print(f"{name}: {len(code)} instructions: {counts(code)}")
            for first, last in innermost_loops(code):
                loop = code[first:last + 1]
                if sum(n == "FFMA" for n, _ in loop) >= options.least:
                    print(f"  loop at {first * INSTRUCTION_BYTES:#x}, {len(loop)} instructions: {counts(loop)}")


if __name__ == "__main__":
    main()
