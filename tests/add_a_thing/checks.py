"""What each added thing must do, seen from outside: through the program's commands, from a sweep file to exported tables.
Values are compared with naive formulas over the exported weights; gradients with differences of the exported losses along a
step of gradient descent."""

import csv
import io
import json
import math
import random
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

INPUTS = 3
SAMPLES = 24
HIDDEN = [5, 4]
SEEDS = 3
TASK_SEED = 145
LEAKY_SLOPE = 0.1

SWEEP = """
[task]
kind = "modular_regression"
inputs = {inputs}
train_samples = {samples}
test_samples = 4
[network]
hidden = {hidden}
[training]
optimizer = "sgd"
batch_size = {samples}
precision = "fp64"
steps = 1
[measure]
initial = true
[axes]
"training.seed" = {{ range = [0, {seeds}] }}
""".format(inputs=INPUTS, samples=SAMPLES, hidden=HIDDEN, seeds=SEEDS)


def require(condition, text):
    if not condition:
        raise ValueError(text)


def require_close(value, expected, tolerance, text):
    require(abs(value - expected) <= tolerance * max(1e-300, abs(expected)), f"{text}: {value!r}, expected {expected!r}")


@dataclass
class Program:
    path: Path
    folder: Path  # contains its files

    def __call__(self, *arguments):
        """The standard output of a command. Raises ValueError if it fails."""
        done = subprocess.run([self.path, *arguments], cwd=self.folder, capture_output=True, text=True, check=False)
        require(done.returncode == 0, f"modsweep {' '.join(map(str, arguments))}: exit code {done.returncode}: {done.stderr}")
        return done.stdout

    def run(self, name, settings):
        """Runs SWEEP with these settings (key=value) and returns the name of the store."""
        (self.folder / f"{name}.toml").write_text(SWEEP, encoding="utf-8")
        self("run", f"{name}.toml", "--quiet", *(word for setting in settings for word in ("--set", setting)))
        return f"{name}.db"

    def table(self, store, name):
        """The rows of an exported table, as dictionaries of texts."""
        return list(csv.DictReader(io.StringIO(self("export", store, "--table", name))))

    def weights(self, store, cell):
        """[(W, b)] of the weight layers: W as a list of rows, one for each unit of the layer."""
        self("weights", store, "--cell", cell, "-o", "weights.safetensors")
        file = self.folder / "weights.safetensors"
        content = file.read_bytes()
        file.unlink()
        size = struct.unpack("<Q", content[:8])[0]
        tensors = {}
        for name, info in json.loads(content[8 : 8 + size]).items():
            if name == "__metadata__":
                continue
            require(info["dtype"] == "F64", f"{name} is {info['dtype']}")
            begin, end = (8 + size + offset for offset in info["data_offsets"])
            tensors[name] = (info["shape"], struct.unpack(f"<{(end - begin) // 8}d", content[begin:end]))
        layers = []
        for layer in range(len(HIDDEN) + 1):
            (rows, columns), flat = tensors[f"W{layer}"]
            matrix = [list(flat[row * columns : (row + 1) * columns]) for row in range(rows)]
            layers.append((matrix, list(tensors[f"b{layer}"][1])))
        return layers


# ---- Naive references.


def numpy_uniform(seed):
    """numpy.random.seed(seed), then numpy.random.rand() on each call: Python's MT19937, seeded as NumPy does."""
    state = [seed]
    for i in range(1, 624):
        state.append((1812433253 * (state[-1] ^ (state[-1] >> 30)) + i) & 0xFFFFFFFF)
    generator = random.Random()
    generator.setstate((3, (*state, 624), None))
    return generator.random


def draw_task():
    """The functions A sin(w x + p) and the training inputs of modular_regression (science.md section 6.1)."""
    uniform = numpy_uniform(TASK_SEED)
    amplitudes = [0.7 + 0.3 * uniform() for _ in range(INPUTS)]
    frequencies = [0.4 + 1.4 * uniform() for _ in range(INPUTS)]
    phases = [2.0 * math.pi * uniform() for _ in range(INPUTS)]
    inputs = [[(uniform() - 0.5) * 4.0 for _ in range(INPUTS)] for _ in range(SAMPLES)]
    return list(zip(amplitudes, frequencies, phases)), inputs


def sines(i, x):
    """The targets of modular_regression."""
    amplitude, frequency, phase = draw_task()[0][i]
    return amplitude * math.sin(frequency * x + phase)


def forward(layers, x, activation):
    for number, (matrix, bias) in enumerate(layers):
        z = [sum(w * a for w, a in zip(row, x)) + b for row, b in zip(matrix, bias)]
        x = z if number + 1 == len(layers) else [activation(value) for value in z]
    return x


def naive_loss(layers, activation, target):
    """Mean squared error over training samples and outputs, for y_i = target(i, x_i)."""
    total = 0.0
    for x in draw_task()[1]:
        total += sum((out - target(i, x[i])) ** 2 for i, out in enumerate(forward(layers, x, activation)))
    return total / (SAMPLES * INPUTS)


def flat(layers):
    return [value for matrix, bias in layers for row in (*matrix, bias) for value in row]


# ---- Finite differences. A step of gradient descent with a small learning rate h moves the parameters by -h g. If g is
# the gradient of the loss, (loss before - loss after) / (h |g|^2) is 1 + O(h); two learning rates eliminate the O(h)
# term. The start is read from a run whose learning rate is too small to move anything.

RATES = (1e-300, 2e-5, 1e-5)


def check_gradient(program, name, settings, loss, start):
    """Trains one step with each of RATES. loss(row of history) is the minimized loss; start(layers, row) checks the
    initial state."""
    store = program.run(name, [f"training.learning_rate=[{', '.join(map(repr, RATES))}]", *settings])
    rows = {(float(row["training.learning_rate"]), row["training.seed"], row["step"]): row
            for row in program.table(store, "history")}
    worst = 0.0
    for seed in map(str, range(SEEDS)):
        first = rows[RATES[0], seed, "0"]
        layers = program.weights(store, first["cell"])
        start(layers, first)
        ratios = []
        for rate in RATES[1:]:
            before, after = rows[rate, seed, "0"], rows[rate, seed, "1"]
            moved = zip(flat(layers), flat(program.weights(store, after["cell"])))
            squared = sum((a - b) ** 2 for a, b in moved) / rate**2
            require(squared > 0.0, f"{name}: nothing moved")
            ratios.append((loss(before) - loss(after)) / (rate * squared))
        worst = max(worst, abs(2.0 * ratios[1] - ratios[0] - 1.0))
    require(worst < 1e-6, f"{name}: the step is not along the gradient: off by {worst:.2e}")
    return worst


def number(row, column):
    require(column in row, f"there is no column {column} among {', '.join(row)}")
    require(row[column] != "", f"{column} is empty")
    return float(row[column])


def leaky_relu(z):
    return z if z > 0 else LEAKY_SLOPE * z


# ---- The added things.


def check_activation(program):
    def softsign(z):
        return z / (1.0 + abs(z))

    def start(layers, row):
        require_close(number(row, "train_loss"), naive_loss(layers, softsign, sines), 1e-12, "train_loss")

    worst = check_gradient(program, "softsign", ["network.activation=softsign"], lambda row: number(row, "train_loss"), start)
    return f"losses as by hand, gradient to {worst:.0e}"


def check_penalty(program, name, coefficient, settings, value):
    """value(layers): the penalty without its coefficient, computed naively."""

    def start(layers, row):
        require_close(number(row, name), value(layers), 1e-12, f"column {name}")

    def loss(row):
        return number(row, "train_loss") + coefficient * number(row, name)

    worst = check_gradient(program, name, [f"regularizer.{name}={coefficient}", *settings], loss, start)
    return f"column {name} as by hand, gradient to {worst:.0e}"


def check_penalty_of_sums(program):
    def l22(layers):
        total = 0.0
        for (incoming, _), (outgoing, _) in zip(layers, layers[1:]):
            for unit, row in enumerate(incoming):
                total += sum(w * w for w in row) * sum(other[unit] ** 2 for other in outgoing)
        return total

    return check_penalty(program, "l22", 0.5, [], l22)


def check_penalty_by_length(program):
    base = 0.25

    def wiring(layers):
        return sum((base + abs((j + 0.5) / len(matrix) - (k + 0.5) / len(row))) * abs(w)
                   for matrix, _ in layers for j, row in enumerate(matrix) for k, w in enumerate(row))

    return check_penalty(program, "wiring", 0.5, [f"regularizer.wiring_base={base}"], wiring)


def check_task(program):
    def start(layers, row):
        loss = naive_loss(layers, leaky_relu, lambda i, x: math.tanh(float(row["task.steepness"]) * x))
        require_close(number(row, "train_loss"), loss, 1e-12, "train_loss of ramp")

    worst = 0.0
    for steepness in (2.0, 1.5):  # the default, and another value
        settings = ["task.kind=ramp", f"task.steepness=[{steepness}]"]
        worst = max(worst, check_gradient(program, f"ramp-{steepness}", settings, lambda row: number(row, "train_loss"),
                                          start))
    return f"losses as by hand, gradient to {worst:.0e}"


def check_command(program):
    store = program.run("ids", [])
    listed = program("ids", "ids.toml").split()
    cells = [row["cell"] for row in program.table(store, "results")]
    require(len(listed) == SEEDS and sorted(listed) == sorted(cells), f"ids says {listed}, the store has {cells}")
    require("ids" in program("--help"), "modsweep --help does not list ids")
    return f"lists the {SEEDS} ids of the store"


def check_plot(program):
    store = program.run("seconds", [])
    program("plot", store, "seconds", "--script", "seconds.gp")
    drawn = (program.folder / "seconds.gp").read_text(encoding="utf-8")
    require(drawn.count("set label 3 'seconds'") == 1, "the axis is not that of seconds")
    require(len(program.table(store, "results")) == SEEDS, "the store has other cells")
    require("seconds" in program("plot", "--help"), "modsweep plot --help does not list seconds")
    return "is drawn from the store"


def check_claim(program):
    sweep = Path(__file__).resolve().parents[2] / "sweeps" / "quickstart.toml"
    program("run", sweep, "-o", "quickstart.db", "--quiet", "--set", "training.steps=20")
    report = json.loads(program("reproduce", "quickstart.db", "--format", "json"))
    claims = [claim for claim in report["claims"] if claim["figure"] == "quickstart"]
    require(len(claims) == 1, f"reproduce has {len(claims)} claims of quickstart")
    require(claims[0]["verdict"] in ("holds", "does not hold"), f"the verdict is {claims[0]['verdict']}")
    return f"is judged: {claims[0]['verdict']}"


STILL = f"training.learning_rate={RATES[0]!r}"  # the weights keep their initial values


def check_measurement(program):
    store = program.run("weight_peak", [STILL, "measure.weight_peak=true"])
    for row in program.table(store, "results") + program.table(store, "history"):
        peak = max(abs(w) for matrix, _ in program.weights(store, row["cell"]) for line in matrix for w in line)
        require_close(number(row, "weight_peak"), peak, 0.0, "weight_peak")
    return "a column of results and history, as by hand"


def check_layer_measurement(program):
    store = program.run("layer_peak", [STILL, "measure.layer_peak=true"])
    for row in program.table(store, "results") + program.table(store, "history"):
        for layer, (matrix, _) in enumerate(program.weights(store, row["cell"]), start=1):
            peak = max(abs(w) for line in matrix for w in line)
            require_close(number(row, f"layer_peak_layer{layer}"), peak, 0.0, f"layer_peak of layer {layer}")
    return "a column for each layer, as by hand"


def check_table_measurement(program):
    store = program.run("unit_norms", [STILL, "measure.unit_norms=true"])
    rows = program.table(store, "unit_norms")
    norms = {(row["cell"], row["step"], row["layer"], row["unit"]): number(row, "norm") for row in rows}
    expected = 0
    for cell in {row["cell"] for row in program.table(store, "results")}:
        for layer, (matrix, _) in enumerate(program.weights(store, cell), start=1):
            for unit, line in enumerate(matrix, start=1):
                for step in ("0", "1"):
                    key = (cell, step, str(layer), str(unit))
                    require(key in norms, f"unit_norms has no row {key}")
                    require_close(norms[key], math.sqrt(sum(w * w for w in line)), 1e-14, f"norm of {key}")
                    expected += 1
    require(len(rows) == expected, f"unit_norms has {len(rows)} rows instead of {expected}")
    return f"a table of {expected} rows, as by hand"


CHECKS = {
    "activation": check_activation,
    "penalty_of_sums": check_penalty_of_sums,
    "penalty_by_length": check_penalty_by_length,
    "task": check_task,
    "measurement": check_measurement,
    "layer_measurement": check_layer_measurement,
    "table_measurement": check_table_measurement,
    "command": check_command,
    "plot": check_plot,
    "claim": check_claim,
}
