"""Read handwritten digits, find them, learn them.

>>> import digitlib
>>> from digitlib.files import SAMPLES
>>> digitlib.read(SAMPLES / "several_digits.jpg").text
'20619'

What most people need stands here, and is imported when it is first used, so that ``import
digitlib`` costs nothing. Behind it are rooms, one for each thing that a person installs:

- `digitlib.reading`: a picture in, its text out (no TensorFlow)
- `digitlib.datasets`: where digits come from, `digitlib.label_errors`: which labels are doubtful
- `digitlib.models`: the networks, and their files
- `digitlib.training`: how a network is fitted, `digitlib.evaluation`: how good it is
- `digitlib.synthesis`: training pictures made by code
- `digitlib.lessons`: what only the notebooks use
- `digitlib.app`: the drawing pad, and the button to upload pictures
- `digitlib.bulk`: very many pictures
"""

import importlib

__version__ = "0.1.0"

_HOMES = {
    "Dataset": "datasets",
    "Digit": "reading",
    "ModelError": "errors",
    "PictureError": "errors",
    "Reading": "reading",
    "Recognizer": "reading",
    "load_digits": "datasets",
    "load_network": "models",
    "prepare": "reading",
    "read": "reading",
    "train": "training",
}
__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str):
    """Import a public name when it is first used (PEP 562)."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"digitlib.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'digitlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
