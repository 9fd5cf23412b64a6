"""What a saved Keras model says it is made of, read and judged without Keras.

A saved model can name any class or function, and so carry code; Keras' own safe mode has had
holes (CVE-2025-1550, -8747, -9905, -9906). So only plain layers from a short list pass.
What its numbers do to native libraries is tried in `digitlib.models.sandbox`, as a .tflite file is.
"""

import json
import zipfile
from pathlib import Path

from digitlib.errors import ModelError, display_name

MAX_BYTES = 100_000_000  # of a file, and of what it unpacks to; those shipped have 2 million
MAX_DESCRIPTION = 1_000_000  # bytes; the reader's takes 13,000
MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}  # of a .keras file
# With other methods, zipfile sets no bound on what it unpacks.
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

MODULES = {
    "keras", "keras.layers", "keras.initializers", "keras.regularizers",
    "keras.src.models.sequential", "keras.src.models.functional",
}  # fmt: skip
ALLOWED = {
    "Sequential", "Functional", "InputLayer", "DTypePolicy", "__tuple__", "__keras_tensor__",
    "Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Dense", "BatchNormalization",
    "MaxPooling2D", "AveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling2D",
    "Dropout", "SpatialDropout2D", "GaussianNoise", "Flatten", "Reshape", "ZeroPadding2D",
    "RandomRotation", "RandomTranslation", "RandomZoom", "RandomFlip", "RandomContrast",
    "RandomBrightness", "Activation", "ReLU", "LeakyReLU", "Softmax", "Rescaling", "Add",
    "Concatenate",
    "GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "Zeros", "Ones", "Constant",
    "RandomNormal", "RandomUniform", "TruncatedNormal", "L1", "L2", "L1L2",
}  # fmt: skip


def too_large(path: Path) -> ModelError:
    """Return the error for a model that would take too much memory."""
    name = display_name(path)
    return ModelError(f"{name} is larger than any digit network; expected at most 100 MB.")


def check_description(path: Path) -> None:
    """Refuse a `.keras` or `.h5` file that could carry code, or describes more than plain layers.

    It raises a ModelError then; for a damaged file, nearly anything that parsers raise.
    """
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive.infolist())
            text = archive.read("config.json")
    else:
        import h5py

        with h5py.File(path, "r") as file:
            text = file.attrs["model_config"]
    if len(text) > MAX_DESCRIPTION:
        raise too_large(path)
    description = dict(json.loads(text))
    # How a model was compiled is not loaded, so it may name any optimizer; a part's would be.
    description.pop("compile_config", None)
    _check_parts(path, description)


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    names = {member.filename for member in members}
    methods = {member.compress_type for member in members}
    if len(names) < len(members) or not names <= MEMBERS or not methods <= METHODS:
        name = display_name(path)
        raise ModelError(f"{name} was refused: it holds other parts than a plain model's.")
    if sum(member.file_size for member in members) > MAX_BYTES:
        raise too_large(path)


def _check_parts(path: Path, description: dict) -> None:
    """Refuse a description that names a class or a function outside ALLOWED, at any depth."""
    parts: list = [description]
    while parts:  # no recursion: it may be nested deeper than Python's stack
        part = parts.pop()
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            parts += part.values()
            if "class_name" in part and not _is_plain(part):
                name = str(part["class_name"])[:40]
                raise ModelError(
                    f"{display_name(path)} was refused: its part {name!r} could carry code, or is "
                    "not one of the plain layers that digitlib loads."
                )


def _is_plain(part: dict) -> bool:
    name, module = part["class_name"], part.get("module") or "keras"
    registered = part.get("registered_name") or name
    return str(name) in ALLOWED and str(module) in MODULES and registered == name
