"""modsweep's standard training in JAX: the loss of one network under vmap and value_and_grad, Adam, and lax.scan over
many steps, all in one jitted call. The kind is JAX's random generator for the noise; without noise all kinds are equal.
"""

import functools

import jax
import jax.numpy as jnp

from standard import BETA1, BETA2, EPSILON, SLOPE

UNROLL = 5  # steps in a pass of the compiled loop
KINDS = ("threefry2x32", "rbg")


def loss_of_one(setting, parameters, noise, x, y):
    """Mean squared error plus weighted activity of one network, without the l2 term. parameters: [(W [I, O], b [O])],
    noise: per hidden layer [B, H], or None; x, y [B, I]."""
    g, penalty = x, 0.0
    for index, (weight, bias) in enumerate(parameters[:-1]):
        z = g @ weight + bias
        a = jnp.where(z > 0, z, SLOPE * z)  # the slope at 0 is SLOPE, as in PyTorch and modsweep; jax.nn.leaky_relu has 1
        if setting.weighted_activity:
            penalty += jnp.square(a).mean(0) @ jnp.square(parameters[index + 1][0]).sum(1)
        g = a
        if setting.noise:
            g = a + setting.noise * noise[index] * a * jnp.sign(a)  # |a| with slope 0 at 0
    weight, bias = parameters[-1]
    return jnp.square(g @ weight + bias - y).mean() + setting.weighted_activity * penalty


def adam(learning_rate, count, parameter, gradient, first, second):
    """(parameter, first, second) after step number `count`, from 1."""
    first = BETA1 * first + (1 - BETA1) * gradient
    second = BETA2 * second + (1 - BETA2) * gradient * gradient
    correction1, correction2 = 1 - BETA1**count, 1 - BETA2**count
    step = learning_rate / correction1 * first / (jnp.sqrt(second / correction2) + EPSILON)
    return parameter - step, first, second


class JaxTraining:
    """P networks. The state of the training is (parameters, first moments, second moments, steps taken, key)."""

    def __init__(self, sizes, setting, layers, kind="threefry2x32", learning_rate=1e-3, fixed_noise=None):
        """layers: [(W [P, O, I], b [P, O])]; fixed_noise: per hidden layer [P, B, H], instead of drawn noise."""
        self.setting, self.learning_rate = setting, learning_rate
        self.fixed_noise = fixed_noise and [jnp.asarray(eps) for eps in fixed_noise]
        self.networks = len(layers[0][0])
        self.hidden = sizes[1:-1]
        parameters = [(jnp.array(w).swapaxes(1, 2), jnp.array(b)) for w, b in layers]  # copies: the training donates them
        zeros = lambda: jax.tree_util.tree_map(jnp.zeros_like, parameters)
        self.dtype = parameters[0][0].dtype
        self.state = (parameters, zeros(), zeros(), jnp.zeros((), self.dtype), jax.random.key(0, impl=kind))
        # The old state is donated, so that its memory can hold the new one.
        self.advance = jax.jit(self.scan, static_argnums=3, donate_argnums=0)

    def draw(self, key, batch):
        """Noise of all networks at once, [P, B, H] per hidden layer: inside vmap each network would need its own
        key."""
        if self.fixed_noise is not None or not self.setting.noise:
            return self.fixed_noise
        return [jax.random.normal(layer_key, (self.networks, batch, width), self.dtype)
                for layer_key, width in zip(jax.random.split(key, len(self.hidden)), self.hidden)]

    def one_step(self, x, y, state, _):
        """State after one step, and its losses [P]: the body of lax.scan. x, y [batches, B, I]."""
        parameters, first, second, count, key = state
        key, noise_key = jax.random.split(key)
        batch = count.astype(int) % len(x)
        losses_and_gradients = jax.vmap(jax.value_and_grad(functools.partial(loss_of_one, self.setting)),
                                        in_axes=(0, 0, None, None))
        losses, gradients = losses_and_gradients(parameters, self.draw(noise_key, x.shape[1]), x[batch], y[batch])
        count = count + 1
        updated = []
        for (w, b), (by_w, by_b), (w1, b1), (w2, b2) in zip(parameters, gradients, first, second):
            updated.append((adam(self.learning_rate, count, w, by_w + 2 * self.setting.l2 * w, w1, w2),
                            adam(self.learning_rate, count, b, by_b, b1, b2)))
        parameters, first, second = ([(w[i], b[i]) for w, b in updated] for i in range(3))
        return (parameters, first, second, count, key), losses

    def scan(self, state, x, y, steps):
        """State after `steps` steps, and the losses [P] of the last of them."""
        state, losses = jax.lax.scan(functools.partial(self.one_step, x, y), state, None, length=steps, unroll=UNROLL)
        return state, losses[-1]

    def steps(self, x, y, steps):
        """Runs `steps` steps over the batches x, y [batches, B, I] in turn; returns the losses [P] of the last step."""
        self.state, losses = self.advance(self.state, x, y, steps)
        return losses

    def parameters(self):
        """[(W [P, O, I], b [P, O])] per layer."""
        return [(w.swapaxes(1, 2), b) for w, b in self.state[0]]
