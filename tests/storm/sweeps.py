"""The sweeps that are attacked: small, with cells that end at different steps: a store is caught in all states."""


def text(name, steps, seeds, hidden=(8,), every=0, inputs=2, samples=(40,)):
    def listed(values):
        return "[" + ", ".join(map(str, values)) + "]"

    return f"""name = "{name}"
[task]
inputs = {inputs}
train_samples = {samples[0]}
test_samples = 40
[network]
hidden = {listed(hidden)}
[noise]
strength = 0.1
[training]
steps = {steps[0]}
batch_size = 5
[measure]
every_steps = {every or max(steps)}
[axes]
"training.steps" = {listed(steps)}
"task.train_samples" = {listed(samples)}
"training.seed" = {{ range = [0, {seeds}] }}
"""


# About two seconds on one thread: there is time for commits while it trains.
KILLED = text("killed", steps=(10000, 80000, 300000), seeds=5, every=10000)
# A tenth of a second: as many calls as there are, each to be failed in a run of its own.
CALLS = text("calls", steps=(200, 400), seeds=2, every=100)
# Rises where the samples suffice: `refine` takes several rounds.
REFINED = text("refined", steps=(3000,), seeds=3, samples=(5, 10, 20, 80, 320, 1280))
REFINE = ("--y", "test_loss", "--width", "0.05", "--resamples", "100")
FIT = ("transition", "--y", "test_loss", "--resamples", "2000")
# Cells of three states, large enough that most of the store is numbers. The name is one that `reproduce` looks for.
FLIPPED = text("fig01_linear", steps=(200, 2000, 4000), seeds=3, hidden=(24, 24), inputs=4, every=100, samples=(30, 60))
# Enough for four shards, each of which is killed some ten times before it is through.
SHARDED = text("sharded", steps=(10000, 30000, 60000), seeds=8, every=5000)
# The same, quickly, for what is merged many times.
SMALL_SHARDS = text("sharded", steps=(100, 200), seeds=8, every=100)
# What format3.sql is a store of: two cells are done, two have checkpoints.
UPGRADED = text("upgraded", steps=(200, 400000), seeds=2, hidden=(4,), every=100000, samples=(10,))
