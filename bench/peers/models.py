"""modsweep's standard training in PyTorch: one network in a plain loop, and P networks as batched tensors.

The same computation in several forms, so that modsweep can be compared with the fastest one:
loop        one network: nn.Linear layers, autograd, torch.optim.Adam, as most people write it
ensemble    P networks: weights [P, I, O], torch.baddbmm over the networks
vmap        P networks: torch.func.vmap of the gradient of one network's loss

The optimizer kinds (KINDS lists those of each form):
plain foreach fused   autograd, torch.optim.Adam with default options, foreach=True or fused=True
flat                  autograd, handwritten Adam, in place, over one flat vector of all parameters
manual                handwritten gradients and handwritten Adam over the flat vector
manual-fused          handwritten gradients, torch.optim.Adam(fused=True) over the flat vector

Adam applies the l2 term as weight decay: it adds the term's gradient, 2 l2 W. The loss does not contain the term.

The methods of a training, whose steps execution.py runs:
step(x, y)     takes one step and returns the losses, which stay on the device
reset()        restores the initial parameters and the initial optimizer state, in place
compile(mode)  compiles the loss, the gradients or the whole step by torch.compile, in this mode of it
batch(x)       converts x [B, I] to the shape that step() requires
parameters()   returns [(W [P, O, I], b [P, O])], one pair per layer
"""

import torch
from torch import nn

from standard import BETA1, BETA2, EPSILON, SLOPE


def make_adam(groups, kind, learning_rate, capturable):
    """torch.optim.Adam of the given kind ("plain", "foreach", "fused"); raises if this PyTorch lacks the kind."""
    options = {"foreach": {"foreach": True}, "fused": {"fused": True}, "plain": {}}[kind]
    if capturable:  # keeps step counters on the device, as CUDA graphs require; slower without a graph
        options["capturable"] = True
    return torch.optim.Adam(groups, lr=learning_rate, betas=(BETA1, BETA2), eps=EPSILON, **options)


def restart_adam(optimizer):
    """Sets step counters and moments to 0, in place."""
    for state in optimizer.state.values():
        for value in state.values():
            value.zero_()


def compiled(function, mode):
    return torch.compile(function, dynamic=False, mode=mode)


class LoopTraining:
    """One network, idiomatic PyTorch."""

    networks = 1

    def __init__(self, sizes, setting, layers, kind="plain", learning_rate=1e-3, fixed_noise=None, capturable=False):
        self.setting, self.fixed_noise = setting, fixed_noise
        self.layers = nn.ModuleList()
        for weight, bias in layers:
            linear = nn.Linear(weight.shape[-1], weight.shape[-2])
            linear.weight = nn.Parameter(weight[0].clone())
            linear.bias = nn.Parameter(bias[0].clone())
            self.layers.append(linear)
        self.initial = [value.detach().clone() for value in self.layers.parameters()]
        groups = [
            {"params": [layer.weight for layer in self.layers], "weight_decay": 2 * setting.l2},
            {"params": [layer.bias for layer in self.layers], "weight_decay": 0.0},
        ]
        self.optimizer = make_adam(groups, kind, learning_rate, capturable)

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

    def compile(self, mode=None):
        self.loss = compiled(self.loss, mode)

    def reset(self):
        with torch.no_grad():
            for value, initial in zip(self.layers.parameters(), self.initial):
                value.copy_(initial)
        restart_adam(self.optimizer)

    def parameters(self):
        return [(layer.weight.detach()[None], layer.bias.detach()[None]) for layer in self.layers]

    @staticmethod
    def batch(x):
        return x


class EnsembleTraining:
    """P networks. The leading axis of all tensors, also of x [P, B, I], is the network."""

    def __init__(self, sizes, setting, layers, kind="flat", learning_rate=1e-3, fixed_noise=None, capturable=False):
        self.setting, self.kind, self.learning_rate, self.fixed_noise = setting, kind, learning_rate, fixed_noise
        self.networks = layers[0][0].shape[0]
        self.lay_out(layers)
        if self.by_autograd():
            for view, gradient in zip(self.weights + self.biases, self.weight_gradients + self.bias_gradients):
                view.requires_grad_()
                if kind == "flat":
                    view.grad = gradient
        if kind in ("flat", "manual"):
            self.first = torch.zeros_like(self.flat)
            self.second = torch.zeros_like(self.flat)
            self.scratch = torch.empty_like(self.flat)
            # BETA1^t and BETA2^t, on the device: a captured or compiled step must not contain t as a constant.
            self.powers = torch.ones(2, dtype=torch.float64, device=self.flat.device)
            self.betas = torch.tensor([BETA1, BETA2], dtype=torch.float64, device=self.flat.device)
        else:
            weights, biases = self.weights, self.biases
            if kind.startswith("manual-"):
                weights, biases = [self.flat[: self.decayed]], [self.flat[self.decayed :]]
                weights[0].grad, biases[0].grad = self.gradient[: self.decayed], self.gradient[self.decayed :]
            groups = [{"params": weights, "weight_decay": 2 * setting.l2}, {"params": biases, "weight_decay": 0.0}]
            self.optimizer = make_adam(groups, kind.removeprefix("manual-"), learning_rate, capturable)

    def by_autograd(self):
        return not self.kind.startswith("manual")

    def lay_out(self, layers):
        """Stores all parameters in one vector and their gradients in another: all W first, then all b, each contiguous
        as [P, ...]. So weight decay is one operation on the front of the vector."""
        pieces = [w.transpose(1, 2) for w, _ in layers] + [b[:, None] for _, b in layers]
        self.shapes = [piece.shape for piece in pieces]
        self.decayed = sum(w.numel() for w, _ in layers)
        self.flat = torch.cat([piece.reshape(-1) for piece in pieces])
        self.initial = self.flat.clone()
        self.gradient = torch.zeros_like(self.flat)
        self.weights, self.biases = self.views(self.flat)
        self.weight_gradients, self.bias_gradients = self.views(self.gradient)

    def views(self, flat):
        """Views of a flat vector: (weights, biases), lists with one view [P, I, O] or [P, 1, O] per layer."""
        views, start = [], 0
        for shape in self.shapes:
            stop = start + shape.numel()
            views.append(flat[start:stop].view(shape))
            start = stop
        count = len(views) // 2
        return views[:count], views[count:]

    def draw(self, index, a):
        return torch.randn_like(a) if self.fixed_noise is None else self.fixed_noise[index]

    def loss(self, x, y):
        """Losses of the networks, [P], as in LoopTraining."""
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
        if not self.by_autograd():
            loss, _ = self.gradients_by_hand(x, y, self.weights, self.biases, self.weight_gradients,
                                             self.bias_gradients)
            self.update()
            return loss
        if self.kind == "flat":
            self.gradient.zero_()
        else:
            self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(x, y)
        loss.sum().backward()
        self.update()
        return loss

    def update(self):
        if self.kind in ("flat", "manual"):
            with torch.no_grad():
                self.flat_adam(self.gradient)
        else:
            self.optimizer.step()

    def whole_step(self, x, y):
        """step() of kind `manual` for torch.compile. It creates its views itself, so that no inputs share memory."""
        weights, biases = self.views(self.flat)
        none = [None] * len(weights)
        loss, gradients = self.gradients_by_hand(x, y, weights, biases, none, none)
        self.flat_adam(torch.cat([gradient.reshape(-1) for gradient in gradients]))
        return loss

    def compile(self, mode=None):
        if self.kind == "manual":
            self.step = compiled(self.whole_step, mode)
        elif self.kind == "manual-fused":
            raise RuntimeError("kind manual-fused writes gradients into shared memory; compile kind manual")
        else:
            self.loss = compiled(self.loss, mode)
            if self.kind == "flat":
                self.flat_adam = compiled(self.flat_adam, mode)

    def gradients_by_hand(self, x, y, weights, biases, weight_gradients, bias_gradients):
        """Returns (losses as in `loss`, list of the gradients of all weights, then of all biases). Writes the gradients
        to the tensors in the last two arguments, or to new tensors where these lists contain None."""
        wa, sigma = self.setting.weighted_activity, self.setting.noise
        batch, outputs = y.shape[1], y.shape[2]
        clean, noisy, factors, squares, outgoing = [], [x], [], [], []
        for index, (weight, bias) in enumerate(zip(weights[:-1], biases)):
            a = nn.functional.leaky_relu_(torch.baddbmm(bias, noisy[-1], weight), SLOPE)
            clean.append(a)
            if wa:
                squares.append(a.square().mean(1))
                outgoing.append(weights[index + 1].square().sum(2))
            if sigma:
                # g = a + sigma eps |a| = a (1 + sigma eps sign(a)); the factor in parentheses is also dg/da.
                factor = torch.sign(a).mul_(self.draw(index, a)).mul_(sigma).add_(1)
                factors.append(factor)
                a = a * factor
            noisy.append(a)
        delta = torch.baddbmm(biases[-1], noisy[-1], weights[-1]).sub_(y)
        loss = delta.square().mean((1, 2))
        delta.mul_(2 / (batch * outputs))
        gradients = [None] * (2 * len(weights))
        for index in reversed(range(len(weights))):
            by_weight = torch.bmm(noisy[index].transpose(1, 2), delta, out=weight_gradients[index])
            by_bias = torch.sum(delta, 1, keepdim=True, out=bias_gradients[index])
            gradients[index], gradients[len(weights) + index] = by_weight, by_bias
            if index == 0:
                break
            weight, a = weights[index], clean[index - 1]
            delta = torch.bmm(delta, weight.transpose(1, 2))
            if sigma:
                delta.mul_(factors[index - 1])
            if wa:
                loss = loss + wa * (squares[index - 1] * outgoing[index - 1]).sum(1)
                delta.addcmul_(a, outgoing[index - 1][:, None], value=2 * wa / batch)
                by_weight.addcmul_(weight, squares[index - 1][:, :, None], value=2 * wa)
            delta = torch.ops.aten.leaky_relu_backward(delta, a, SLOPE, True)
        return loss, gradients

    def flat_adam(self, gradient):
        """PyTorch's Adam. With the bias corrections c1 = 1 - BETA1^t and c2 = 1 - BETA2^t and the moments m and v, its
        update lr (m / c1) / (sqrt(v / c2) + eps) equals m / (sqrt(v) c1 / (lr sqrt(c2)) + eps c1 / lr)."""
        self.powers.mul_(self.betas)
        correction1, correction2 = (1 - self.powers).unbind()
        scale = (correction1 / (self.learning_rate * correction2.sqrt())).to(gradient.dtype)
        epsilon = (correction1 * (EPSILON / self.learning_rate)).to(gradient.dtype)
        if self.setting.l2:
            gradient[: self.decayed].add_(self.flat[: self.decayed], alpha=2 * self.setting.l2)
        self.first.lerp_(gradient, 1 - BETA1)
        self.second.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
        # mul_ and add_, not addcmul: PyTorch does not vectorize addcmul if a factor has one element, as `scale` has.
        torch.sqrt(self.second, out=self.scratch).mul_(scale).add_(epsilon)
        self.flat.addcdiv_(self.first, self.scratch, value=-1)

    def reset(self):
        with torch.no_grad():
            self.flat.copy_(self.initial)
        if self.kind in ("flat", "manual"):
            self.first.zero_()
            self.second.zero_()
            self.powers.fill_(1)
        else:
            restart_adam(self.optimizer)

    def parameters(self):
        return [(w.detach().transpose(1, 2), b.detach()[:, 0]) for w, b in zip(self.weights, self.biases)]

    def batch(self, x):
        return x.expand(self.networks, *x.shape).contiguous()


def functional_tools():
    """(vmap, grad_and_value) of torch.func, or of functorch, its name before PyTorch 2."""
    try:
        from torch.func import grad_and_value, vmap
    except ImportError:
        try:
            from functorch import grad_and_value, vmap
        except ImportError:
            raise RuntimeError("this PyTorch has neither torch.func nor functorch") from None
    return vmap, grad_and_value


class VmapTraining(EnsembleTraining):
    """P networks. vmap computes their gradients from the loss of one network. All networks use the same x [B, I]."""

    def __init__(self, sizes, setting, layers, kind="plain", learning_rate=1e-3, fixed_noise=None, capturable=False):
        super().__init__(sizes, setting, layers, kind, learning_rate, fixed_noise, capturable)
        vmap, grad_and_value = functional_tools()
        # Parameters and fixed noise have the networks as the leading axis, the batch does not.
        noise_axis = None if fixed_noise is None else 0
        self.gradients = vmap(grad_and_value(self.loss_of_one), in_dims=(0, noise_axis, None, None),
                              randomness="different")

    def by_autograd(self):
        return False

    def loss_of_one(self, parameters, fixed_noise, x, y):
        """The loss that LoopTraining.loss computes, for one network with weights [I, O] and biases [1, O]."""
        count = len(parameters) // 2
        weights, biases = parameters[:count], parameters[count:]
        g, penalty = x, 0.0
        for index, (weight, bias) in enumerate(zip(weights[:-1], biases)):
            a = nn.functional.leaky_relu(g @ weight + bias, SLOPE)
            if self.setting.weighted_activity:
                penalty = penalty + a.square().mean(0) @ weights[index + 1].square().sum(1)
            g = a
            if self.setting.noise:
                eps = torch.randn_like(a) if fixed_noise is None else fixed_noise[index]
                g = a + self.setting.noise * eps * a.abs()
        loss = (g @ weights[-1] + biases[-1] - y).square().mean()
        return loss + self.setting.weighted_activity * penalty if self.setting.weighted_activity else loss

    def step(self, x, y):
        parameters = self.weights + self.biases
        gradients, losses = self.gradients(parameters, self.fixed_noise, x, y)
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient
        self.optimizer.step()
        return losses

    def compile(self, mode=None):
        self.gradients = compiled(self.gradients, mode)

    @staticmethod
    def batch(x):
        return x


FORMS = {"loop": LoopTraining, "ensemble": EnsembleTraining, "vmap": VmapTraining}
KINDS = {"loop": ("plain", "foreach", "fused"),
         "ensemble": ("plain", "foreach", "fused", "flat", "manual", "manual-fused"),
         "vmap": ("plain", "foreach", "fused")}
