"""PyTorch's side of the bn_cnn and prelu_cnn comparisons; needs PyTorch, and nothing of this kit but `reference`."""

from __future__ import annotations

import platform
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

import numpy as np
import torch
from torch import nn

from tests.oracles import reference

BATCH_SIZE = 8
MakeModel = Callable[[], nn.Module]


def oracle_name() -> str:
    """For the golden files, e.g. "PyTorch 2.13.0+cpu"."""
    return f"PyTorch {torch.__version__}"


def variable_name(key: str) -> str:
    """state_dict key -> name of the TF variable."""
    return key.replace(".", "/")


def to_tf(tensor: torch.Tensor) -> np.ndarray:
    """OIHW -> HWIO, [out, in] -> [in, out], else as it is."""
    array = tensor.detach().cpu().numpy()
    if array.ndim == 4:
        return array.transpose(2, 3, 1, 0)
    return array.T if array.ndim == 2 else array


def from_tf(array: np.ndarray) -> torch.Tensor:
    """The inverse of `to_tf`."""
    if array.ndim == 4:
        array = array.transpose(3, 2, 0, 1)
    elif array.ndim == 2:
        array = array.T
    return torch.from_numpy(np.ascontiguousarray(array))


def load_reference_weights(model: nn.Module, dtype: str) -> None:
    """Gives every parameter and running statistic its value from `reference.weights`."""
    state = model.state_dict()
    for key, tensor in state.items():
        if not key.endswith("num_batches_tracked"):
            state[key] = from_tf(reference.weights(variable_name(key), to_tf(tensor).shape, dtype))
    model.load_state_dict(state)


def _inputs(dtype: str, first: int, n: int) -> Tuple[torch.Tensor, torch.Tensor]:
    images, labels = reference.fixed_batch(n, first)
    # ToTensor: uint8 -> float / 255, NCHW
    x = torch.from_numpy(images.astype(dtype) / np.asarray(255, dtype)).permute(0, 3, 1, 2).contiguous()
    return x, torch.from_numpy(labels)


def margin(make_model: MakeModel, first: int, n: int = BATCH_SIZE) -> float:
    """How far the batch stays from every kink, in units of each layer's root mean square: float64, training mode.

    A kink is a zero input of an activation, or a pooling window whose two largest values are equal (equal zeros behind
    a ReLU pass no gradient and do not count). Within rounding of one, float32 gradients jump.
    """
    model = make_model().double()
    load_reference_weights(model, "float64")
    model.train()
    found: List[float] = []

    def near_zero(module: nn.Module, inputs: Any, output: torch.Tensor) -> None:
        found.append((output.abs().min() / output.square().mean().sqrt()).item())

    def near_tie(module: nn.Module, inputs: Any, output: torch.Tensor) -> None:
        images, c, h, w = inputs[0].shape
        windows = inputs[0].reshape(images, c, h // 2, 2, w // 2, 2).permute(0, 1, 2, 4, 3, 5).reshape(-1, 4)
        top = windows.topk(2, dim=1).values
        gaps = (top[:, 0] - top[:, 1])[top[:, 0] > top[:, 1]]
        found.append((gaps.min() / inputs[0].square().mean().sqrt()).item())

    modules = list(model.modules())
    last_linear = [module for module in modules if isinstance(module, nn.Linear)][-1]
    for before, module in zip([nn.Identity(), *modules], modules):
        if isinstance(module, nn.MaxPool2d):
            module.register_forward_hook(near_tie)
        elif isinstance(module, (nn.ReLU, nn.PReLU)):
            before.register_forward_hook(near_zero)
        elif isinstance(module, nn.Linear) and module is not last_linear:
            module.register_forward_hook(near_zero)
    with torch.no_grad():
        model(_inputs("float64", first, n)[0])
    return min(found)


def best_first(make_model: MakeModel, n: int = BATCH_SIZE, candidates: int = 64) -> int:
    """The start of the batch with the largest margin."""
    torch.set_num_threads(1)
    return max(range(candidates), key=lambda first: margin(make_model, first, n))


def exact_zeros(
    make_model: MakeModel, first: int, n: int, biases: Mapping[str, Sequence[str]]
) -> Dict[str, np.ndarray]:
    """Which elements of the biases before batch norm have the exact gradient 0, found in float64.

    Batch norm takes a channel's mean away. With nothing in between the whole bias is without effect; behind a PReLU it
    is so for a channel whose inputs all have one sign in this batch. What any program computes there is rounding, which
    Adam and Adagrad blow up, so these elements are set to 0 on both sides before they are compared.

    Args:
        make_model: The report's module.
        first: Start of the batch.
        n: Images in it.
        biases: Bias -> all variables whose same elements follow that rounding (itself, the running mean).

    Returns:
        "zero/<variable>" -> bool mask.
    """
    model = make_model().double()
    load_reference_weights(model, "float64")
    model.train()
    for module in model.modules():
        if isinstance(module, nn.RReLU):
            module.eval()
    x, y = _inputs("float64", first, n)
    nn.CrossEntropyLoss()(model(x), y).backward()
    gradients = {variable_name(key): to_tf(parameter.grad) for key, parameter in model.named_parameters()}
    return {
        f"zero/{name}": np.abs(gradients[bias]) < 1e-13 * np.linalg.norm(gradients[bias.replace("bias", "weight")])
        for bias, names in biases.items()
        for name in names
    }


def run_case(
    make_model: MakeModel,
    make_optimizer: Callable[[Any], torch.optim.Optimizer],
    dtype: str,
    first: int,
    biases: Mapping[str, Sequence[str]],
    n: int = BATCH_SIZE,
) -> Dict[str, np.ndarray]:
    """Forward, gradients and ten steps of one model on `reference.fixed_batch`.

    RReLU draws no slopes: its modules stay in evaluation mode, where the slope is 11/48.

    Args:
        make_model: Makes the report's module, any weights.
        make_optimizer: parameters -> optimizer.
        dtype: "float64" or "float32".
        first: Start of the batch.
        biases: See `exact_zeros`.
        n: Images in the batch.

    Returns:
        `reference.record`, with `eval_logits` (evaluation mode, after the last step), `first` and the masks beside it.
    """
    torch.set_num_threads(1)
    zeros = exact_zeros(make_model, first, n, biases)
    model = make_model().to(getattr(torch, dtype))
    load_reference_weights(model, dtype)
    x, y = _inputs(dtype, first, n)
    loss_function = nn.CrossEntropyLoss()
    optimizer = make_optimizer(model.parameters())

    def train_mode() -> None:
        model.train()
        for module in model.modules():
            if isinstance(module, nn.RReLU):
                module.eval()

    losses, first_logits, gradients = [], None, {}
    train_mode()
    for step in range(reference.N_STEPS):
        optimizer.zero_grad()
        logits = model(x)
        loss = loss_function(logits, y)
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            first_logits = logits.detach().numpy().copy()
            gradients = {variable_name(k): to_tf(p.grad).copy() for k, p in model.named_parameters()}
        optimizer.step()
    variables = {
        variable_name(key): to_tf(tensor).copy()
        for key, tensor in model.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    with torch.no_grad():
        model.eval()
        eval_logits = model(x).numpy()
        train_mode()  # the loss after the last step; it moves the running statistics, which are copied already
        losses.append(loss_function(model(x), y).item())
    for values in (gradients, variables):
        reference.clear(values, zeros)
    extra = {"eval_logits": eval_logits, "first": np.asarray(first), **zeros}
    return reference.record(first_logits, losses, gradients, variables, extra)


def describe() -> str:
    """A line for the log of the scripts."""
    return f"{oracle_name()}, NumPy {np.__version__}, Python {platform.python_version()}"
