"""modsweep's standard training in PyTorch: one network in a plain loop, and P networks as batched tensors.

The same computation in several forms, so that a comparison meets the fastest of them:
loop        nn.Linear layers, autograd, torch.optim.Adam: what most people write
ensemble    weights [P, I, O], baddbmm over the networks, with
  adam        autograd, torch.optim.Adam over the stacked parameters
  flat        autograd, Adam by hand, in place, over one flat vector of all parameters
  manual      gradients by hand as well, without autograd

The l2 term is given to Adam as weight decay of the weights (2 l2 W is its gradient), which saves its part of the graph.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

SLOPE = 0.1  # of the leaky ReLU
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Setting(NamedTuple):
    """What is added to the mean squared error, and the multiplicative noise g = a + noise * eps * |a|."""

    l2: float = 1e-4
    weighted_activity: float = 0.0
    noise: float = 0.0


SETTINGS = {
    "l2": Setting(),
    "wa2": Setting(weighted_activity=1e-3),
    "noise2": Setting(noise=0.1),
}


def regression_data(inputs, count=1000, seed=145):
    """Training data of the task `modular_regression`, as (x, y) in float64."""
    generator = np.random.RandomState(seed)
    amplitudes = 0.7 + 0.3 * generator.rand(inputs)
    frequencies = 0.4 + 1.4 * generator.rand(inputs)
    phases = 2 * np.pi * generator.rand(inputs)
    x = (generator.rand(count, inputs) - 0.5) * 4
    return x, amplitudes * np.sin(frequencies * x + phases)


def initial_parameters(sizes, networks, dtype, device, seed=0):
    """[(W [P, O, I], b [P, O])] per layer, uniform in +-1/sqrt(I)."""
    generator = torch.Generator().manual_seed(seed)
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        bound = 1 / math.sqrt(inputs)
        draw = lambda *shape: (torch.rand(*shape, generator=generator, dtype=dtype) * 2 - 1) * bound
        layers.append((draw(networks, outputs, inputs).to(device), draw(networks, outputs).to(device)))
    return layers


def make_adam(groups, kind, learning_rate):
    """torch.optim.Adam of the given kind ("plain", "foreach", "fused"); raises where this PyTorch has it not."""
    options = {"foreach": {"foreach": True}, "fused": {"fused": True}, "plain": {}}[kind]
    return torch.optim.Adam(groups, lr=learning_rate, betas=(BETA1, BETA2), eps=EPSILON, **options)


class LoopTraining:
    """One network, idiomatic PyTorch."""

    networks = 1

    def __init__(self, sizes, setting, layers, kind="plain", learning_rate=1e-3, fixed_noise=None):
        self.setting, self.fixed_noise = setting, fixed_noise
        self.layers = nn.ModuleList()
        for weight, bias in layers:
            linear = nn.Linear(weight.shape[-1], weight.shape[-2])
            linear.weight = nn.Parameter(weight[0].clone())
            linear.bias = nn.Parameter(bias[0].clone())
            self.layers.append(linear)
        groups = [
            {"params": [layer.weight for layer in self.layers], "weight_decay": 2 * setting.l2},
            {"params": [layer.bias for layer in self.layers], "weight_decay": 0.0},
        ]
        self.optimizer = make_adam(groups, kind, learning_rate)

    def loss(self, x, y):
        """Mean squared error plus weighted activity; without the l2 term, which the optimizer applies."""
        g, penalty = x, 0.0
        for index, layer in enumerate(self.layers[:-1]):
            a = nn.functional.leaky_relu(layer(g), SLOPE)
            if self.setting.weighted_activity:
                outgoing = self.layers[index + 1].weight.square().sum(0)
                penalty = penalty + a.square().mean(0) @ outgoing
            g = a
            if self.setting.noise:
                eps = torch.randn_like(a) if self.fixed_noise is None else self.fixed_noise[index][0]
                g = a + self.setting.noise * eps * a.abs()
        loss = nn.functional.mse_loss(self.layers[-1](g), y)
        return loss + self.setting.weighted_activity * penalty if self.setting.weighted_activity else loss

    def step(self, x, y):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(x, y)
        loss.backward()
        self.optimizer.step()
        return loss

    def parameters(self):
        """[(W [1, O, I], b [1, O])] per layer."""
        return [(layer.weight.detach()[None], layer.bias.detach()[None]) for layer in self.layers]

    @staticmethod
    def batch(x):
        return x


class EnsembleTraining:
    """P networks; all tensors have them as the leading axis. x is [P, B, I]."""

    def __init__(self, sizes, setting, layers, kind="flat", learning_rate=1e-3, fixed_noise=None):
        self.setting, self.kind, self.learning_rate, self.fixed_noise = setting, kind, learning_rate, fixed_noise
        self.networks = layers[0][0].shape[0]
        pieces = [w.transpose(1, 2) for w, _ in layers] + [b[:, None] for _, b in layers]
        # All W first, then all b, each [P, ...] contiguous: weight decay is one operation on the front of the vector.
        self.flat = torch.cat([piece.reshape(-1) for piece in pieces])
        self.gradient = torch.zeros_like(self.flat)
        self.decayed = sum(w.numel() for w, _ in layers)
        count = len(layers)
        views, gradients, start = [], [], 0
        for piece in pieces:
            stop = start + piece.numel()
            views.append(self.flat[start:stop].view(piece.shape))
            gradients.append(self.gradient[start:stop].view(piece.shape))
            start = stop
        self.weights, self.biases = views[:count], views[count:]
        self.weight_gradients, self.bias_gradients = gradients[:count], gradients[count:]
        if kind in ("flat", "manual"):
            self.first = torch.zeros_like(self.flat)
            self.second = torch.zeros_like(self.flat)
            self.scratch = torch.empty_like(self.flat)
            self.steps = 0
        if kind != "manual":
            for view, gradient in zip(views, gradients):
                view.requires_grad_()
                if kind == "flat":
                    view.grad = gradient
        if kind in ("plain", "foreach", "fused"):
            groups = [{"params": self.weights, "weight_decay": 2 * setting.l2},
                      {"params": self.biases, "weight_decay": 0.0}]
            self.optimizer = make_adam(groups, kind, learning_rate)

    def draw(self, index, a):
        return torch.empty_like(a).normal_() if self.fixed_noise is None else self.fixed_noise[index]

    def loss(self, x, y):
        """Losses of the networks, [P], as LoopTraining's."""
        g, penalty = x, None
        for index, (weight, bias) in enumerate(zip(self.weights[:-1], self.biases)):
            a = nn.functional.leaky_relu(torch.baddbmm(bias, g, weight), SLOPE)
            if self.setting.weighted_activity:
                outgoing = self.weights[index + 1].square().sum(2)
                term = (a.square().mean(1) * outgoing).sum(1)
                penalty = term if penalty is None else penalty + term
            g = a
            if self.setting.noise:
                g = torch.addcmul(a, self.draw(index, a), a.abs(), value=self.setting.noise)
        loss = (torch.baddbmm(self.biases[-1], g, self.weights[-1]) - y).square().mean((1, 2))
        return loss if penalty is None else loss + self.setting.weighted_activity * penalty

    def step(self, x, y):
        if self.kind == "manual":
            loss = self.gradients_by_hand(x, y)
            self.flat_adam()
            return loss
        if self.kind == "flat":
            self.gradient.zero_()
        else:
            self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(x, y)
        loss.sum().backward()
        if self.kind == "flat":
            with torch.no_grad():
                self.flat_adam()
        else:
            self.optimizer.step()
        return loss

    def gradients_by_hand(self, x, y):
        """Fills self.gradient; the same losses as `loss`."""
        wa, sigma = self.setting.weighted_activity, self.setting.noise
        batch, outputs = y.shape[1], y.shape[2]
        clean, noisy, factors, squares, outgoing = [], [x], [], [], []
        for index, (weight, bias) in enumerate(zip(self.weights[:-1], self.biases)):
            a = nn.functional.leaky_relu_(torch.baddbmm(bias, noisy[-1], weight), SLOPE)
            clean.append(a)
            if wa:
                squares.append(a.square().mean(1))
                outgoing.append(self.weights[index + 1].square().sum(2))
            if sigma:
                # g = a + sigma eps |a| = a (1 + sigma eps sign(a)), and the bracket is also dg/da.
                factor = torch.sign(a).mul_(self.draw(index, a)).mul_(sigma).add_(1)
                factors.append(factor)
                a = a * factor
            noisy.append(a)
        delta = torch.baddbmm(self.biases[-1], noisy[-1], self.weights[-1]).sub_(y)
        loss = delta.square().mean((1, 2))
        delta.mul_(2 / (batch * outputs))
        for index in reversed(range(len(self.weights))):
            torch.bmm(noisy[index].transpose(1, 2), delta, out=self.weight_gradients[index])
            torch.sum(delta, 1, keepdim=True, out=self.bias_gradients[index])
            if index == 0:
                break
            weight, a = self.weights[index], clean[index - 1]
            delta = torch.bmm(delta, weight.transpose(1, 2))
            if sigma:
                delta.mul_(factors[index - 1])
            if wa:
                loss = loss + wa * (squares[index - 1] * outgoing[index - 1]).sum(1)
                delta.addcmul_(a, outgoing[index - 1][:, None], value=2 * wa / batch)
                self.weight_gradients[index].addcmul_(weight, squares[index - 1][:, :, None], value=2 * wa)
            delta = torch.ops.aten.leaky_relu_backward(delta, a, SLOPE, True)
        return loss

    def flat_adam(self):
        """PyTorch's Adam with both bias corrections moved into the step size and epsilon."""
        self.steps += 1
        correction = math.sqrt(1 - BETA2**self.steps)
        rate = self.learning_rate * correction / (1 - BETA1**self.steps)
        if self.setting.l2:
            self.gradient[: self.decayed].add_(self.flat[: self.decayed], alpha=2 * self.setting.l2)
        self.first.lerp_(self.gradient, 1 - BETA1)
        self.second.mul_(BETA2).addcmul_(self.gradient, self.gradient, value=1 - BETA2)
        torch.sqrt(self.second, out=self.scratch).add_(EPSILON * correction)
        self.flat.addcdiv_(self.first, self.scratch, value=-rate)

    def parameters(self):
        """[(W [P, O, I], b [P, O])] per layer."""
        return [(w.detach().transpose(1, 2), b.detach()[:, 0]) for w, b in zip(self.weights, self.biases)]

    def batch(self, x):
        return x.expand(self.networks, *x.shape).contiguous()


FORMS = {"loop": LoopTraining, "ensemble": EnsembleTraining}
KINDS = {"loop": ("plain", "foreach", "fused"), "ensemble": ("plain", "foreach", "fused", "flat", "manual")}
