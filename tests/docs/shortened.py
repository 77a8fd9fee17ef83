#!/usr/bin/env python3
"""Stands in for modsweep where commands of the documents are run: shortened.py ARGUMENTS, as they are printed.

The command is the printed one, to the letter; what differs is how much work it is:
- `run` and `refine` train each network for a few steps, without leaks, the slowest of all measurements. Settings of steps
  and epochs that this replaces are checked by `plan` first. A refinement that is not as narrow as was asked for is as good
  as one that is.
- `bench` times one setting, quickly.
- `--cell ID` of a help text, which no store can have, becomes a cell of the store.
The program itself is $MODSWEEP_PROGRAM.
"""

import os
import sqlite3
import subprocess
import sys

SHORT = ["--set", "training.steps=3", "--set", "measure.leaks=false"]
# With half of the answers right by chance each task counts as solved, so that there is something to draw.
SHORT_RECURRENT = ["--set", "growth.epoch_steps=2", "--set", "growth.test_batches=1", "--set", "growth.threshold=0.3"]


def options_of(arguments, name):
    """The values of an option that is separated by a blank, as in the documents."""
    return [value for option, value in zip(arguments, arguments[1:]) if option == name]


def shortening(arguments):
    """The options that make the training of a sweep short; weights are pruned before its end where the sweep prunes."""
    text = ""
    for sweep in (a for a in arguments if a.endswith(".toml")):
        if os.path.exists(sweep):
            with open(sweep, encoding="utf-8") as file:
                text = file.read()
    if 'family = "recurrent"' in text:
        return SHORT_RECURRENT
    return SHORT + (["--set", "pruning.begin=1", "--set", "pruning.end=2"] if "[pruning]" in text else [])


def without_schedule(arguments):
    """The arguments without settings of steps and epochs, which SHORT replaces."""
    kept = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--set":
            value = next(rest)
            if not value.startswith(("training.steps=", "training.epochs=")):
                kept += [argument, value]
        else:
            kept.append(argument)
    return kept


def check_as_printed(program, arguments):
    """Ends with the program's message if the sweep is invalid with all settings as printed."""
    plan = [program, "plan", next(a for a in arguments if a.endswith(".toml"))]
    for option in ("--set", "--shard"):
        for value in options_of(arguments, option):
            plan += [option, value]
    planned = subprocess.run(plan, capture_output=True, text=True, check=False)
    if planned.returncode != 0:
        sys.exit(f"{' '.join(plan[1:])}: {planned.stderr}")


def with_cell(arguments):
    """The arguments with a cell that the store has."""
    place = arguments.index("--cell") + 1
    store = next(a for a in arguments if a.endswith(".db"))
    with sqlite3.connect(store) as connection:
        # A network of blocks first, as `modules` requires.
        ids = [row[0] for row in connection.execute(
            "select id from cells where status = 'done' order by settings like '%\"modular\"%' desc, num")]
    if not any(known.startswith(arguments[place]) for known in ids):
        arguments = arguments[:place] + ids[:1] + arguments[place + 1:]
    return arguments


def main():
    program = os.environ["MODSWEEP_PROGRAM"]
    arguments = sys.argv[1:]
    command = arguments[0] if arguments else ""
    good = {0}
    if "--help" not in arguments:
        if command in ("run", "refine"):
            shorter = without_schedule(arguments)
            if shorter != arguments:
                check_as_printed(program, arguments)
            arguments = shorter + shortening(arguments)
            good = {0, 1} if command == "refine" else {0}
        elif command == "bench":
            arguments += [] if "--quick" in arguments else ["--quick"]
            arguments += [] if "--setting" in arguments else ["--setting", "wa2", "--threads", "1"]
        elif "--cell" in arguments:
            arguments = with_cell(arguments)
    code = subprocess.run([program, *arguments], check=False).returncode
    sys.exit(0 if code in good else code)


if __name__ == "__main__":
    main()
