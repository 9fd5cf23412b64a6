"""The checks of notebook 2's exercises, on the stand-in."""

import numpy as np
import pytest
from sklearn import datasets

from digitlib.datasets.digits import load_digits
from digitlib.models.architectures import classic_cnn
from digitlib.models.backend import keras

DIGITS = load_digits("uci")
RISING = np.fliplr(np.eye(5))


def network_for(shape, *layers):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input(shape), *layers])


def convolutional(last="softmax", outputs=10):
    return network_for(
        (8, 8, 1),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(outputs, activation=last),
    )


def trained(network, scale=16, turn=0):
    """Return a network after learning from all small digits but the first 297."""
    small = datasets.load_digits()
    network.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    labels = np.roll(small.target[297:], turn)
    network.fit(small.images[297:, ..., None] / scale, labels, epochs=12, verbose=0)
    return network


def test_unanswered(said):
    for name in ("2.1", "2.2", "2.3"):
        assert said(name, None) == f"{name}: not answered yet"


@pytest.mark.parametrize(
    "window",
    [
        RISING - 0.2,
        (RISING - 0.2).tolist(),
        7 * (RISING - 0.3)[:, :, None, None],
        np.where(np.abs(np.add(*np.mgrid[-2:3, -2:3])) < 2, 1, -1),
    ],
    ids=["thin", "list", "as Keras has it", "broad"],
)
def test_a_filter_for_rising_strokes(said, window):
    assert said("2.1", window) == "2.1: right!"


def test_other_filters(said):
    assert "ReLU leaves nothing" in said("2.1", np.eye(5) - 0.2)
    assert "falling stroke" in said("2.1", np.eye(5))
    assert "all ink" in said("2.1", np.ones((5, 5)))
    thin = said("2.1", 2 * RISING - 1)
    assert "answers with -3.0" in thin and "three pixels wide" in thin
    assert "Row 0 is the upper one" in said("2.1", np.eye(5) - 0.2)
    assert "ReLU leaves nothing" in said("2.1", 0.2 - RISING)
    level = np.zeros((5, 5))
    level[2] = 1
    assert "a level stroke" in said("2.1", level - 0.1)
    assert "an upright stroke" in said("2.1", level.T - 0.1)


@pytest.mark.parametrize("answer", [np.eye(3), 5, "/"])
def test_no_filter(said, answer):
    assert said("2.1", answer).startswith("2.1: not yet.")


def test_a_function_is_no_filter(said):
    assert "this can be called" in said("2.1", lambda image: RISING)


def counted(pool, **options):
    layers = [
        type(layer).from_config({**layer.get_config(), **options})
        if isinstance(layer, keras.layers.Conv2D)
        else keras.layers.MaxPooling2D(pool)
        if isinstance(layer, keras.layers.MaxPooling2D)
        else layer
        for layer in classic_cnn().layers
    ]
    fresh = [type(layer).from_config(layer.get_config()) for layer in layers]
    return keras.Sequential([keras.Input((28, 28, 1)), *fresh]).count_params()


def test_parameters_agree_with_keras(said):
    right = counted(2)
    assert said("2.2", right) == said("2.2", float(right)) == said("2.2", str(right))
    assert said("2.2", right) == "2.2: right!"
    assert "24 x 24 places" in said("2.2", counted(2, padding="same"))
    assert "with a pool of 3 x 3" in said("2.2", classic_cnn().count_params())


def test_other_parameters(said):
    right = counted(2)
    assert "bias" in said("2.2", right - 32 - 256 - 10)
    assert "the convolution has" in said("2.2", right - 832)
    assert "the last layer has" in said("2.2", right - 2570)
    assert "32 maps, one for each filter" in said("2.2", 832 + 256 * (12 * 12 + 1) + 2570)
    assert "without any pool" in said("2.2", counted(1))
    assert "What does a pool of 2 leave" in said("2.2", 12)
    assert "one number, the sum" in said("2.2", [832, right - 832 - 2570, 2570])
    assert said("2.2", "a million").startswith("2.2: not yet.")


def test_a_network_for_small_digits(said):
    assert said("2.3", trained(convolutional())) == "2.3: right!"
    flat_input = network_for((8, 8), keras.layers.Reshape((8, 8, 1)), *convolutional().layers)
    assert said("2.3", trained(flat_input)) == "2.3: right!"
    divides = network_for((8, 8, 1), keras.layers.Rescaling(1 / 16), *convolutional().layers)
    assert said("2.3", trained(divides, scale=1)) == "2.3: right!"


@pytest.mark.slow
def test_networks_that_have_not_learned(said):
    assert "a guess. Has this network been fitted" in said("2.3", convolutional())
    assert "labels in one order" in said("2.3", trained(convolutional(), turn=1))
    dark = keras.layers.Rescaling(1, offset=-8)  # to it, values up to 1 are all alike
    undivided = network_for((8, 8, 1), dark, *convolutional().layers)
    assert "divide by 16" in said("2.3", trained(undivided, scale=1))


def test_networks_of_another_shape(said):
    dense = network_for((8, 8, 1), keras.layers.Flatten(), last_layer())
    assert "no convolution" in said("2.3", trained(dense))
    assert "takes images of (28, 28, 1)" in said("2.3", classic_cnn())
    not_flat = network_for((8, 8, 1), keras.layers.Conv2D(8, 3), last_layer())
    assert "gives shape (6, 6, 10)" in said("2.3", not_flat)
    assert "gives shape (9,)" in said("2.3", convolutional(outputs=9))
    for activation in (None, "sigmoid"):
        assert "which activation" in said("2.3", convolutional(activation))
    open_shape = keras.Sequential([keras.layers.Conv2D(8, 3), keras.layers.Flatten(), last_layer()])
    assert "begin with a keras.Input" in said("2.3", open_shape)


def last_layer():
    return keras.layers.Dense(10, activation="softmax")


def test_no_network(said):
    network = convolutional()
    network.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    history = network.fit(np.zeros((1, 8, 8, 1)), np.zeros(1), verbose=0)
    assert "what fit returns" in said("2.3", history)
    for answer in (0.96, network.predict(np.zeros((1, 8, 8, 1)), verbose=0)):
        assert "the network itself" in said("2.3", answer)


def test_a_bare_stroke_is_told_what_it_answers_to_as_much(said):
    told = said("2.1", RISING)
    assert "to a patch that is all ink with 5.0, to a rising stroke with 5.0" in told
