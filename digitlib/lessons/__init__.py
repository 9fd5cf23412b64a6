"""What only the notebooks use: `check` for the exercises, `figures` to show."""

from digitlib.lessons import figures
from digitlib.lessons.exercises import check

__all__ = ["check", "figures"]


def __getattr__(name: str):
    """Give ``keras``, imported in silence when a notebook first asks for it."""
    if name == "keras":
        from digitlib.models.backend import keras

        return keras
    raise AttributeError(f"module 'digitlib.lessons' has no attribute {name!r}")
