"""The ways to run the steps of a PyTorch training (the argument `run` of `prepare`):

eager          Python calls one PyTorch operation after the other
graph          a whole step is captured once as a CUDA graph (torch.cuda.CUDAGraph) and replayed on static input buffers
compile        torch.compile compiles the step or parts of it
compile-graph  the training is compiled as above, then a whole step is captured
epoch          the steps of a whole epoch are captured as one graph, on the batches themselves: no copies
autotune       torch.compile tries several kernels for each operation (mode max-autotune-no-cudagraphs)
autotune-epoch autotune, then the graph of an epoch
"""

import torch

AUTOTUNE = "max-autotune-no-cudagraphs"


def warm_up(training, x, y):
    """Before a capture, steps must have created everything that PyTorch creates on first use (handles, workspaces,
    optimizer state, compiled kernels), on another stream than the default one."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            training.step(x, y)
    torch.cuda.current_stream().wait_stream(side)
    training.reset()


class CapturedEpoch:
    """Runs the steps of an epoch, one for each of the batches [(x, y)], as one CUDA graph."""

    def __init__(self, training, batches):
        self.training, self.networks = training, training.networks
        self.batches = [(training.batch(x).clone(), training.batch(y).clone()) for x, y in batches]
        self.steps_at_once = len(self.batches)
        warm_up(training, *self.batches[0])
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            for x, y in self.batches:
                self.losses = training.step(x, y).detach()

    def step(self, _x, _y):
        """Takes all steps of the epoch; losses of its last one, valid until the next."""
        self.graph.replay()
        return self.losses

    def parameters(self):
        return self.training.parameters()

    @staticmethod
    def batch(x):
        return x


class CapturedTraining:
    """Runs each step of a training as one CUDA graph. step() copies x and y [B, I] into the graph's own buffers."""

    def __init__(self, training, x, y):
        self.training, self.networks = training, training.networks
        self.x, self.y = training.batch(x).clone(), training.batch(y).clone()
        warm_up(training, self.x, self.y)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.losses = training.step(self.x, self.y).detach()

    def step(self, x, y):
        """Losses, valid until the next step."""
        self.x.copy_(x)
        self.y.copy_(y)
        self.graph.replay()
        return self.losses

    def parameters(self):
        return self.training.parameters()

    @staticmethod
    def batch(x):
        return x


def prepare(make_training, run, batches):
    """Creates a training by `make_training(capturable)` and prepares its step() for `run`, one of the ways above. batches:
    [(x, y)] of an epoch, [B, I] each. Raises RuntimeError if this PyTorch version or device does not support `run`."""
    captured, tuned = "graph" in run or "epoch" in run, "autotune" in run
    if captured and not batches[0][0].is_cuda:
        raise RuntimeError("CUDA graphs need a CUDA device; choose one with --device cuda")
    if ("compile" in run or tuned) and not hasattr(torch, "compile"):
        raise RuntimeError(f"torch.compile came with PyTorch 2, this is {torch.__version__}")
    training = make_training(captured)
    if "compile" in run or tuned:
        from torch import _dynamo

        _dynamo.reset()  # earlier trainings' compilations count against the recompile limit
        training.compile(AUTOTUNE if tuned else None)
    if "epoch" in run:
        return CapturedEpoch(training, batches)
    return CapturedTraining(training, *batches[0]) if captured else training
