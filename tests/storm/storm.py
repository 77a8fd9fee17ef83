#!/usr/bin/env python3
"""Attacks on stores: kills, failing system calls, flipped bits, mutated sweeps, shards. One line per attack; exit code
1 where anything was lost, silently wrong, killed by a signal, ran for ever, left files behind or was told badly."""

import argparse
import importlib
import os
import pathlib
import resource
import shutil
import sys
import tempfile
import time

from common import ROOT, Context, Program, Refused, Tally

ATTACKS = ("kills", "faults", "flips", "mutants", "shards", "upgrade")
MEMORY = 8 << 30  # bytes of address space of each process: a mutated sweep must not take the machine with it


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same attacks")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--short", action="store_true", help="a sample, under three minutes on two cores (the default)")
    length.add_argument("--long", action="store_true", help="all of it: hours")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/modsweep")
    parser.add_argument("--only", nargs="+", choices=ATTACKS, metavar="NAME", help=", ".join(ATTACKS))
    parser.add_argument("--item", type=int, help="only this item of the attack, as a fault names it")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes at a time")
    parser.add_argument("--keep", type=pathlib.Path, help="work in this new folder and leave it")
    parser.add_argument("--table", type=pathlib.Path, help="write the counts here as well, as a table in markdown")
    parser.add_argument("--faults", type=int, default=8, help="how many faults of an attack are told")
    arguments = parser.parse_args()
    if not arguments.program.is_file():
        parser.error(f"{arguments.program}: no such program")
    return arguments


def table(tallies):
    rows = [["attack", "what", *Tally.KINDS, "s"], ["---"] * (len(Tally.KINDS) + 3)]
    rows += [tally.columns() for tally in tallies]
    faults = [f"- {fault}" for tally in tallies for fault in tally.faults[:20]]
    text = "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
    return "\n\n".join([text, *(["\n".join(faults)] if faults else [])]) + "\n"


def main():
    arguments = parse_arguments()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    scratch = arguments.keep or pathlib.Path(tempfile.mkdtemp(prefix="storm-"))
    scratch.mkdir(exist_ok=True)
    scratch = scratch.resolve()
    tallies, began = [], time.monotonic()
    try:
        program = Program(arguments.program, scratch)
        form = "long" if arguments.long else "short"
        print(f"storm: {program.version}, seed {arguments.seed}, {form} form", flush=True)
        for name in arguments.only or ATTACKS:
            tally = Tally(name)
            tallies.append(tally)
            context = Context(program, arguments.seed, scratch / name, tally, arguments.long, arguments.jobs,
                              arguments.item, bool(arguments.keep))
            try:
                importlib.import_module(name).attack(context)
            except (RuntimeError, Refused) as error:  # a command without failures failed: nothing to attack
                tally.fault("lost", f"{name}: {error}")
            tally.finish()
            print(tally.line(), flush=True)
            for fault in tally.faults[:arguments.faults]:
                print(f"  {fault}", file=sys.stderr, flush=True)
            if not arguments.keep:
                shutil.rmtree(context.folder)
        failed = any(tally.faults for tally in tallies)
        if arguments.table:
            arguments.table.write_text(table(tallies))
        print(f"storm: {'FAILED' if failed else 'held'} after {time.monotonic() - began:.0f} s", flush=True)
    finally:
        if not arguments.keep:
            shutil.rmtree(scratch, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
