"""Each check of notebook 03 knows a right answer, a wrong one, and nonsense."""

from types import SimpleNamespace

import numpy as np
import pytest

from digitlib.datasets import load_digits
from digitlib.models.backend import keras


@pytest.fixture(scope="module")
def uci():
    return load_digits("uci")


def of_right(probabilities, labels):
    return probabilities[np.arange(len(labels)), labels]


def spoils(probabilities, labels):
    np.log(probabilities, out=probabilities)
    return -of_right(probabilities, labels).mean()


@pytest.mark.parametrize(
    "function, sentence",
    [
        (lambda p, y: -np.log(of_right(p, y)).mean(), "right!"),
        (lambda p, y: -np.sum(np.eye(10)[y] * np.log(p)) / len(y), "right!"),
        (lambda p, y: np.log(of_right(p, y)).mean(), "a sign"),
        (lambda p, y: -np.log(of_right(p, y)).sum(), "sum, not mean"),
        (lambda p, y: -(np.eye(10)[y] * np.log(p)).mean(), "averaged over digits"),
        (lambda p, y: -np.log10(of_right(p, y)).mean(), "log10"),
        (lambda p, y: -np.log2(of_right(p, y)).mean(), "log2"),
        (lambda p, y: -np.log(p[:, y]).mean(), "one number a row"),
        (lambda p, y: -np.log(p.max(axis=1)).mean(), "the largest probability"),
        (lambda p, y: -np.log(p).sum(axis=1).mean(), "it should be"),
        (lambda p, y: -np.log(of_right(p, y)), "shape (40,)"),
        (lambda p, y: 0.5, "you get 0.500; it should be"),
        (spoils, "changes the arrays"),
        (lambda p: 1, "it gets probabilities (40, 10) and labels (40,)"),
        (lambda p, y: None, "does its last line say return?"),
        (np.float32(2.3), "without calling it"),
    ],
)
def test_cross_entropy(said, function, sentence):
    assert sentence in said("3.1", function)


def test_ten_times_the_batch(said, uci):
    assert said("3.2", 38) == "3.2: right!"  # 1,188 images: 4 x 19 steps, then 2 an epoch
    mnist = SimpleNamespace(train_labels=np.zeros(60_000))
    for right in (40, 40.0, np.int64(40)):
        assert said("3.2", right, mnist) == "3.2: right!"
    assert "a tenth of the steps" in said("3.2", 4, mnist)
    assert "asked for are epochs" in said("3.2", 3440, mnist)
    assert "asked for are epochs" in said("3.2", 86, mnist)
    assert "not full" in said("3.2", 41, mnist)
    assert "Count the steps" in said("3.2", 0.4, mnist)
    assert "cannot be checked" in said("3.2", "many", mnist)


def small(last="softmax", units=32):
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(units, activation="relu"),
            layers.Dense(10, activation=last),
        ]
    )
    network.compile("adam", "categorical_crossentropy")
    return network


def test_a_network_a_fifth_the_size(said, uci):
    keras.utils.set_random_seed(0)
    cut = len(uci.train_labels) * 11 // 12
    x = uci.train_images[:cut, ..., None] / np.float32(255)
    y = keras.utils.to_categorical(uci.train_labels[:cut], 10)
    network = small()
    assert "Has it been fitted" in said("3.3", network)
    network.fit(x, y, batch_size=32, epochs=2, verbose=0)
    assert "put Rescaling(1 / 255) first" in said("3.3", network)
    layers = [keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255), *network.layers]
    assert "another epoch" in said("3.3", keras.Sequential(layers))
    history = network.fit(x, y, batch_size=32, epochs=25, verbose=0)
    assert said("3.3", network) == "3.3: right!"
    assert "not what fit" in said("3.3", history) and "not what fit" in said("3.3", 0.98)
    assert "not what fit" in said("3.3", keras.Sequential)
    assert "no weights yet" in said("3.3", keras.Sequential([keras.layers.Flatten()]))
    assert "Which layer has most" in said("3.3", small(units=600))
    assert "softmax" in said("3.3", small(last="relu"))
    flat = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, activation="softmax")])
    assert "takes (None, 784)" in said("3.3", flat)


@pytest.mark.parametrize("name", ["3.1", "3.2", "3.3"])
def test_unanswered(said, name):
    assert said(name, ...) == f"{name}: not answered yet"
