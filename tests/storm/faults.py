"""Every k-th write, fsync, rename, open for writing (and unlink, truncation) of a command fails once, or from then on.

The command ends with exit code 0, 2 or 3 and at most one line; what it reports as done is present. Then it continues
without failures, and everything is right. `run` and `merge`, and other commands that write: fit, export -o.
"""

import errno

import sweeps
from common import TRAIN, Failing, Refused, difference, picture, sound

ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EMFILE)
SHORT = {"run": 40, "merge": 24, "fit": 8, "export": 8}  # failures in the short form


class Target:
    """A command whose calls fail: the files that it starts from, and its final result."""

    def __init__(self, name, files, command, store, wanted, makes=()):
        self.name, self.files, self.command, self.store, self.wanted = name, files, command, store, wanted
        self.expected = {file.name for file in files} | {store, *makes}
        self.texts = {}  # files that a command writes besides the store: {name: bytes}
        self.before = []  # pictures of the store that are right after a failure; None: no store yet


def wholly(context, target):
    """Runs the command without failures; returns its folder."""
    folder = context.new_folder(f"{target.name}-unbroken", target.files)
    target.calls = context.program.calls(folder, *target.command)
    return folder


def trained(context, name, sweep, *options, files=()):
    folder = context.new_folder(name, files)
    (folder / "x.toml").write_text(sweep)
    outcome = context.program.run(folder, "run", "x.toml", "-o", "s.db", *TRAIN, *options)
    if outcome.code != 0:
        raise RuntimeError(f"an unbroken command failed: {outcome}")
    return folder


def targets(context):
    program = context.program
    whole = trained(context, "whole", sweeps.CALLS)
    wanted = picture(program, whole)
    store = whole / "s.db"
    run = Target("run", [whole / "x.toml"], ("run", "x.toml", "-o", "s.db", *TRAIN), "s.db", wanted)
    fit = Target("fit", [store], ("fit", "s.db", *sweeps.FIT), "s.db", None)
    export = Target("export", [store], ("export", "s.db", "--table", "history", "-o", "t.csv"), "s.db", wanted,
                    ["t.csv"])
    wholly(context, run)
    fit.wanted = picture(program, wholly(context, fit))
    fit.before = [wanted, fit.wanted]
    export.texts = {"t.csv": (wholly(context, export) / "t.csv").read_bytes()}
    export.before = [wanted]
    yield from (run, fit, export)
    if program.merges:
        parts = context.new_folder("parts")
        for part in range(2):
            folder = trained(context, f"part-{part}", sweeps.CALLS, "--set", f"training.seed=[{part}]")
            (folder / "s.db").rename(parts / f"p{part}.db")
        names = [parts / f"p{part}.db" for part in range(2)]
        merged = {table: rows for table, rows in wanted.items() if table != "fits"}
        merge = Target("merge", names, ("merge", "out.db", "p0.db", "p1.db"), "out.db", merged)
        wholly(context, merge)
        merge.before = [None, merged]
        # An OUT that exists already: with half of the cells.
        folder = context.new_folder("half", names)
        program.run(folder, "merge", "out.db", "p0.db")
        onto = Target("onto", [*names, folder / "out.db"], merge.command, "out.db", merged)
        half = picture(program, folder, "out.db")
        wholly(context, onto)
        onto.before = [{table: half[table] for table in merged}, merged]
        yield from (merge, onto)


def at_rest(context, target, folder, where):
    """Checks after a failure: the store is as it was before or complete, and so are files beside it."""
    tally = context.tally
    for name, data in target.texts.items():
        if (folder / name).exists() and (folder / name).read_bytes() != data:
            tally.fault("lost", f"{where}: {name} is not whole after a failure")
    if not target.before:
        return
    if not (folder / target.store).exists():
        if None not in target.before:
            tally.fault("lost", f"{where}: {target.store} is gone after a failure")
        return
    try:
        found = picture(context.program, folder, target.store, weights=False)
    except Refused as refused:
        tally.fault("lost", f"{where}: after a failure: {refused}")
        return
    near = [difference({table: found[table] for table in found if table in before}, {
        table: rows for table, rows in before.items() if table != "weights"}) for before in target.before if before]
    if all(near):
        tally.fault("lost", f"{where}: {target.store} is neither as it was nor whole after a failure: {near[-1]}")


def fail_once(context, target, failing, name, where):
    """Fails one call in a folder of its own. False if the call was never reached."""
    folder = context.new_folder(name, target.files)
    mark = folder.with_name(f"{folder.name}.mark")
    met = fail_in(context, target, failing, folder, mark, where)
    context.drop(folder)
    mark.unlink(missing_ok=True)
    return met


def fail_in(context, target, failing, folder, mark, where):
    """Runs the command with a failing call, then without."""
    tally, program = context.tally, context.program
    outcome = program.run(folder, *target.command, failing=failing, mark=mark)
    if not mark.exists():
        return False
    tally.count("failed calls")
    if not tally.told_of(failing, outcome, where, sorted(target.expected)):
        return True
    if outcome.code == 0:
        tally.count("of them borne")
        if target.name != "export" or (folder / "t.csv").exists():
            # A side file may remain: removing it may be the call that failed.
            tally.faults_of(f"{where}, exit code 0", [("silent", text) for kind, text in sound(
                program, folder, target.store, target.wanted, target.expected) if kind != "untidy"])
        else:
            tally.fault("silent", f"{where}: exit code 0 and no t.csv")
    at_rest(context, target, folder, where)
    outcome = program.run(folder, *target.command)
    if not tally.told(outcome, f"{where}, without failures", (0,)):
        if outcome.code is not None:
            tally.fault("lost", f"{where}: cannot go on: {outcome}")
        return True
    tally.faults_of(f"{where}, gone on", sound(program, folder, target.store, target.wanted, target.expected))
    for text, data in target.texts.items():
        if (folder / text).read_bytes() != data:
            tally.fault("lost", f"{where}: {text} differs after the command has gone on")
    return True


def attack(context):
    told = {target.name: target for target in targets(context)}
    if "merge" not in told:
        context.tally.not_run.append("merge (no such command)")
    modes = [(False, False), (True, False), (True, True)]  # once; from then on; from then on, after half a write

    def every(index, of):
        """Long form: k = 1, 2, ... until the command ends without reaching the call."""
        name, kind, code, (lasting, torn) = of
        call = 1
        while True:
            failing = Failing(kind, call, code, lasting, torn)
            where = f"faults item {index} ({name}, {failing})"
            if not fail_once(context, told[name], failing, f"{index}-{call}", where):
                return
            call += 1

    def sample(index, of):
        name, failing = of
        fail_once(context, told[name], failing, str(index), f"faults item {index} ({name}, {failing})")

    if context.long:
        context.each([(name, kind, code, mode) for name in told for kind, count in told[name].calls.items()
                      for code in ERRORS for mode in modes if count and (kind == "write" or not mode[1])], every)
        return
    items = []
    for name in told:
        random = context.random(name)
        kinds = [kind for kind, count in told[name].calls.items() if count]
        for number in range(SHORT["merge" if name == "onto" else name]):
            kind = kinds[number % len(kinds)]
            lasting, torn = random.choice(modes)
            items.append((name, Failing(kind, random.randint(1, told[name].calls[kind]), random.choice(ERRORS), lasting,
                                        torn and kind == "write")))
    context.each(items, sample)
