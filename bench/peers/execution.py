"""The ways to run the steps of a PyTorch training (the argument `run` of `prepare`):

eager          Python calls one PyTorch operation after the other
graph          a whole step is captured once as a CUDA graph (torch.cuda.CUDAGraph) and replayed on static input buffers
compile        torch.compile compiles the step or parts of it
compile-graph  the training is compiled as above, then a whole step is captured
"""

import torch


class CapturedTraining:
    """Runs each step of a training as one CUDA graph. step() copies x and y [B, I] into the graph's own buffers."""

    def __init__(self, training, x, y):
        self.training, self.networks = training, training.networks
        self.x, self.y = training.batch(x).clone(), training.batch(y).clone()
        # Before the capture, steps must have created everything that PyTorch creates on first use (handles, workspaces,
        # optimizer state, compiled kernels), on another stream than the default one.
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                training.step(self.x, self.y)
        torch.cuda.current_stream().wait_stream(side)
        training.reset()
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


def prepare(make_training, run, x, y):
    """Creates a training by `make_training(capturable)` and prepares its step() for `run`, one of the ways above. x, y
    [B, I] are an example batch. Raises RuntimeError if this PyTorch version or device does not support `run`."""
    if "graph" in run and not x.is_cuda:
        raise RuntimeError("CUDA graphs need a CUDA device; choose one with --device cuda")
    if "compile" in run and not hasattr(torch, "compile"):
        raise RuntimeError(f"torch.compile came with PyTorch 2, this is {torch.__version__}")
    training = make_training("graph" in run)
    if "compile" in run:
        from torch import _dynamo

        _dynamo.reset()  # earlier trainings' compilations count against the recompile limit
        training.compile()
    return CapturedTraining(training, x, y) if "graph" in run else training
