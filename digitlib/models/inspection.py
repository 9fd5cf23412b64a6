"""What a saved Keras model says it is made of, read and judged without Keras.

A saved model can name any class or function, and so carry code; Keras' own safe mode has had
holes (CVE-2025-1550, -8747, -9905, -9906). So only plain layers from a short list pass.
What its numbers do to native libraries is tried in `digitlib.models.sandbox`, as a .tflite file is.
"""

import json
import zipfile
from pathlib import Path

from digitlib.errors import ModelError

MAX_BYTES = 100_000_000  # of a file, and of what it unpacks to; those shipped have 2 million
MAX_DESCRIPTION = 1_000_000  # bytes; the reader's takes 13,000
MAX_LAYERS = 100  # the reader has 18; Keras builds so many in seconds, and 1,000 in minutes
MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}  # of a .keras file
# With other methods, zipfile sets no bound on what it unpacks.
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

MODULES = {
    "keras", "keras.layers", "keras.initializers", "keras.regularizers",
    "keras.src.models.sequential", "keras.src.models.functional",
}  # fmt: skip
MODELS = {"Sequential", "Functional"}
LAYERS = {
    "InputLayer", "Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Dense", "BatchNormalization",
    "MaxPooling2D", "AveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling2D",
    "Dropout", "SpatialDropout2D", "GaussianNoise", "Flatten", "Reshape", "ZeroPadding2D",
    "RandomRotation", "RandomTranslation", "RandomZoom", "RandomFlip", "RandomContrast",
    "RandomBrightness", "Activation", "ReLU", "LeakyReLU", "Softmax", "Rescaling", "Add",
    "Concatenate",
}  # fmt: skip
OTHERS = {
    "DTypePolicy", "__tuple__", "__keras_tensor__",
    "GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "Zeros", "Ones", "Constant",
    "RandomNormal", "RandomUniform", "TruncatedNormal", "L1", "L2", "L1L2",
}  # fmt: skip


# What is wrong with a file, as `digitlib.models.load_network` says it after the file's name.
TOO_LARGE = "is larger than any digit network; expected at most 100 MB."


def check_description(path: Path) -> None:
    """Refuse a `.keras` or `.h5` file that could carry code, or describes more than plain layers.

    It raises a ModelError then, without the file's name; for a damaged file, nearly anything that
    parsers raise.
    """
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            _check_members(archive.infolist())
            text = archive.read("config.json")
    else:
        import h5py

        with h5py.File(path, "r") as file:
            if "model_config" not in file.attrs:
                raise ModelError(
                    "holds no network, only what model.save_weights writes; save the network "
                    "with model.save."
                )
            text = file.attrs["model_config"]
    if len(text) > MAX_DESCRIPTION:
        raise ModelError(TOO_LARGE)
    description = dict(json.loads(text))
    # How a model was compiled is not loaded, so it may name any optimizer; a part's would be.
    description.pop("compile_config", None)
    _check_parts(description)


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    names = {member.filename for member in members}
    methods = {member.compress_type for member in members}
    if len(names) < len(members) or not names <= MEMBERS or not methods <= METHODS:
        raise ModelError("was refused: it holds other parts than a plain model's.")
    if sum(member.file_size for member in members) > MAX_BYTES:
        raise ModelError(TOO_LARGE)


def _check_parts(description: dict) -> None:
    """Refuse a description that names a class or a function not listed above, at any depth."""
    parts: list = [description]
    layers = 0
    while parts:  # no recursion: it may be nested deeper than Python's stack
        part = parts.pop()
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            parts += part.values()
            if "class_name" in part:
                layers += _layers(part)
    if layers > MAX_LAYERS:
        raise ModelError(f"was refused: it has more than {MAX_LAYERS} layers.")


def _layers(part: dict) -> int:
    """Return as how many layers a part counts; refuse one that is not plain.

    A layer counts as often as it is used. A model within a model may be used once: one that uses
    another twice, which uses another twice, and so on, is endless in a few lines.
    """
    name, module = str(part["class_name"]), part.get("module") or "keras"
    registered = part.get("registered_name") or part["class_name"]
    known = name in LAYERS | MODELS | OTHERS
    if not (known and str(module) in MODULES and registered == part["class_name"]):
        raise ModelError(
            f"was refused: its part {name[:40]!r} could carry code, or is not one of the plain "
            "layers that digitlib loads."
        )
    uses = max(1, len(part.get("inbound_nodes") or ()))
    if name in MODELS and uses > 1:
        raise ModelError("was refused: it uses a model within it more than once.")
    return uses if name in LAYERS else 0
