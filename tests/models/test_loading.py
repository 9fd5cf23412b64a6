import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from digitlib.errors import ModelError
from digitlib.files import PRETRAINED, SHIPPED_MODEL
from digitlib.models import sandbox, saving
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


def test_all_plain_layers_are_run_by_litert_too(tmp_path):
    from digitlib.models.backend import keras

    try:
        saving.check_export()
    except ValueError as error:
        pytest.skip(str(error))
    layers = keras.layers
    images = keras.Input((28, 28, 1))
    x = layers.Rescaling(2, -0.5)(layers.RandomRotation(0.1)(images))
    x = layers.Conv2D(4, 3, dilation_rate=2, activation="gelu")(layers.ZeroPadding2D(1)(x))
    x = layers.BatchNormalization()(layers.DepthwiseConv2D(3, activation="elu")(x))
    x = layers.LeakyReLU()(layers.SeparableConv2D(4, 3, padding="same")(x))
    x = layers.Add()([x, layers.ReLU(max_value=6)(x)])
    x = layers.MaxPooling2D()(layers.GaussianNoise(0.1)(layers.Activation("swish")(x)))
    x = layers.AveragePooling2D(2)(layers.Concatenate()([x, layers.Activation("softplus")(x)]))
    x = layers.Reshape((36, 8))(layers.Conv2D(8, 1, activation="tanh")(layers.Dropout(0.1)(x)))
    x = layers.Reshape((6, 6, 8))(layers.Activation("sigmoid")(x))
    ends = layers.GlobalMaxPooling2D()(x), layers.GlobalAveragePooling2D()(x), layers.Flatten()(x)
    model = keras.Model(images, layers.Softmax()(layers.Dense(10)(layers.Concatenate()(ends))))
    given = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    network = load_network(saving.export_tflite(model, tmp_path / "model.tflite"))
    assert np.allclose(network(given), probabilities(model, given), atol=1e-5)


def test_what_is_judged_is_what_is_loaded(tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    for suffix in (".keras", ".tflite"):
        path = tmp_path / f"model{suffix}"
        shutil.copy(PRETRAINED / f"reader{suffix}", path)
        judged = []

        def swapped(copy, *limits, path=path, judged=judged):
            judged.append(copy.read_bytes())
            shutil.copy(PRETRAINED / f"classic{path.suffix}", path)

        monkeypatch.setattr(sandbox, "check", swapped)
        probs = load_network(path)(images)
        assert judged == [(PRETRAINED / f"reader{suffix}").read_bytes()]
        assert np.array_equal(probs, load_network(PRETRAINED / f"reader{suffix}")(images))


@pytest.mark.parametrize(
    ("content", "name"), [("keras", "a.h5"), ("tflite", "a.keras"), ("keras", "A.KERAS")]
)
def test_what_a_file_holds_counts_not_how_its_name_ends(tmp_path, content, name):
    path = tmp_path / name
    shutil.copy(PRETRAINED / f"classic.{content}", path)
    assert load_network(path)(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)


@pytest.mark.parametrize("name", ["a.weights.h5", "a.keras", "a.hdf5"])
def test_weights_alone_are_named_as_such(tmp_path, name):
    from digitlib.models.architectures import fast_cnn

    fast_cnn().save_weights(tmp_path / "only.weights.h5")
    path = (tmp_path / "only.weights.h5").rename(tmp_path / name)
    with pytest.raises(ModelError) as caught:
        load_network(path)
    assert str(caught.value) == (
        f"{path} holds no network, only what model.save_weights writes; save the network with "
        "model.save."
    )


@pytest.mark.parametrize(
    ("file", "missing", "words"),
    [
        ("classic.keras", ("keras", "tensorflow"), "is a Keras model, and keras and tensorflow"),
        ("classic.keras", ("tensorflow",), "is a Keras model, and tensorflow is not installed"),
        ("reader.tflite", ("ai_edge_litert",), "is a LiteRT model, and ai_edge_litert is not"),
    ],
)
def test_what_a_model_needs_is_said_where_it_is_not_installed(monkeypatch, file, missing, words):
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModelError, match=words) as caught:
        load_network(PRETRAINED / file)
    assert str(caught.value).endswith(f"run: pip install {' '.join(missing)}.")


def test_importing_the_models_imports_no_heavy_library():
    code = "import digitlib.models, json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"keras", "tensorflow", "ai_edge_litert", "h5py", "scipy", "sklearn"}
    assert not heavy & set(json.loads(done.stdout))


def test_litert_is_given_a_networks_bytes_not_its_path(tmp_path, monkeypatch):
    """Native libraries may not open names such as Jörg on Windows; the copy lies in his folder."""
    from ai_edge_litert import interpreter

    path = tmp_path / "model.tflite"
    shutil.copy(SHIPPED_MODEL, path)
    given, make = [], interpreter.Interpreter
    monkeypatch.setattr(
        interpreter, "Interpreter", lambda **options: given.append(options) or make(**options)
    )
    assert sandbox.run_tflite(path, BATCH) == 0
    load_network(path)
    assert [options.get("model_content") for options in given] == 2 * [path.read_bytes()]
    assert not any("model_path" in options for options in given)


@pytest.mark.parametrize("name", ["reader.keras", "reader.tflite"])
def test_the_sandbox_needs_neither_digitlib_nor_tensorflow(name):
    """Run with the modules that are to be missing replaced by None, which makes them so."""
    code = (
        "import runpy, sys; sys.modules.update(digitlib=None, tensorflow=None, keras=None);"
        "sys.argv[:] = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    given = [Path(sandbox.__file__), PRETRAINED / name, str(MAX_BYTES), str(BATCH)]
    subprocess.run([sys.executable, "-P", "-c", code, *given], check=True)
