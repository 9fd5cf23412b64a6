import numpy as np
import pytest

from digitlib.errors import ModelError
from digitlib.files import PRETRAINED, SHIPPED_MODEL
from digitlib.models.loading import load_network, probabilities


def test_the_shipped_network_gives_probabilities():
    probs = load_network(SHIPPED_MODEL)(np.zeros((3, 28, 28), np.uint8))
    assert probs.shape[0] == 3 and np.allclose(probs.sum(axis=1), 1, atol=1e-5)


def test_keras_and_tflite_of_the_shipped_network_agree():
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)
    expected = load_network(PRETRAINED / "reader.keras")(images)
    assert np.allclose(load_network(PRETRAINED / "reader.tflite")(images), expected, atol=1e-4)


def test_other_names_and_missing_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match="must end in"):
        load_network(tmp_path / "model.pkl")
    with pytest.raises(ModelError, match="no model file"):
        load_network(tmp_path / "model.keras")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_networks_that_fork_are_loaded(tmp_path, suffix):
    from digitlib.models.backend import keras

    layers = keras.layers
    images = keras.Input((28, 28, 1))
    filtered = layers.Conv2D(1, 3, padding="same", kernel_regularizer="l2")(images)
    joined = layers.Concatenate()([layers.Add()([images, filtered]), layers.ReLU()(filtered)])
    probs = layers.Dense(11, activation="softmax")(layers.Flatten()(joined))
    network = keras.Model(images, probs)
    network.compile("adam", "categorical_crossentropy")
    network.save(tmp_path / f"model{suffix}")
    given = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    loaded = load_network(tmp_path / f"model{suffix}")
    assert np.allclose(loaded(given), probabilities(network, given), atol=1e-6)


def test_wrong_shapes_are_refused(tmp_path):
    from digitlib.models.backend import keras

    path = tmp_path / "model.keras"
    keras.Sequential(
        [keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(10)]
    ).save(path)
    with pytest.raises(ModelError, match=r"\(28, 28, 1\)"):
        load_network(path)
