"""What the trainings of the compared libraries share: settings, constants, data, initial parameters. NumPy only."""

import math
from typing import NamedTuple

import numpy as np

SLOPE = 0.1  # of the leaky ReLU
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Setting(NamedTuple):
    """Coefficients of the terms added to the mean squared error, and the strength of the multiplicative noise, which
    turns an activation a into a + noise * eps * |a| with eps from the standard normal distribution."""

    l2: float = 1e-4
    weighted_activity: float = 0.0
    noise: float = 0.0


SETTINGS = {
    "l2": Setting(),
    "wa2": Setting(weighted_activity=1e-3),
    "noise2": Setting(noise=0.1),
}


def layer_sizes(inputs, width, depth):
    return [inputs] + [width] * depth + [inputs]


def regression_data(inputs, count=1000, seed=145):
    """Training data of the task `modular_regression`, as (x, y) in float64."""
    generator = np.random.RandomState(seed)
    amplitudes = 0.7 + 0.3 * generator.rand(inputs)
    frequencies = 0.4 + 1.4 * generator.rand(inputs)
    phases = 2 * np.pi * generator.rand(inputs)
    x = (generator.rand(count, inputs) - 0.5) * 4
    return x, amplitudes * np.sin(frequencies * x + phases)


def batches_of(values, batch):
    """values [N, ...] in their order as batches [N // batch, batch, ...]; an incomplete last batch is dropped."""
    count = len(values) // batch
    return values[: count * batch].reshape(count, batch, *values.shape[1:])


def initial_parameters(sizes, networks, seed=0):
    """[(W [P, O, I], b [P, O])] per layer in float64, uniform in +-1/sqrt(I)."""
    generator = np.random.RandomState(seed)
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        bound = 1 / math.sqrt(inputs)
        layers.append((generator.uniform(-bound, bound, (networks, outputs, inputs)),
                       generator.uniform(-bound, bound, (networks, outputs))))
    return layers
