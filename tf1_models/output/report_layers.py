"""A net as its report's program printed it: PyTorch's module, PyTorch's shapes, Keras' summary; pure functions of rows.

Every number is that of the graph which is trained: shapes of outputs and variables, counted parameters, the run's
`keep_prob`. Words are the frameworks'. Formats: PyTorch's `nn.Module.__repr__` of 1.5 (the report is of May 2020);
Keras 2's `print_summary` at its 65 columns, with the digits grouped as the report's version did.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence, Tuple


class LayerSeen(NamedTuple):
    """One row of a graph's layer table, without tensors.

    Attributes:
        name: Of the row: "layer.0 Conv2d", "conv2d_1".
        output: Output shape without the batch: (height, width, channels) or (units,).
        variables: Shapes of the layer's variables in the graph's order: kernel or weight first, as (height, width, in,
            out) or (in, out).
        n_trainable: Of their parameters, those that learn.
    """

    name: str
    output: Tuple[int, ...]
    variables: Tuple[Tuple[int, ...], ...]
    n_trainable: int

    @property
    def n_parameters(self) -> int:
        """All parameters of the layer."""
        total = 0
        for shape in self.variables:
            size = 1
            for length in shape:
                size *= length
            total += size
        return total


IMAGE = (32, 32, 3)

# ---- PyTorch ---------------------------------------------------------------------------------------------------------

BATCH_NORM_WORDS = "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True"
ACTIVATIONS = {
    "ReLU": "ReLU()",
    "LeakyReLU": "LeakyReLU(negative_slope=0.01)",
    "RReLU": "RReLU(lower=0.125, upper=0.3333333333333333)",
    "ELU": "ELU(alpha=1.0)",
}


def _torch_layer(layer: LayerSeen, kind: str, before: Tuple[int, ...], keep_prob: float) -> str:
    """One layer's `repr`.

    Args:
        layer: The row.
        kind: Its second word.
        before: The shape that the layer is given.
        keep_prob: Of the run; read where the mended dropouts act.
    """
    if kind == "Conv2d":  # padding keeps the size, stride 1
        height, width, n_in, n_out = layer.variables[0]
        padding = (height // 2, width // 2)
        strides = tuple(size // out for size, out in zip(before, layer.output[:2]))
        return f"Conv2d({n_in}, {n_out}, kernel_size={(height, width)}, stride={strides}, padding={padding})"
    if kind == "Linear":
        n_in, n_out = layer.variables[0]
        return f"Linear(in_features={n_in}, out_features={n_out}, bias={len(layer.variables) == 2})"
    if kind.startswith("BatchNorm"):
        return f"{kind}({layer.variables[0][0]}, {BATCH_NORM_WORDS})"
    if kind == "MaxPool2d":
        size = before[0] // layer.output[0]
        return f"MaxPool2d(kernel_size={size}, stride={size}, padding=0, dilation=1, ceil_mode=False)"
    if kind == "PReLU":
        return f"PReLU(num_parameters={layer.variables[0][0]})"
    if kind == "Dropout2d (p=0)":  # Q7: the report's Dropout2d(0,35)
        return "Dropout2d(p=0, inplace=35)"
    if kind == "Dropout2d":
        return f"Dropout2d(p={round(1.0 - keep_prob, 6)}, inplace=False)"
    return ACTIVATIONS[kind]


def prelu_cnn_module_lines(layers: Sequence[LayerSeen], keep_prob: float) -> List[str]:
    """What `model` shows in the report: the module of `nn.Sequential`s, without what is no module (the flattening).

    Args:
        layers: The graph's rows; "fc_layer.4 Linear" is number 4 of the Sequential `fc_layer`.
        keep_prob: Of the run; read where the mended dropouts act.

    Raises:
        KeyError: a layer that PyTorch's words are not known for.
    """
    lines, of = ["CNN("], ""
    before: Tuple[int, ...] = IMAGE
    for layer in layers:
        path, _, kind = layer.name.partition(" ")
        sequential, _, number = path.partition(".")
        if number:
            if sequential != of:
                if of:
                    lines.append("  )")
                lines.append(f"  ({sequential}): Sequential(")
                of = sequential
            lines.append(f"    ({number}): {_torch_layer(layer, kind, before, keep_prob)}")
        before = layer.output
    return [*lines, "  )", ")"]


def bn_cnn_shape_lines(layers: Sequence[LayerSeen], batch_size: int) -> List[str]:
    """`x.shape` behind each layer of the listing, as PyTorch prints it: NCHW, once for each `self.layer(x)`.

    A Sequential is one layer; an activation or dropout behind a linear layer leaves the shape as it is. Assumed: of the
    report's printout the text has the heading alone (2.4, a picture); known is that its shapes are NCHW.
    """
    last: Dict[str, Tuple[int, ...]] = {}
    for layer in layers:
        path, _, kind = layer.name.partition(" ")
        if "." in path or kind in ("", "Linear"):
            last[path.split(".")[0]] = layer.output
    return [f"torch.Size({[batch_size, *shape[-1:], *shape[:-1]]})" for shape in last.values()]


# ---- Keras -----------------------------------------------------------------------------------------------------------

LINE_COLUMNS, COLUMN_ENDS = 65, (29, 55, 65)
KERAS_CLASSES = {
    "conv2d": "Conv2D",
    "batch_normalization": "BatchNormalization",
    "max_pooling2d": "MaxPooling2D",
    "flatten": "Flatten",
    "dense": "Dense",
    "dropout": "Dropout",
}


def _keras_row(fields: Sequence[str]) -> List[str]:
    """One row, a field that is too long going on in the next line."""
    lines, left = [], list(fields)
    starts = (0, *COLUMN_ENDS)
    while any(left):
        line = ""
        for column, end in enumerate(COLUMN_ENDS):
            room = end - starts[column] - (3 if column < len(COLUMN_ENDS) - 1 else 0)
            part, left[column] = left[column][:room], left[column][room:]
            line = (line + (" " if column == 0 else "") + part).ljust(end)
        lines.append(line)
    return lines


def alexnet_bn_summary_lines(layers: Sequence[LayerSeen]) -> List[str]:
    """`model.summary()`.

    Raises:
        KeyError: a layer whose class is not known.
    """
    total = sum(layer.n_parameters for layer in layers)
    trainable = sum(layer.n_trainable for layer in layers)
    rule = "=" * LINE_COLUMNS
    lines = ['Model: "sequential"', "_" * LINE_COLUMNS, *_keras_row(["Layer (type)", "Output Shape", "Param #"]), rule]
    for layer in layers:
        base, _, number = layer.name.rpartition("_")
        kind = KERAS_CLASSES[base if number.isdigit() else layer.name]
        shape = f"({', '.join(['None', *map(str, layer.output)])})"
        lines += [*_keras_row([f"{layer.name} ({kind})", shape, str(layer.n_parameters)]), " " * LINE_COLUMNS]
    lines += [rule, f"Total params: {total:,}", f"Trainable params: {trainable:,}"]
    return [*lines, f"Non-trainable params: {total - trainable:,}", "_" * LINE_COLUMNS]
