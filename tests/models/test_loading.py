import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from digitlib.errors import ModelError
from digitlib.files import PRETRAINED, SHIPPED_MODEL
from digitlib.models import sandbox
from digitlib.models.inspection import MAX_BYTES
from digitlib.models.loading import BATCH, load_network, probabilities


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


@pytest.mark.parametrize("suffix", [".keras", ".tflite"])
def test_any_number_of_images_is_read(suffix):
    images = np.random.default_rng(0).integers(0, 256, (BATCH + 1, 28, 28), dtype=np.uint8)
    network = load_network(PRETRAINED / f"reader{suffix}")
    last = network(images[-1:])
    for count in (1, 2, BATCH + 1):
        probs = network(images[-count:])
        assert probs.shape == (count, 11) and probs.dtype == np.float32
        assert np.allclose(probs[-1:], last, atol=1e-5)
    if suffix == ".tflite":  # Keras cannot run an empty batch
        assert network(images[:0]).shape == (0, 11)


@pytest.mark.parametrize("suffix", [".keras", ".tflite"])
@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 33, 33), np.uint8),  # turned without reshape=False
        np.zeros((28, 28), np.uint8),  # one image, not a row of images
        np.zeros((2, 28, 28, 1), np.uint8),
        np.zeros((2, 28, 28), np.float32),  # divided by 255 already: it would be so twice
        [[0]],
    ],
    ids=["larger", "one", "channel", "float", "list"],
)
def test_what_is_no_row_of_images_gets_one_sentence(suffix, images):
    network = load_network(PRETRAINED / f"reader{suffix}")
    with pytest.raises(ValueError, match=r"^Expected images as uint8 of shape \(n, 28, 28\), not "):
        network(images)


def test_importing_the_models_imports_no_heavy_library():
    code = "import digitlib.models, json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"keras", "tensorflow", "ai_edge_litert", "h5py", "scipy", "sklearn"}
    assert not heavy & set(json.loads(done.stdout))


@pytest.mark.parametrize("name", ["reader.keras", "reader.tflite"])
def test_the_sandbox_needs_neither_digitlib_nor_tensorflow(name):
    """Run with the modules that are to be missing replaced by None, which makes them so."""
    code = (
        "import runpy, sys; sys.modules.update(digitlib=None, tensorflow=None, keras=None);"
        "sys.argv[:] = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    given = [Path(sandbox.__file__), PRETRAINED / name, str(MAX_BYTES), str(BATCH)]
    subprocess.run([sys.executable, "-P", "-c", code, *given], check=True)
