"""Networks as the notebooks and their exercises build them: saved by Keras, read by digitlib."""

import numpy as np
import pytest

from digitlib import Recognizer, cli
from digitlib.errors import ModelError
from digitlib.files import PRETRAINED, SAMPLES
from digitlib.models.backend import keras
from digitlib.models.loading import load_network

layers = keras.layers
SAMPLE = SAMPLES / "several_digits.jpg"
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)


def classic():
    """Return the layers of a network that reads, with their weights."""
    return keras.models.load_model(PRETRAINED / "classic.keras", compile=False).layers


def moved():
    return [
        layers.RandomRotation(0.05, fill_mode="constant"),
        layers.RandomTranslation(0.1, 0.1, fill_mode="constant", fill_value=0.0),
        layers.RandomZoom(0.1, fill_mode="constant"),
    ]


KINDS = {
    "plain": ((28, 28, 1), list),
    "augmented": ((28, 28, 1), moved),
    "augmented by a part": ((28, 28, 1), lambda: [keras.Sequential(moved())]),
    "scaled": ((28, 28, 1), lambda: [layers.Rescaling(1 / 255)]),
    "scaled by a part": ((28, 28, 1), lambda: [keras.Sequential([layers.Rescaling(1 / 255)])]),
    "scaled from 0 to 1": ((28, 28, 1), lambda: [layers.Rescaling(2), layers.Rescaling(0.5)]),
    "without a channel": ((28, 28), lambda: [layers.Reshape((28, 28, 1))]),
    "of 784 numbers": ((784,), lambda: [layers.Reshape((28, 28, 1))]),
    "scaled and of 784": ((784,), lambda: [layers.Rescaling(1 / 255), layers.Reshape((28, 28, 1))]),
}


def saved(kind, path):
    shape, first = KINDS[kind]
    network = keras.Sequential([keras.Input(shape), *first(), *classic()])
    network.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    network.save(path)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_that_differs_in_what_it_takes_reads_the_same(kind, tmp_path):
    path = saved(kind, tmp_path / "mine.keras")
    expected = load_network(PRETRAINED / "classic.tflite")(IMAGES)
    assert np.allclose(load_network(path)(IMAGES), expected, atol=1e-4)
    assert Recognizer(path).read(SAMPLE).text == "20619"


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_the_command_line_reads_with_a_readers_network(suffix, tmp_path, capsys):
    path = saved("augmented", tmp_path / f"my_first_network{suffix}")
    assert cli.main(["predict", "--model", str(path), str(SAMPLE)]) == 0
    assert "20619" in capsys.readouterr().out


def small(*middle, shape=(28, 28, 1), last="softmax"):
    return keras.Sequential([keras.Input(shape), *middle, layers.Dense(10, activation=last)])


TRAINED = {
    "linear": lambda: small(shape=(784,)),
    "linear, of 28 x 28": lambda: small(layers.Flatten(), shape=(28, 28)),
    "hidden layer": lambda: small(layers.Flatten(), layers.Dense(8, "relu"), layers.Dropout(0.5)),
    "averaged": lambda: small(layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(),
                              layers.BatchNormalization(), layers.GlobalAveragePooling2D()),
    "augmented": lambda: small(*moved(), layers.RandomContrast(0.1), layers.Flatten()),
    "regularised": lambda: small(layers.Flatten(), layers.Dense(8, kernel_regularizer="l2")),
}  # fmt: skip


@pytest.mark.parametrize("kind", TRAINED)
def test_a_network_that_was_trained_gives_what_it_gave(kind, tmp_path):
    network = TRAINED[kind]()
    network.compile("adam", "categorical_crossentropy")
    x = IMAGES.reshape(-1, *network.input_shape[1:]) / np.float32(255)
    network.fit(x, keras.utils.to_categorical(np.arange(20) % 10, 10), verbose=0)
    network.save(tmp_path / "mine.keras")
    expected = network.predict(x, verbose=0)
    assert np.allclose(load_network(tmp_path / "mine.keras")(IMAGES), expected, atol=1e-5)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_logits_are_refused_in_a_sentence(suffix, tmp_path, capsys):
    path = tmp_path / f"logits{suffix}"
    small(layers.Flatten(), last=None).save(path)
    with pytest.raises(ModelError, match=r"its last layer is not a softmax.*activation='softmax'"):
        Recognizer(path)
    assert cli.main(["predict", "--model", str(path), str(SAMPLE)]) != 0
    said = capsys.readouterr().err
    assert "its last layer is not a softmax" in said and "Traceback" not in said
