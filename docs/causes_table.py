#!/usr/bin/env python3
"""Writes the table of causes into docs/reproduction.md: docs/causes_table.py --stores FOLDER [--check]

The folder has the stores of sweeps/causes.toml, causes_range.toml and start/causes_adapt.toml as they stand. A number is the
median over networks, in parentheses an interval of at least 95 %: two of the values. --check says with exit code 1 whether
the document differs.
"""

import argparse
import math
import pathlib
import sqlite3
import statistics
import sys

DOCUMENT = pathlib.Path(__file__).resolve().parent / "reproduction.md"
BEGIN, END = "<!-- table of causes -->\n", "<!-- end of the table of causes -->\n"
NONE = {"regularizer.l2": 1e-4, "regularizer.l1": 0, "regularizer.dropout": 0, "regularizer.weighted_activity": 0,
        "noise.strength": 0, "regularizer.connection_cost": 0, "pruning.sparsity": 0}
NETWORK = {"pruning.sparsity": 0.9, "pruning.scope": "network"}
CAUSES = {
    "none, without L2": {"regularizer.l2": 0},
    "L2 1e-4, as in all rows below": {},
    "weighted activity 1e-3": {"regularizer.weighted_activity": 1e-3},
    "noise 0.1": {"noise.strength": 0.1},
    "dropout 0.05": {"regularizer.dropout": 0.05},
    "dropout 0.5": {"regularizer.dropout": 0.5},
    "L1 1e-5": {"regularizer.l1": 1e-5},
    "L1 1e-5, without L2": {"regularizer.l1": 1e-5, "regularizer.l2": 0},
    "L1 1e-4": {"regularizer.l1": 1e-4},
    "connection cost 3e-4": {"regularizer.connection_cost": 3e-4},
    "connection cost 1e-3, swaps": {"regularizer.connection_cost": 1e-3, "regularizer.swap_every": 200},
    "pruning of layers to 0.9": {"pruning.sparsity": 0.9, "pruning.scope": "layer"},
    "pruning to 0.9, without L2": {**NETWORK, "regularizer.l2": 0},
    "pruning to 0.9, weighted activity 1e-3": {**NETWORK, "regularizer.weighted_activity": 1e-3},
}


def interval(values):
    """The two values around the median between which it lies with 95 % or more; none for fewer than six."""
    values, n = sorted(values), len(values)
    for k in range(n // 2, 0, -1):
        if 1 - 2 * sum(math.comb(n, i) for i in range(k)) / 2**n >= 0.95:
            return values[k - 1], values[n - k]
    return None


def text(values):
    if not values:
        return ""
    between = interval(values)
    return f"{statistics.median(values):.2g}" + (f" ({between[0]:.2g} to {between[1]:.2g})" if between else "")


def rows_of(path):
    store = sqlite3.connect(path)
    rows = store.execute("select * from results where status = 'done'")
    names = [column[0] for column in rows.description]
    return [dict(zip(names, row)) for row in rows]


def of_parent(row):
    """The parent's settings, which its label names."""
    settings = dict(word.split("=", 1) for word in row["start.label"].split(" "))
    return {key: value if key == "pruning.scope" else float(value) for key, value in settings.items()}


def table(stores):
    causes, seen, adapted = (rows_of(stores / f"{name}.db") for name in ("causes", "causes_range", "causes_adapt"))
    adapted = [{**of_parent(row), "test_loss": row["test_loss"]} for row in adapted if row["pruning.keep"]]
    lines = ["| cause | path leak | relative cut | test loss | unseen combinations | 50 samples |", "| --- " * 6 + "|"]
    for name, settings in CAUSES.items():
        wanted = {**NONE, **settings}

        def chosen(rows, but=()):
            return [row for row in rows
                    if all(row[key] == value for key, value in wanted.items() if key in row and key not in but)]

        here = chosen(causes)
        if len(here) != 10 and "1e-3, swaps" not in name:
            sys.exit(f"{name}: {len(here)} networks instead of 10")
        unseen = []
        if all(key in seen[0] or not value for key, value in settings.items() if key != "pruning.scope") \
                and settings.get("pruning.scope") != "layer":
            unseen = [row["ood_loss"] / row["test_loss"] for row in chosen(seen)]
        cells = [text([row[column] for row in here]) for column in ("path_leak", "relative_cut", "test_loss")]
        lines.append(f"| {name} | {' | '.join(cells)} | {text(unseen)} | {text([r['test_loss'] for r in chosen(adapted)])} |")
    return "".join(line + "\n" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stores", type=pathlib.Path, required=True)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    old = DOCUMENT.read_text(encoding="utf-8")
    begin, end = old.index(BEGIN) + len(BEGIN), old.index(END)
    new = old[:begin] + table(arguments.stores) + old[end:]
    if arguments.check:
        sys.exit(new != old)
    DOCUMENT.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
