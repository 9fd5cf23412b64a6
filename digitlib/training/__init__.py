"""How a network is fitted, resumed, and written down on a card (the extra ``train``)."""

import importlib

from digitlib.training.recipes import Recipe, recipe_for, recipe_like, rounds

__all__ = [
    "Recipe", "Trained", "batches", "compiled", "recipe_for", "recipe_like",
    "rounds", "save", "scored", "split", "train", "train_to",
]  # fmt: skip


def __getattr__(name: str):
    """Import what needs TensorFlow when it is first used: recipes and cards do not."""
    if name in __all__:
        return getattr(importlib.import_module("digitlib.training.loop"), name)
    raise AttributeError(f"module 'digitlib.training' has no attribute {name!r}")
