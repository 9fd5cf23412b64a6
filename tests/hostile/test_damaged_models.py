"""Models that are far too large, describe what is not there, or keep their weights elsewhere."""

import pickle
import resource
import time
import tracemalloc
import zipfile
from pathlib import Path

import h5py
import model_files
import numpy as np
import pytest
from model_files import WEIGHTS, refused

from digitlib.errors import ModelError
from digitlib.files import SAMPLES
from digitlib.models import inspection, loading, sandbox
from digitlib.models.backend import keras
from digitlib.models.loading import load_network
from digitlib.reading.recognizer import Recognizer

GREY = np.full((3, 28, 28), 100, np.uint8)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Return a small model of each kind that is loaded, by its suffix."""
    folder = tmp_path_factory.mktemp("plain")
    network = model_files.small_network()
    return {s: model_files.saved(network, folder / f"model{s}") for s in (".keras", ".h5")}


def external_link(file, name):
    del file[name]
    file[name] = h5py.ExternalLink("/etc/hosts.h5", "/weights")


def soft_link(file, name):
    file.move(name, "weights")
    file[name] = h5py.SoftLink("/weights")


def external_storage(file, name):
    shape = file[name].shape
    del file[name]
    file.create_dataset(name, shape, "u1", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def virtual(file, name):
    shape = file[name].shape
    del file[name]
    layout = h5py.VirtualLayout(shape, "f4")
    layout[:] = h5py.VirtualSource("/etc/hosts.h5", "weights", shape)
    file.create_virtual_dataset(name, layout)


def words_for_numbers(file, name):
    shape = file[name].shape
    del file[name]
    file.create_dataset(name, shape, h5py.string_dtype())


def declared_only(file, name):
    del file[name]
    file.create_dataset(name, (10**6, 10**6), "f4", chunks=(1000, 1000))


def pickled(file, name):
    file.create_dataset("pickled", data=np.void(pickle.dumps(Path("evil"))))


def no_numbers(file, name):
    file[name][0] = np.nan


def no_end(file, name):
    file[name][0] = np.inf


# fmt: off
HARM = [
    external_link, soft_link, external_storage, virtual, words_for_numbers, pickled, no_numbers,
    no_end, declared_only,
]
# fmt: on


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("change", HARM)
def test_weights_that_are_no_plain_arrays_are_refused(plain, tmp_path, suffix, change):
    path = tmp_path / f"model{suffix}"
    model_files.with_weights(plain[suffix], path, change)
    refused(path, "larger" if change is declared_only else "was refused: its weights")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_links_in_a_circle_and_pickled_attributes_do_no_harm(plain, tmp_path, suffix):
    def change(file, name):
        file["circle"] = file["/"]
        file.attrs["pickled"] = file[name].attrs["pickled"] = np.void(pickle.dumps(Path("evil")))

    path = model_files.with_weights(plain[suffix], tmp_path / f"model{suffix}", change)
    assert np.array_equal(load_network(path)(GREY), load_network(plain[suffix])(GREY))


def first(**options):
    return lambda model: model["config"]["layers"][1]["config"].update(options)


def last(**options):
    return lambda model: model["config"]["layers"][-1]["config"].update(options)


SIZES = {
    "units": last(units=2_000_000),
    "many more units": last(units=10**9),
    "filters": first(filters=10**8),
    "windows": first(kernel_size=[30_000, 30_000], padding="same"),
    "no number": first(filters=float("nan")),
    "a negative one": first(filters=-3),
    "no steps": first(strides=[0, 0]),
    "a name": last(units="ten"),
    "a name that is none": last(name={"a": 1}),
}


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", SIZES)
def test_sizes_that_the_weights_do_not_have_take_no_memory(
    plain, tmp_path, monkeypatch, suffix, name
):
    monkeypatch.setattr(sandbox, "check", lambda *arguments: None)
    path = model_files.changed(plain[suffix], tmp_path / f"model{suffix}", SIZES[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(path, "cannot be loaded and run")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


def nested(depth):
    """Return a model that uses another twice, which uses another twice, and so on."""
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.ReLU()])
    for _ in range(depth):
        images = keras.Input((28, 28, 1))
        model = keras.Model(images, model(model(images)))
    return model


def one_layer(times):
    layer, images = keras.layers.ReLU(), keras.Input((28, 28, 1))
    result = images
    for _ in range(times):
        result = layer(result)
    return keras.Model(images, result)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(
    ("start", "words"),
    [
        # The input is one, and four more follow in `small_network`.
        (lambda: keras.Sequential([keras.layers.Dropout(0.1) for _ in range(96)]), "100 layers"),
        (lambda: one_layer(95), "100 layers"),
        (lambda: nested(2), "uses a model within it more than once"),
    ],
    ids=["many", "one used many times", "nested"],
)
def test_networks_that_would_take_minutes_to_build_are_refused(
    tmp_path, monkeypatch, suffix, start, words
):
    path = model_files.saved(model_files.small_network(start()), tmp_path / f"model{suffix}")

    def asked(*args, **kwargs):
        raise AssertionError("Keras was asked to load it")

    monkeypatch.setattr(keras.models, "load_model", asked)
    refused(path, words)


@pytest.mark.parametrize("suffix", [".keras", pytest.param(".h5", marks=pytest.mark.slow)])
def test_a_hundred_layers_are_loaded_in_seconds(tmp_path, suffix):
    """Measured: 4 to 8 s of processor; 1,000 layers took over 147 s."""
    layers = [keras.layers.Dropout(0.1) for _ in range(inspection.MAX_LAYERS - 5)]
    path = model_files.saved(model_files.small_network(*layers), tmp_path / f"model{suffix}")
    start = time.process_time()
    assert load_network(path)(GREY).shape == (3, 10)
    assert time.process_time() - start < 30


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_few_weights_that_take_gigabytes_to_use_are_refused(tmp_path, suffix):
    layers = keras.layers.Conv2D(2000, 1), keras.layers.GlobalAveragePooling2D()
    network = keras.Sequential([keras.Input((28, 28, 1)), *layers, keras.layers.Dense(10)])
    refused(model_files.saved(network, tmp_path / f"model{suffix}"), "larger than any digit")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_weights_that_lead_to_no_numbers_are_refused(tmp_path, monkeypatch, suffix):
    network = model_files.small_network()
    network.layers[0].set_weights([np.full_like(w, 3e38) for w in network.layers[0].get_weights()])
    path = model_files.saved(network, tmp_path / f"model{suffix}")
    refused(path, "gives no probabilities")
    monkeypatch.setattr(loading, "BLACK_AND_WHITE", np.zeros((2, 28, 28), np.uint8))
    with pytest.raises(ModelError, match="gives no probabilities"):
        Recognizer(path).read(SAMPLES / "dark_on_light.png")


@pytest.mark.parametrize("scores", [range(10), [2, -1] + [0] * 8, [0.5] * 10, [0] * 10])
def test_scores_that_are_no_probabilities_are_refused(tmp_path, scores):
    network = model_files.small_network()
    network.layers[-1].activation = keras.activations.linear
    kernel, _ = network.layers[-1].get_weights()
    network.layers[-1].set_weights([kernel * 0, np.array(scores)])
    refused(model_files.saved(network, tmp_path / "model.keras"), "not a softmax")


@pytest.mark.parametrize(
    ("member", "method", "words"),
    [
        ("config.json", zipfile.ZIP_DEFLATED, "larger"),
        (WEIGHTS, zipfile.ZIP_DEFLATED, "larger"),
        ("config.json", zipfile.ZIP_BZIP2, "refused"),
        (WEIGHTS, zipfile.ZIP_LZMA, "refused"),
    ],
)
def test_what_unpacks_to_much_more_is_refused_before(plain, tmp_path, member, method, words):
    """In a few bytes, bzip2 and LZMA can hide gigabytes that no declared size bounds."""
    parts = model_files.members(plain[".keras"])
    parts[member] += bytes(inspection.MAX_BYTES)
    path = model_files.zipped(tmp_path / "model.keras", parts.items(), method)
    assert path.stat().st_size < 1_000_000
    del parts
    tracemalloc.start()
    try:
        refused(path, words)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '{"class_name": "Sequential", "config": ' + "[" * 100_000 + "]" * 100_000 + "}",
            "damaged",
        ),
        ('{"class_name": "Sequential", "config": ' + "[" * 900 + "]" * 900 + "}", "damaged"),
        (" " * 1_000_001 + "{}", "larger"),
        ("[]", "damaged"),
        ('"Lambda"', "damaged"),
        ("{}", "damaged"),
        ("", "damaged"),
        ("{" + "\u20ac" * 9, "damaged"),
    ],
    ids=["deep", "less deep", "long", "list", "string", "empty", "nothing", "no JSON"],
)
def test_odd_descriptions_are_refused(plain, tmp_path, suffix, text, words):
    path = tmp_path / f"model{suffix}"
    refused(model_files.described(plain[suffix], path, text), words)
