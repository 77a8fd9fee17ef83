"""Machine code of nvcc's back end, and how often each instruction is carried out.

`ptxas -lineinfo` says in .nv_debug_line_sass which line of the PTX each instruction comes from. An instruction is taken
to be carried out as often as that line, by the interpreter's count: so what ptxas moves out of a loop is counted in it,
and the seldom taken ways of divisions and roots as always taken. Opcodes are the low 12 bits of an instruction; names as
nvdisasm prints them, as far as they are known.
"""
import bisect
import collections
import struct

NAMES = {  # low 9 bits; the upper 3 say where operands come from
    0x00c: "ISETP", 0x010: "IADD3", 0x011: "LEA", 0x012: "LOP3", 0x017: "IMNMX", 0x019: "SHF", 0x024: "IMAD", 0x025: "IMAD.WIDE",
    0x027: "IMAD.HI", 0x007: "SEL", 0x002: "MOV", 0x020: "FMUL", 0x021: "FADD", 0x023: "FFMA", 0x00b: "FSETP", 0x008: "FSEL",
    0x009: "FMNMX", 0x00a: "FSET", 0x02b: "DFMA", 0x029: "DADD", 0x028: "DMUL", 0x02a: "DSETP", 0x022: "FCHK", 0x108: "MUFU",
    0x104: "F2F", 0x105: "F2I", 0x106: "I2F", 0x110: "F2F.64", 0x111: "F2I.64", 0x112: "I2F.64", 0x107: "FRND", 0x113: "FRND.64",
    0x184: "LDS", 0x188: "STS", 0x181: "LDG", 0x186: "STG", 0x183: "LDL", 0x187: "STL", 0x180: "LD", 0x185: "ST", 0x182: "LDC",
    0x147: "BRA", 0x145: "BSSY", 0x141: "BSYNC", 0x142: "BREAK", 0x14d: "EXIT", 0x144: "CALL", 0x150: "RET", 0x118: "NOP",
    0x11d: "BAR", 0x148: "WARPSYNC", 0x119: "S2R", 0x1c3: "S2UR", 0x016: "PRMT", 0x01c: "PLOP3", 0x03c: "HMMA", 0x089: "SHFL",
    0x0c3: "S2UR", 0x082: "UMOV", 0x08c: "UISETP", 0x090: "UIADD3", 0x091: "ULEA", 0x092: "ULOP3", 0x0a4: "UIMAD",
    0x0a5: "UIMAD.WIDE", 0x0b9: "ULDC", 0x099: "USHF", 0x087: "USEL", 0x1c2: "R2UR", 0x0c2: "R2UR", 0x003: "P2R", 0x004: "R2P", 0x013: "IABS",
    0x109: "POPC", 0x100: "FLO", 0x095: "UFLO", 0x005: "CS2R",
    # of sm_90, by what PTX they stand for
    0x035: "IADD", 0x036: "VIADD", 0x045: "I2FP", 0x048: "VIMNMX",
}
CLASSES = {
    "ffma": ["FFMA"], "other fp32": ["FMUL", "FADD", "FSETP", "FSEL", "FMNMX", "FSET", "FCHK"],
    "fp64": ["DFMA", "DADD", "DMUL", "DSETP"],
    "integer (alu)": ["ISETP", "IADD3", "LEA", "LOP3", "IMNMX", "SHF", "SEL", "PRMT", "PLOP3", "P2R", "R2P", "IABS", "IADD", "VIADD", "VIMNMX"],
    "imad": ["IMAD", "IMAD.WIDE", "IMAD.HI"], "move": ["MOV", "CS2R", "S2R", "S2UR", "R2UR", "LDC"],
    "uniform": ["UMOV", "UISETP", "UIADD3", "ULEA", "ULOP3", "UIMAD", "UIMAD.WIDE", "ULDC", "USHF", "USEL", "UFLO", "UF2F"],
    "mufu, conversions": ["MUFU", "F2F", "F2I", "I2F", "F2F.64", "F2I.64", "I2F.64", "I2FP", "FRND", "FRND.64", "POPC", "FLO"],
    "lds": ["LDS"], "sts": ["STS"], "ldg, stg, ld, st": ["LDG", "STG", "LD", "ST"], "ldl, stl": ["LDL", "STL"],
    "branch, convergence": ["BRA", "BSSY", "BSYNC", "BREAK", "EXIT", "CALL", "RET", "WARPSYNC"], "bar": ["BAR"], "hmma": ["HMMA"],
}

def sections(elf):
    shoff, = struct.unpack_from("<Q", elf, 0x28)
    shentsize, shnum, shstrndx = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [struct.unpack_from("<IIQQQQIIQQ", elf, shoff + i * shentsize) for i in range(shnum)]
    names = headers[shstrndx][4]
    for h in headers:
        end = elf.index(b"\0", names + h[0])
        yield elf[names + h[0]:end].decode(), elf[h[4]:h[4] + h[5]]


def leb(data, at, signed=False):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            break
    if signed and byte & 64:
        value -= 1 << shift
    return value, at


def line_rows(data):
    """Rows (address, line) of the line programs, DWARF version 2."""
    at = 0
    while at + 4 < len(data):
        length, version, header = struct.unpack_from("<IHI", data, at)
        end = at + 4 + length
        program = at + 10 + header
        p = at + 10
        minimum, _, base, line_range, opcode_base = struct.unpack_from("<BBbBB", data, p)
        sizes = data[p + 5:p + 5 + opcode_base - 1]
        address, line, i = 0, 1, program
        while i < end:
            op = data[i]
            i += 1
            if op >= opcode_base:
                op -= opcode_base
                address += op // line_range * minimum
                line += base + op % line_range
                yield address, line
            elif op == 0:
                size, i = leb(data, i)
                if data[i] == 1:
                    yield address, None
                    address, line = 0, 1
                elif data[i] == 2:
                    address, = struct.unpack_from("<Q", data, i + 1)
                i += size
            elif op == 1:
                yield address, line
            elif op == 2:
                n, i = leb(data, i)
                address += n * minimum
            elif op == 3:
                n, i = leb(data, i, True)
                line += n
            elif op == 8:
                address += (255 - opcode_base) // line_range * minimum
            elif op == 9:
                n, = struct.unpack_from("<H", data, i)
                address += n
                i += 2
            else:
                for _ in range(sizes[op - 1]):
                    _, i = leb(data, i)
        at = end


def entry_line(text, kernel):
    return next(number for number, line in enumerate(text.split("\n"), 1) if ".entry" in line and kernel in line)


class MachineCode:
    """One kernel of a cubin; `executed`: {line of PTX: times}, with the line of .entry for 0."""

    def __init__(self, cubin, kernel, executed):
        parts = dict(sections(cubin))
        code = parts[next(name for name in parts if name.startswith(".text.") and kernel in name)]
        ptx = parts[".nv_debug_ptx_txt"].replace(b"\0", b"\n").decode(errors="replace")
        offset = executed[0] - entry_line(ptx, kernel)
        known = sorted(line for line in executed if line != 0)
        rows = sorted((a, line) for a, line in line_rows(parts[".nv_debug_line_sass"]) if line is not None)
        self.static = collections.Counter()
        self.dynamic = collections.Counter()
        row = 0
        for address in range(0, len(code), 16):
            while row + 1 < len(rows) and rows[row + 1][0] <= address:
                row += 1
            word, = struct.unpack_from("<Q", code, address)
            name = NAMES.get(word & 0x1FF, "0x%03x" % (word & 0xFFF))
            line = rows[row][1] + offset
            if line not in executed:  # of no instruction: a label, a brace
                line = known[max(0, bisect.bisect_right(known, line) - 1)]
            self.static[name] += 1
            self.dynamic[name] += executed[line]

    def classes(self, steps):
        """Carried out in a step, by class."""
        counts = {label: sum(self.dynamic[name] for name in names) for label, names in CLASSES.items()}
        counts["other"] = sum(self.dynamic.values()) - sum(counts.values())
        return {label: round(n / steps) for label, n in counts.items() if n}
