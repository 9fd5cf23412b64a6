"""What `import keras` gives after `import digitlib.lessons`, whatever a machine's settings are."""

import json
import os
import subprocess
import sys

import pytest

SETTINGS = """
import keras
import matplotlib.pyplot as plt
layer = keras.layers.Conv2D(1, 3)
print(keras.config.backend(), keras.config.image_data_format(), keras.config.floatx())
print(keras.config.epsilon(), layer.data_format, layer.compute_dtype, plt.rcParams["figure.dpi"])
print(float(keras.ops.sum(keras.ops.ones(3))))
"""
EXPECTED = "tensorflow channels_last float32\n1e-07 channels_last float32 144.0\n3.0\n"


def other_settings(folder):
    """Return an environment in which Keras would compute with JAX, in another order and type."""
    strange = {"floatx": "float16", "image_data_format": "channels_first", "epsilon": 0.5}
    (folder / "keras.json").write_text(json.dumps(strange | {"backend": "jax"}))
    return os.environ | {"KERAS_BACKEND": "jax", "KERAS_HOME": str(folder)}


def run(code, environment):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_keras_has_the_same_settings_everywhere_and_comes_in_silence(tmp_path):
    for first in ("import digitlib.lessons", "import digitlib.models.backend, digitlib.lessons"):
        done = run(first + SETTINGS, os.environ | {"KERAS_HOME": str(tmp_path / "none")})
        assert (done.stdout, done.stderr) == (EXPECTED, "")


@pytest.mark.slow
def test_what_another_project_has_set_is_named_in_one_line(tmp_path):
    where = f" in {tmp_path / 'keras.json'}"
    set_aside = ": set aside, as digitlib always uses TensorFlow and Keras's own settings.\n"
    for first in ("import digitlib.lessons", "import digitlib.models.backend, digitlib.lessons"):
        done = run(first + SETTINGS, other_settings(tmp_path))
        in_file = f"image_data_format=channels_first, floatx=float16, epsilon=0.5{where}"
        said = f"digitlib: KERAS_BACKEND=jax, {in_file}{set_aside}"
        assert (done.stdout, done.stderr) == (EXPECTED, said)
    for given, said in (
        ('{"backend": "torch"}', f"digitlib: backend=torch{where}{set_aside}"),
        ('{"floatx": "float32", "epsilon": 1e-07, "backend": "tensorflow"}', ""),
        ("{broken", ""),
    ):
        environment = other_settings(tmp_path)
        del environment["KERAS_BACKEND"]
        (tmp_path / "keras.json").write_text(given)
        done = run("from digitlib.models.settings import settle; settle(); settle()", environment)
        assert done.stderr == said


@pytest.mark.parametrize("given", ["[1]", '{"floatx": "float99"}', '{"epsilon": "small"}'])
def test_settings_that_keras_would_end_with_are_said_in_a_sentence(tmp_path, given):
    (tmp_path / "keras.json").write_text(given)
    command = [sys.executable, "-m", "digitlib", "train", "--epochs", "1"]
    environment = os.environ | {"KERAS_HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    said = f"digitlib: Keras cannot start with what {tmp_path / 'keras.json'} says; "
    assert done.returncode == 1
    assert done.stderr == f"{said}delete that file, and Keras writes a new one.\n"


@pytest.mark.slow
def test_a_limit_for_trying_a_program_does_not_end_a_training(tmp_path):
    """Keras 3.15 has two such settings."""
    code = (
        "import digitlib.lessons, keras, numpy as np\n"
        "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "done = model.fit(np.ones((8, 2)), np.ones(8), batch_size=2, epochs=3, verbose=0)\n"
        "print(len(done.history['loss']), int(model.optimizer.iterations))"
    )
    limits = {"KERAS_MAX_EPOCHS": "1", "KERAS_MAX_STEPS_PER_EPOCH": "2"}
    done = run(code, os.environ | limits | {"KERAS_HOME": str(tmp_path)})
    assert done.stdout == "3 12\n"
    assert done.stderr.startswith("digitlib: KERAS_MAX_EPOCHS=1, KERAS_MAX_STEPS_PER_EPOCH=2: set")
    assert done.stderr.count("\n") == 1


def test_the_lessons_settle_it_without_loading_keras():
    code = "import digitlib.lessons, importlib.util, sys; importlib.util.find_spec('keras');"
    done = run(code + "print({'keras', 'tensorflow'} & set(sys.modules))", os.environ)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_a_keras_that_computes_with_something_else_is_refused():
    code = "import keras; keras.config.backend = lambda: 'jax'; import digitlib.lessons"
    done = run(code, os.environ | {"KERAS_BACKEND": "tensorflow"})
    assert "Keras was imported with the backend 'jax'" in done.stderr
