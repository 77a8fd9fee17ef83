#!/usr/bin/env python3
"""The PTX that nvcc makes of the recurrent kernels, carried out on the host.

recurrent.py SOURCES OUT CHECK NVCC: every case must be free of faults and be the CPU's in double, and cost what
bench/recurrent_counts.json says. CHECK is recurrent_check.
The same with --write: writes bench/recurrent_counts.json.
The same with --breaks: PTX that is broken on purpose must be noticed.
recurrent.py SOURCES OUT --stale: exit code 1 where bench/recurrent_counts.json is of other sources. Needs no nvcc.
Exit code 77, "skipped", where there is no nvcc.
"""
import hashlib
import json
import pathlib
import re
import subprocess
import sys

import counts

SOURCE = "tests/ptx/recurrent.cu"
RECORD = "bench/recurrent_counts.json"
# The pass of one training step of a modular network: units, modules, and what a block may cost at most.
STEPS = {"modular 10, N = 20": (10, 19, 700000), "modular 10, N = 2": (10, 1, 40000)}
CHUNK = 64  # samples of a block


def hash_of(source):
    digest = hashlib.sha256()
    for file in sorted(counts.sources_of(source, (source / SOURCE).resolve(), [])):
        digest.update(str(file.relative_to(source)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def check(program, ptx, *arguments):
    done = subprocess.run([str(program), str(ptx), *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def pass_counts(report):
    """Of the pass in a report of recurrent_check."""
    own = report[report.index("RunPass"):]
    table = re.findall(r"^  ([a-z][a-z0-9. ]*?) +(\d+) +[\d.]+% +[\d.]+$", own, re.M)
    rows = dict((name, int(slots)) for name, slots in table)
    accesses = re.findall(r"^ +(ld|st) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$", own, re.M)
    loaded, stored = re.search(r"sectors of 32 bytes: loaded (\d+), stored (\d+)", own).groups()
    return {"instructions": sum(rows.values()), "classes": rows,
            "barriers": round(float(re.search(r"barriers a block ([\d.]+)", own).group(1))),
            "shared_bytes": int(re.search(r"shared memory asked for (\d+)", own).group(1)),
            "wavefronts_strict": sum(int(row[4]) for row in accesses),
            "wavefronts_merged": sum(int(row[5]) for row in accesses),
            "memory_bytes": 32 * (int(loaded) + int(stored))}


def count(source, out, program, ptx, nvcc):
    steps = {}
    for name, (units, modules, most) in STEPS.items():
        code, report = check(program, ptx, "count", units, modules)
        if code != 0:
            raise SystemExit(report)
        steps[name] = pass_counts(report)
        if steps[name]["instructions"] > most:
            raise SystemExit("%s: %d instructions, at most %d" % (name, steps[name]["instructions"], most))
    made = counts.run(pathlib.Path(nvcc).resolve().parent / "ptxas", "-arch=" + counts.ARCHITECTURE, "-O3", "-v", ptx, "-o",
                      out / "recurrent.cubin")
    own = made[made.index("RunPass"):]
    spilled = max(int(n) for n in re.findall(r"(\d+) bytes spill", made))
    if spilled > 0:
        raise SystemExit("%d bytes are spilled" % spilled)
    version = re.search(r"V([\d.]+)", counts.run(nvcc, "--version")).group(1)
    what = "the pass of a block of %d samples, in PTX's instructions of warps; the first step, whose length is drawn" % CHUNK
    return {"sources": hash_of(source), "what": what, "architecture": counts.ARCHITECTURE, "nvcc": version,
            "registers": int(re.search(r"Used (\d+) registers", own).group(1)), "spilled_bytes": spilled, "steps": steps}


def breaks_of(text):
    """Pairs of a name and broken PTX of the pass."""
    begin = text.index("RunPass")
    products = text.index("ld.shared.v4.f32", begin)  # before the first of them, forward
    for name, begin, pattern, new in (
            ("a wait of the block left out", begin, r"bar\.sync[^;]*;", ""),
            ("a wait of a warp left out", begin, r"bar\.warp\.sync[^;]*;", ""),
            ("a misaligned load", products, r"ld\.shared\.v4\.f32(\s+\{[^}]*\}), \[(%rd?\d+)\]",
             r"ld.shared.v4.f32\1, [\2+4]"),
            ("a product left out", products, r"fma\.rn\.f32\s+(%f\d+), %f\d+, %f\d+, (%f\d+);", r"mov.f32 \1, \2;"),
            ("a store out of bounds", products, r"st\.global\.f32(\s+)\[(%rd\d+)\]", r"st.global.f32\1[\2+1073741824]")):
        # Of waits one in the middle: the first has nothing to wait for.
        all_of_them = list(re.finditer(pattern, text[begin:]))
        at = all_of_them[len(all_of_them) // 2 if "wait" in name else 0]
        yield name, text[:begin] + text[begin:][:at.start()] + at.expand(new) + text[begin:][at.end():]


def main():
    options = [a for a in sys.argv[1:] if a.startswith("--")]
    source, out, *rest = (a for a in sys.argv[1:] if not a.startswith("--"))
    source, out = pathlib.Path(source).resolve(), pathlib.Path(out)
    record = source / RECORD
    known = json.loads(record.read_text()) if record.exists() else {}
    if options == ["--stale"]:
        if known.get("sources") != hash_of(source):
            raise SystemExit(RECORD + " is of other sources; with nvcc renew it: tests/ptx/recurrent.py SOURCES OUT CHECK "
                             "NVCC --write")
        return
    if len(rest) < 2 or rest[1].endswith("NOTFOUND"):
        print("skipped: there is no nvcc")
        raise SystemExit(77)
    program, nvcc = rest
    out.mkdir(parents=True, exist_ok=True)
    ptx = out / "recurrent.ptx"
    counts.run(nvcc, "-ptx", *counts.FLAGS, "-I", source / "kernels", "-I", source / "include", source / SOURCE, "-o", ptx)
    if options == ["--breaks"]:
        unnoticed = 0
        for name, text in breaks_of(ptx.read_text()):
            (out / "broken.ptx").write_text(text)
            seen = check(program, out / "broken.ptx")[0] != 0
            print("noticed" if seen else "UNNOTICED", name, flush=True)
            unnoticed += not seen
        raise SystemExit(1 if unnoticed else 0)
    code, report = check(program, ptx)
    print(report, flush=True)
    if code != 0:
        raise SystemExit(1)
    now = count(source, out, program, ptx, nvcc)
    if options == ["--write"]:
        record.write_text(json.dumps(now, indent=2) + "\n")
    elif now["nvcc"] == known.get("nvcc") and now != known:
        raise SystemExit("counted anew: %s\n%s: %s" % (json.dumps(now), RECORD, json.dumps(known)))
    print(json.dumps(now))


if __name__ == "__main__":
    main()
