import json
import zipfile

import numpy as np
import pytest

from digitlib.loading import ModelError, load_network
from digitlib.recognizer import PRETRAINED, SHIPPED_MODEL


def test_the_shipped_network_gives_probabilities():
    probs = load_network(SHIPPED_MODEL)(np.zeros((3, 28, 28), np.uint8))
    assert probs.shape[0] == 3 and np.allclose(probs.sum(axis=1), 1, atol=1e-5)


def test_keras_and_tflite_of_the_shipped_network_agree():
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)
    expected = load_network(PRETRAINED / "reader.keras")(images)
    assert np.allclose(load_network(PRETRAINED / "reader.tflite")(images), expected, atol=1e-4)


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".tflite"])
def test_damaged_files_are_refused(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"this is no model" * 100)
    with pytest.raises(ModelError, match="is damaged"):
        load_network(path)


def test_truncated_files_are_refused(tmp_path):
    for name in ("classic.keras", "reader.tflite"):
        path = tmp_path / name
        content = (PRETRAINED / name).read_bytes()
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(ModelError):
            load_network(path)


def test_other_names_and_missing_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match="must end in"):
        load_network(tmp_path / "model.pkl")
    with pytest.raises(ModelError, match="no model file"):
        load_network(tmp_path / "model.keras")


def planted(tmp_path, layer):
    """Return a .keras file with the shipped classic network's weights and another layer in it."""
    path = tmp_path / "planted.keras"
    with zipfile.ZipFile(PRETRAINED / "classic.keras") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["config"]["layers"].append(layer)
                content = json.dumps(config)
            new.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "layer",
    [
        {"class_name": "Lambda", "module": "keras.layers", "config": {"function": "print"}},
        {"class_name": "Dense", "module": "os", "config": {}},
        {"class_name": "Dense", "config": {"activation": {"class_name": "function"}}},
        {"class_name": "TFSMLayer", "module": "keras.layers", "config": {"filepath": "/"}},
    ],
)
def test_what_could_carry_code_is_refused_before_keras_sees_it(tmp_path, layer, monkeypatch):
    from digitlib.backend import keras

    def never(*args, **kwargs):
        raise AssertionError("Keras was asked to load it")

    monkeypatch.setattr(keras.models, "load_model", never)
    with pytest.raises(ModelError, match="was refused"):
        load_network(planted(tmp_path, layer))


def test_wrong_shapes_are_refused(tmp_path):
    from digitlib.backend import keras

    path = tmp_path / "model.keras"
    keras.Sequential(
        [keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(10)]
    ).save(path)
    with pytest.raises(ModelError, match=r"\(28, 28, 1\)"):
        load_network(path)
