"""How a PyTorch training's steps are run: call by call, as a CUDA graph, through torch.compile, or both.

eager          as Python says
graph          a whole step captured once as a CUDA graph (torch.cuda.CUDAGraph), replayed on static input buffers
compile        by torch.compile
compile-graph  compiled first, then captured
"""

import torch


class CapturedTraining:
    """A training with one CUDA graph for a whole step. x and y are [B, I], copied into the graph's own buffers."""

    def __init__(self, training, x, y):
        self.training, self.networks = training, training.networks
        self.x, self.y = training.batch(x).clone(), training.batch(y).clone()
        # Capture wants everything that is made on first use (handles, workspaces, optimizer state, compiled kernels) to
        # be there, made on another stream than the default one.
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
    """The training that `make_training(capturable)` makes, with its steps run as named. x, y [B, I]: an example of a
    batch. Raises RuntimeError where this PyTorch or device cannot."""
    if "graph" in run and not x.is_cuda:
        raise RuntimeError("CUDA graphs need a CUDA device; choose one with --device cuda")
    if "compile" in run and not hasattr(torch, "compile"):
        raise RuntimeError(f"torch.compile came with PyTorch 2, this is {torch.__version__}")
    training = make_training("graph" in run)
    if "compile" in run:
        from torch import _dynamo

        _dynamo.reset()  # what was compiled for earlier trainings counts against the recompile limit
        training.compile()
    return CapturedTraining(training, x, y) if "graph" in run else training
