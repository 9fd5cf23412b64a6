"""Models that are cut, flipped or not for us: one clear sentence, or a network that works.

`make test` tries a few dozen mutated files, `make test-all` thousands.
"""

import os
import random
import time
from collections import Counter
from pathlib import Path

import model_files
import numpy as np
import pytest
from model_files import WEIGHTS, refused

from digitlib.errors import ModelError
from digitlib.files import SHIPPED_MODEL
from digitlib.models import sandbox
from digitlib.models.backend import keras, tf
from digitlib.models.loading import load_network

GREY = np.full((3, 28, 28), 100, np.uint8)
EXTREMES = (0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


def lite(path, function, *inputs, flex=False):
    """Convert a function, of inputs of such shapes and types, for LiteRT."""
    specs = [tf.TensorSpec(shape, dtype) for shape, dtype in inputs]
    concrete = tf.function(function, input_signature=specs).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    if flex:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.SELECT_TF_OPS]
    path.write_bytes(converter.convert())
    return path


def ten(images):
    return tf.nn.softmax(tf.reshape(tf.cast(images, tf.float32), (-1, 784))[:, :10])


def test_other_networks_for_litert_are_refused(tmp_path):
    path, image = tmp_path / "model.tflite", (None, 28, 28, 1)
    assert load_network(lite(path, ten, (image, tf.float32)))(GREY).shape == (3, 10)
    refused(lite(path, ten, (image, tf.uint8)), "does not compute in float32")
    refused(lite(path, ten, ((None, 32, 32, 3), tf.float32)), r"takes .*expected one image")
    refused(lite(path, lambda x: ten(x)[:, :7], (image, tf.float32)), "expected 10 probabilities")
    refused(lite(path, lambda x: (ten(x), ten(x + 1)), (image, tf.float32)), "expected 10 prob")
    twice = lite(path, lambda x: tf.concat([ten(x), ten(x)], 0), (image, tf.float32))
    refused(twice, "no probabilities")
    two = (image, tf.float32), (image, tf.float32)
    refused(lite(path, lambda x, y: ten(x + y), *two), "expected one image")
    refused(lite(path, lambda x: tf.reshape(ten(x), (1, 10)), (image, tf.float32)), "damaged")
    refused(
        lite(path, lambda x: ten(tf.sin(x)), (image, tf.float32), flex=True), "none of the plain"
    )


def grey(images):
    """Return where pixels are grey: nowhere in the trial's images, which are black and white."""
    return tf.cast(tf.abs(images - 0.4) < 0.1, tf.float32)


def endless(images):
    still = tf.while_loop(lambda x: tf.reduce_max(grey(images)) > 0, lambda x: [x], [images])
    return ten(still[0])


def branching(images):
    return ten(tf.cond(tf.reduce_max(grey(images)) > 0, lambda: images, lambda: images + 1))


def trapping(images):
    """Divide by 0 where a pixel is grey, and by 1 elsewhere, in integers."""
    divisor = 1 - tf.cast(grey(images), tf.int32)
    return ten(images + tf.cast(tf.constant(7) % divisor, tf.float32))


def filling(images):
    """Take 40 GB for an image that is all grey."""
    count = 1 + tf.cast(tf.reduce_sum(grey(images)) * 1.2e7, tf.int32)
    return ten(images + tf.reduce_sum(tf.fill([count], images[0, 0, 0, 0])))


@pytest.mark.parametrize("harm", [endless, branching, trapping, filling])
def test_what_an_image_could_make_hang_crash_or_fill_memory_is_refused(tmp_path, harm):
    path = lite(tmp_path / "model.tflite", harm, ((None, 28, 28, 1), tf.float32))
    refused(path, "was refused: it computes what none of the plain layers")


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".tflite"])
def test_names_with_newlines_and_emoji_links_pipes_folders_and_two_gigabytes(tmp_path, suffix):
    for name in (f"a\nb{suffix}", f"\U0001f642{suffix}", f"-rf{suffix}", f" {suffix}"):
        (tmp_path / name).write_bytes(b"this is no model" * 100)
        refused(tmp_path / name, "is damaged")
    path = tmp_path / f"model{suffix}"
    with path.open("wb") as file:
        file.truncate(2**31)
    refused(path, "larger than any digit network")
    for make in (os.mkfifo, os.mkdir, lambda p: p.symlink_to(p), lambda p: None):
        path.unlink()
        make(path)
        refused(path, "no model file")
        if path.is_dir():
            path.rmdir()
            path.touch()
    path = tmp_path / f"empty{suffix}"
    path.touch()
    refused(path, "is damaged")


def test_a_file_that_may_not_be_read_is_refused(monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, how: False)  # the tests' user may be root
    refused(SHIPPED_MODEL, "You may not read")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os.kill(os.getpid(), 11)", "is damaged: it cannot be opened"),
        ("while True: pass", "is damaged: reading it never ends"),
        ("bytearray(10**10)", "is damaged: it cannot be opened"),
    ],
)
def test_a_file_that_crashes_or_stops_or_fills_what_reads_it_is_refused(
    tmp_path, monkeypatch, code, words
):
    """What such a file does to a native library, done without one."""
    limits = Path(sandbox.__file__).read_text().split("    given, ")[0]
    script = tmp_path / "trial.py"
    script.write_text(f"{limits}    {code}\n")
    monkeypatch.setattr(sandbox, "__file__", str(script))
    monkeypatch.setattr(sandbox, "SECONDS", 2)
    path = tmp_path / "model.tflite"
    path.write_bytes(SHIPPED_MODEL.read_bytes())
    refused(path, words)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Return a copy that is cut, or has bits flipped, or extreme numbers in it."""
    copy = bytearray(content)
    how = chance.choice(["cut", "flip", "flip", "extreme"])
    for _ in range(chance.choice([1, 3, 30])):
        at = chance.randrange(len(copy))
        # Structure lies at both ends, weights between them, where a flip does little.
        at = chance.choice([at, at % 4000, len(copy) - 1 - at % 4000]) % len(copy)
        if how == "flip":
            copy[at] ^= 1 << chance.randrange(8)
        elif how == "extreme":
            copy[at : at + 4] = chance.choice(EXTREMES).to_bytes(4, "little")
    return bytes(copy[: chance.randrange(len(copy))] if how == "cut" else copy)


def mutated_model(path: Path, into: Path, chance: random.Random) -> Path:
    """Mutate a file, or one within a `.keras` file, whose checksum is then right."""
    if path.suffix == ".keras" and chance.random() < 0.8:
        parts = model_files.members(path)
        name = chance.choice(["config.json", WEIGHTS, WEIGHTS])
        parts[name] = mutated(parts[name], chance)
        return model_files.zipped(into, parts.items())
    into.write_bytes(mutated(path.read_bytes(), chance))
    return into


@pytest.mark.parametrize("cases", [12, pytest.param(2000, marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore")  # Keras and NumPy on odd numbers
def test_mutated_models_are_refused_or_work(tmp_path, cases):
    keras.utils.set_random_seed(0)
    network = model_files.small_network()
    originals = [model_files.saved(network, tmp_path / f"plain{s}") for s in (".keras", ".h5")]
    originals.append(SHIPPED_MODEL)
    worked, slowest = Counter(), 0.0
    for case in range(cases):
        original = originals[case % len(originals)]
        chance = random.Random(case)
        path = mutated_model(original, tmp_path / f"model{original.suffix}", chance)
        start = time.monotonic()
        try:
            probs = load_network(path)(GREY)
        except ModelError as error:
            model_files.is_a_sentence(error)
        else:
            assert probs.shape in ((3, 10), (3, 11)) and np.isfinite(probs).all()
            worked[original.suffix] += 1
        slowest = max(slowest, time.monotonic() - start)
    print(
        f"{cases:,} mutated models: {dict(worked)} worked, the others were refused; "
        f"slowest {slowest:.1f} s"
    )
    assert worked and sum(worked.values()) < cases and slowest < 5 * sandbox.SECONDS
