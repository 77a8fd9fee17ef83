"""The sweeps that are attacked: small, with cells that end at different steps, so that a store is caught in all
states."""


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


# About two seconds on one thread: long enough for commits during training.
KILLED = text("killed", steps=(10000, 80000, 300000), seeds=5, every=10000)
# A tenth of a second: each of its calls fails in a run of its own.
CALLS = text("calls", steps=(200, 400), seeds=2, every=100)
# The loss changes once there are enough samples: `refine` needs several rounds.
REFINED = text("refined", steps=(3000,), seeds=3, samples=(5, 10, 20, 80, 320, 1280))
REFINE = ("--y", "test_loss", "--width", "0.05", "--resamples", "100")
FIT = ("transition", "--y", "test_loss", "--resamples", "2000")
# Cells of three states, large enough that most of the store is numbers. `reproduce` looks for this name.
FLIPPED = text("fig01_linear", steps=(200, 2000, 4000), seeds=3, hidden=(24, 24), inputs=4, every=100, samples=(30, 60))
# Enough for four shards, each of which is killed about ten times before it is finished.
SHARDED = text("sharded", steps=(10000, 30000, 60000), seeds=8, every=5000)
# A faster form, for stores that are merged many times.
SMALL_SHARDS = text("sharded", steps=(100, 200), seeds=8, every=100)
# The sweep of format3.sql: two cells are done, two have checkpoints.
UPGRADED = text("upgraded", steps=(200, 400000), seeds=2, hidden=(4,), every=100000, samples=(10,))
