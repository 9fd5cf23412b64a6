"""Each check of notebook 03 knows a right answer, a wrong one, and nonsense."""

import numpy as np
import pytest

from digitlib.datasets import load_digits
from digitlib.training.recipes import recipe_for


@pytest.fixture(scope="module")
def uci():
    return load_digits("uci")


def test_steps(said, uci):
    recipe = recipe_for("classic", uci)
    learnt = len(uci.train_labels) - 109  # a twelfth, rounded up
    right = learnt // recipe.batch_size * recipe.epochs
    assert said("3.1", right) == "3.1: right!"
    assert said("3.1", float(right)) == "3.1: right!"
    assert "one epoch" in said("3.1", learnt // recipe.batch_size)
    assert "not full" in said("3.1", -(-learnt // recipe.batch_size) * recipe.epochs)
    every = len(uci.train_labels) // recipe.batch_size * recipe.epochs
    assert "validation images" in said("3.1", every)
    assert "Steps an epoch" in said("3.1", 7)
    assert "not yet" in said("3.1", "many")
    assert "cannot be checked" in said("3.1", [1, 2])


def of_right(probabilities, labels):
    return probabilities[np.arange(len(labels)), labels]


@pytest.mark.parametrize(
    "function, sentence",
    [
        (lambda p, y: -np.log(of_right(p, y)).mean(), "right!"),
        (lambda p, y: -np.sum(np.eye(10)[y] * np.log(p)) / len(y), "right!"),
        (lambda p, y: np.log(of_right(p, y)).mean(), "a sign"),
        (lambda p, y: -np.log(of_right(p, y)).sum(), "sum, not mean"),
        (lambda p, y: -np.log10(of_right(p, y)).mean(), "log10"),
        (lambda p, y: -np.log2(of_right(p, y)).mean(), "log2"),
        (lambda p, y: -np.log(p).sum(axis=1).mean(), "it should be"),
        (lambda p, y: -np.log(of_right(p, y)), "shape (40,)"),
        (lambda p, y: 0.5, "you get 0.500; it should be"),
        (lambda p: 1, "cannot be checked"),
        (2.3, "cannot be checked"),
    ],
)
def test_cross_entropy(said, function, sentence):
    assert sentence in said("3.2", function)


def best(name, pick=np.argmax, start=1):
    return lambda history: int(pick(history[name])) + start


@pytest.mark.parametrize(
    "function, sentence",
    [
        (best("val_accuracy"), "right!"),
        (lambda history: np.argmax(history["val_accuracy"]) + 1, "right!"),
        (best("val_accuracy", start=0), "counted from 1"),
        (best("accuracy"), "look at validation"),
        (best("val_loss", np.argmin), "asked for is accuracy"),
        (
            lambda history: 5 - int(np.argmax(history["val_accuracy"][::-1])),
            "of equals take the first",
        ),
        (lambda history: max(history["val_accuracy"]), "You get 0.9"),
        (lambda history: history["validation"], "cannot be checked"),
        (3, "cannot be checked"),
    ],
)
def test_best_epoch(said, function, sentence):
    assert sentence in said("3.3", function)


@pytest.mark.parametrize("name", ["3.1", "3.2", "3.3"])
def test_unanswered(said, name):
    assert said(name, ...) == f"{name}: not answered yet"
