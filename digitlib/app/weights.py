"""A saved Keras network's layers and weights for other programs, such as a page in a browser.

Needs no Keras. ``python -m digitlib.app.weights`` prints the shipped reader's as JSON.
"""

import base64
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from digitlib.errors import ModelError, display_name
from digitlib.files import PRETRAINED

FOLDED = ("BatchNormalization", "ReLU", "Activation")  # into the layer before
ACTIVATIONS = ("linear", "relu", "softmax")  # of network.js
SILENT = ("InputLayer", "Dropout")  # they do nothing to an image that is read


def exported(path: str | Path = PRETRAINED / "reader.keras") -> dict:
    """Return what ``digitlib/app/network.js`` computes with: layers, and weights in base64.

    Batch normalisation is folded into the convolution before it, and an activation with a layer of
    its own into the layer before that. The weights are float16, in the order of the layers, each
    layer's kernel before its bias; a kernel's values lie as Keras stores them.

    Parameters
    ----------
    path : str or Path
        A ``.keras`` file of a sequential network: convolutions, batch normalisation, pooling and
        dense layers.

    Raises
    ------
    ModelError
        If there is a layer of another kind, or one with settings that the page cannot compute.

    Examples
    --------
    >>> for layer in exported()["layers"]:
    ...     print(layer["name"])
    Conv2D, 32 filters 3 x 3
    Conv2D, 32 filters 5 x 5, stride 2
    Conv2D, 64 filters 3 x 3
    Conv2D, 64 filters 5 x 5, stride 2
    Conv2D, 128 filters 3 x 3
    GlobalAveragePooling2D
    Dense, 11 units
    """
    layers: list[dict] = []
    weights: list[np.ndarray] = []  # kernel, bias, kernel, bias ...
    for kind, config, arrays in _stored(Path(path)):
        if kind in FOLDED and not (layers and layers[-1].get("activation") == "linear"):
            raise _not_exported(path, f"{kind} that follows no layer without an activation")
        if kind == "BatchNormalization":
            if layers[-1]["kind"] != "convolution":
                raise _not_exported(path, f"{kind} that follows no convolution")
            weights[-2:] = _folded(weights[-2], weights[-1], arrays, config["epsilon"])
        elif kind in FOLDED:
            if config.get("max_value") or config.get("negative_slope") or config.get("threshold"):
                raise _not_exported(path, f"{kind} with a limit or a slope")
            layers[-1]["activation"] = _activation(config.get("activation", "relu"), path)
        elif kind not in SILENT:
            layers.append(_described(kind, config, path))
            if arrays:
                bias = arrays[1] if config["use_bias"] else np.zeros(arrays[0].shape[-1])
                weights += [arrays[0], bias]
                layers[-1]["weights"] = [arrays[0].size, bias.size]
    content = b"".join(array.astype("<f2").tobytes() for array in weights)
    return {"layers": layers, "weights": base64.b64encode(content).decode()}


def _stored(path: Path) -> Iterator[tuple[str, dict, list[np.ndarray]]]:
    """Yield each layer's class name, settings and arrays."""
    with zipfile.ZipFile(path) as archive:
        described = json.loads(archive.read("config.json"))["config"]["layers"]
        with archive.open("model.weights.h5") as file, h5py.File(file) as stored:
            for layer in described:
                config = layer["config"]
                group = stored.get(f"layers/{config['name']}/vars", {})
                arrays = [np.asarray(group[str(i)]) for i in range(len(group))]
                yield layer["class_name"], config, arrays


def _described(kind: str, config: dict, path: str | Path) -> dict:
    """Return a layer's name, and what network.js needs to know to compute it."""
    if kind == "Conv2D":
        (rows, columns), (stride, across) = config["kernel_size"], config["strides"]
        if stride != across or config.get("groups", 1) != 1 or set(config["dilation_rate"]) != {1}:
            raise _not_exported(path, f"{kind} with groups, holes or unequal strides")
        name = f"Conv2D, {config['filters']} filters {rows} x {columns}"
        return {
            "kind": "convolution",
            "name": name + (f", stride {stride}" if stride > 1 else ""),
            "size": [rows, columns],
            "stride": stride,
            "activation": _activation(config["activation"], path),
            **{key: config[key] for key in ("filters", "padding")},
        }
    if kind == "MaxPooling2D":
        rows, columns = config["pool_size"]
        if config["padding"] != "valid" or set(config["strides"]) != {rows}:
            raise _not_exported(path, f"{kind} whose windows overlap or leave the map")
        name = f"MaxPooling2D, {rows} x {columns}"
        return {"kind": "maxPooling", "name": name, "size": [rows, columns], "stride": rows}
    if kind == "GlobalAveragePooling2D":
        return {"kind": "mean", "name": kind}
    if kind == "Flatten":
        return {"kind": "flatten", "name": kind}
    if kind == "Dense":
        units = config["units"]
        name = f"Dense, {units} units"
        activation = _activation(config["activation"], path)
        return {"kind": "dense", "name": name, "units": units, "activation": activation}
    raise _not_exported(path, kind)


def _activation(name: object, path: str | Path) -> str:
    if name not in ACTIVATIONS:
        raise _not_exported(path, f"with the activation {name}")
    return str(name)


def _not_exported(path: str | Path, what: str) -> ModelError:
    return ModelError(f"{display_name(Path(path))} has a layer {what}, which cannot be exported.")


def _folded(kernel: np.ndarray, bias: np.ndarray, arrays: list, epsilon: float) -> list[np.ndarray]:
    """Return the kernel and bias that do what a convolution and batch normalisation did.

    Which is (x - mean) / sqrt(variance + epsilon) * gamma + beta, where x = kernel * image + bias.
    """
    gamma, beta, mean, variance = arrays
    scale = gamma / np.sqrt(variance + epsilon)
    return [kernel * scale, (bias - mean) * scale + beta]


if __name__ == "__main__":
    print(json.dumps(exported()))
