"""Makes optimizers.safetensors: what PyTorch's optimizers and schedulers do to a small network, in float64.

    python3 make.py            needs PyTorch 2

Tensors: x [7, 3], y [7, 2]; W0, b0, W1, b1 at the start; of case NAME, NAME.rates [40], the learning rate of
each step, and NAME.W0 ... NAME.b1 [recorded steps, ...], the parameters after the steps in `recorded`. The
metadata `cases` and `recorded` are JSON texts: the settings of each case by their keys in a sweep file, and
numbers of steps. The network is 3-5-2 with tanh; every step uses all samples; the loss is MSELoss.
"""

import json
import pathlib

import torch
from torch.optim import lr_scheduler

STEPS = 40
RECORDED = (1, 10, 11, 40)

ADAM = {"optimizer": "adam", "learning_rate": 0.02}
ADAMW = {"optimizer": "adamw", "learning_rate": 0.02, "weight_decay": 0.3}
SGD = {"optimizer": "sgd", "learning_rate": 0.1}
COSINE = {"schedule": "cosine"}
STEP = {"schedule": "step", "step_size": 7, "gamma": 0.5}
WARMUP = {"warmup_steps": 10, "warmup_start": 0.25}

CASES = {
    "adam": ADAM,
    "adam_decay": ADAM | {"weight_decay": 0.05},
    "adam_betas": ADAM | {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4},
    "adamw": ADAMW,
    "adamw_betas": ADAMW | {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4},
    "adamw_no_decay": ADAMW | {"weight_decay": 0.0},
    "sgd": SGD,
    "sgd_momentum": SGD | {"momentum": 0.9},
    "sgd_nesterov": SGD | {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
}
for name, optimizer in {"adam": ADAM, "adamw": ADAMW, "sgd": SGD | {"momentum": 0.5}}.items():
    CASES |= {
        f"{name}_cosine": optimizer | COSINE,
        f"{name}_cosine_minimum": optimizer | COSINE | {"schedule_minimum": 0.005},
        f"{name}_step": optimizer | STEP,
        f"{name}_warmup": optimizer | WARMUP,
        f"{name}_warmup_cosine": optimizer | COSINE | WARMUP | {"schedule_minimum": 0.001},
        f"{name}_warmup_step": optimizer | STEP | {"warmup_steps": 13},
    }


def optimizer_of(case, parameters):
    decay = case.get("weight_decay", 0.0)
    rate = case["learning_rate"]
    if case["optimizer"] == "sgd":
        return torch.optim.SGD(parameters, rate, momentum=case.get("momentum", 0.0),
                               nesterov=case.get("nesterov", False), weight_decay=decay)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[case["optimizer"]]
    betas = (case.get("beta1", 0.9), case.get("beta2", 0.999))
    return kind(parameters, rate, betas=betas, eps=case.get("epsilon", 1e-8), weight_decay=decay)


def scheduler_of(case, optimizer):
    warmup = case.get("warmup_steps", 0)
    after = {
        "constant": lambda: lr_scheduler.ConstantLR(optimizer, factor=1.0),
        "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimizer, STEPS - warmup,
                                                         case.get("schedule_minimum", 0.0)),
        "step": lambda: lr_scheduler.StepLR(optimizer, case["step_size"], case.get("gamma", 0.1)),
    }[case.get("schedule", "constant")]
    if not warmup:
        return after()
    first = lr_scheduler.LinearLR(optimizer, case.get("warmup_start", 1.0 / 3), 1.0, warmup)
    return lr_scheduler.SequentialLR(optimizer, [first, after()], [warmup])


def train(case, start, x, y):
    parameters = {name: value.clone().requires_grad_() for name, value in start.items()}
    optimizer = optimizer_of(case, parameters.values())
    scheduler = scheduler_of(case, optimizer)
    rates, after = [], {name: [] for name in start}
    for step in range(1, STEPS + 1):
        optimizer.zero_grad()
        hidden = torch.tanh(torch.nn.functional.linear(x, parameters["W0"], parameters["b0"]))
        output = torch.nn.functional.linear(hidden, parameters["W1"], parameters["b1"])
        torch.nn.functional.mse_loss(output, y).backward()
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
        if step in RECORDED:
            for name, value in parameters.items():
                after[name].append(value.detach().clone())
    return torch.tensor(rates), {name: torch.stack(values) for name, values in after.items()}


def write_safetensors(path, tensors, metadata):
    header, body = {"__metadata__": metadata}, b""
    for name, tensor in tensors.items():
        data = tensor.contiguous().numpy().tobytes()
        header[name] = {"dtype": "F64", "shape": list(tensor.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def main():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(1)
    x, y = 4 * torch.rand(7, 3) - 2, 2 * torch.rand(7, 2) - 1
    start = {"W0": (5, 3), "b0": (5,), "W1": (2, 5), "b1": (2,)}
    start = {name: (2 * torch.rand(shape) - 1) / shape[-1] ** 0.5 for name, shape in start.items()}
    tensors = {"x": x, "y": y} | start
    for name, case in CASES.items():
        rates, after = train(case, start, x, y)
        tensors[f"{name}.rates"] = rates
        tensors |= {f"{name}.{parameter}": values for parameter, values in after.items()}
    cases = {name: {f"training.{key}": value for key, value in case.items()} for name, case in CASES.items()}
    metadata = {"cases": json.dumps(cases), "recorded": json.dumps(RECORDED), "torch": torch.__version__}
    write_safetensors(pathlib.Path(__file__).with_name("optimizers.safetensors"), tensors, metadata)


if __name__ == "__main__":
    main()
