"""Mutated sweep files through `plan`, and the small ones that it accepts through `run` with one step.

Bytes flipped, lines deleted, doubled, moved, tokens swapped, numbers made huge, negative, nan, arrays nested. `plan`
ends with exit code 0, or with 2 and one line, within 20 seconds; never by a signal.
"""

import re

import sweeps
from common import ROOT, TRAIN

LIMIT = 20.0  # seconds
RUN_SHARE = 0.2  # fraction of the accepted sweeps that are small enough to run
SMALL_CELLS, SMALL_BYTES = 64, 100 << 20
VALUES = ("0", "-1", "1", "2147483648", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e30",
          "1e308", "1e999", "-1e-320",
          "nan", "inf", "-inf", "-0.0", "true", "false", '""', '"a"', "[]", "[[]]", "[[[1]]]", "{}",
          "1979-05-27", '"' + "x" * 5000 + '"', "[" * 200 + "]" * 200, "[1e9, nan]", "{ range = [0, 1000000000000] }",
          "{ range = [5, 1] }", "{ linspace = [0, 1], count = 1000000000 }", "{ logspace = [-1, 1], count = 3 }",
          "{ logspace = [1e-3, 1], count = 0 }")
TOKEN = re.compile(r'"[^"\n]*"|[A-Za-z_][\w.]*|[-+]?\d[\d.eE+_-]*|[\[\]{}=,]')
NUMBER = re.compile(r"[-+]?\b\d[\d.]*(?:[eE][-+]?\d+)?")


def flip_byte(text, random):
    data = bytearray(text.encode())
    for _ in range(random.choice((1, 1, 3))):
        at = random.randrange(len(data))
        data[at] ^= 1 << random.randrange(8)
    return bytes(data)


def lines(change):
    def mutate(text, random):
        rows = text.split("\n")
        at, other = random.randrange(len(rows)), random.randrange(len(rows))
        change(rows, at, other)
        return "\n".join(rows).encode()
    return mutate


def swap_lines(rows, at, other):
    rows[at], rows[other] = rows[other], rows[at]


def swap_tokens(text, random):
    found = list(TOKEN.finditer(text))
    first, second = sorted(random.sample(range(len(found)), 2))
    a, b = found[first], found[second]
    return (text[:a.start()] + b.group() + text[a.end():b.start()] + a.group() + text[b.end():]).encode()


def replace(pattern):
    def mutate(text, random):
        found = random.choice(list(pattern.finditer(text)))
        return (text[:found.start()] + random.choice(VALUES) + text[found.end():]).encode()
    return mutate


def new_value(text, random):
    """Another value for a key: the text after `=` in a line."""
    found = random.choice(list(re.finditer(r"(?m)^([^#=\n]+=)(.*)$", text)))
    return (text[:found.end(1)] + " " + random.choice(VALUES) + text[found.end():]).encode()


def cut(text, random):
    return text.encode()[:random.randrange(len(text))]


MUTATIONS = (flip_byte, cut, swap_tokens, lines(swap_lines), lines(lambda rows, at, _: rows.pop(at)),
             lines(lambda rows, at, other: rows.insert(other, rows[at])), replace(NUMBER), replace(NUMBER),
             replace(TOKEN), new_value, new_value)


def corpus():
    """Our own sweeps, shortened (`plan` times a few steps of its sweep), and most of the settings."""
    texts = [re.sub(r"(?m)^((?:steps|epochs|\w+_samples) =) \d+", r"\1 40", path.read_text())
             for path in sorted((ROOT / "sweeps").glob("*.toml"))]
    texts += [sweeps.KILLED, sweeps.FLIPPED]
    texts.append("""name = "all"
zip = [["noise.strength", "noise.exponent"]]
[task]
kind = "gaussian2d"
inputs = 2
train_samples = 50
test_samples = 50
ood_samples = 50
fan_fraction = 0.5
[network]
architecture = "bottleneck"
block_depth = 1
block_width = 8
joint_depth = 1
joint_width = 8
activation = "prelu"
[regularizer]
dropout = 0.1
weighted_activity = 1e-3
weighted_activity_exponent = 2
[training]
optimizer = "sgd"
momentum = 0.9
nesterov = true
epochs = 3
batch_size = 10
precision = "fp64"
[measure]
points_per_decade = 3
noisy_strength = 0.1
noisy_draws = 2
partition = true
cluster_by = "outgoing"
[axes]
"noise.strength" = [0.1, 0.2]
"noise.exponent" = [0, 2]
"training.seed" = { range = [0, 2] }
""")
    return texts


def number_of(text):
    """The number after a word in plan's output; understands the suffixes k, M, G, T and units of bytes."""
    found = re.match(r"(?:about )?([\d.,]+) ?([kKMGTP]?)", text)
    if not found:
        return float("inf")
    return float(found[1].replace(",", "")) * 1000 ** " KMGTP".index(found[2].upper() or " ")


def small(plan):
    """Whether the sweep of this plan may be run."""
    told = dict(re.findall(r"(?m)^(cells|memory|store|operations) +(.+)$", plan))
    return (number_of(told.get("cells", "")) <= SMALL_CELLS and number_of(told.get("memory", "")) <= SMALL_BYTES and
            number_of(told.get("store", "")) <= SMALL_BYTES)


def attack(context):
    tally, texts = context.tally, corpus()

    def mutant(index, _):
        random = context.random(index)
        text = random.choice(texts)
        data = text.encode()
        for _ in range(random.choice((1, 1, 1, 2, 4))):
            try:
                data = random.choice(MUTATIONS)(data.decode(errors="replace"), random)
            except (IndexError, ValueError):  # earlier mutations have left nothing to change
                pass
        folder = context.new_folder(index)
        (folder / "x.toml").write_bytes(data)
        where = f"mutants item {index}"
        outcome = context.program.run(folder, "plan", "x.toml", "--engine", "cpu", "--threads", "1", limit=LIMIT)
        tally.count("mutants")
        tally.count("refused" if outcome.code == 2 else "taken" if outcome.code == 0 else "neither")
        if tally.told(outcome, where, (0, 2)) and outcome.code == 0:
            if random.random() < RUN_SHARE and small(outcome.out.decode(errors="replace")):
                outcome = context.program.run(folder, "run", "x.toml", "-o", "s.db", *TRAIN, "--set",
                                              "training.steps=1")
                tally.count("run")
                tally.told(outcome, f"{where}, run", (0, 1, 2))
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()

    context.each(range(context.number(20000, 300)), mutant)
