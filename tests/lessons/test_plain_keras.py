"""What `import keras` gives after `import digitlib.lessons`, whatever a machine's settings are."""

import json
import os
import subprocess
import sys

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
        done = run(first + SETTINGS, other_settings(tmp_path))
        assert (done.stdout, done.stderr) == (EXPECTED, "")


def test_the_lessons_settle_it_without_loading_keras():
    code = "import digitlib.lessons, importlib.util, sys; importlib.util.find_spec('keras');"
    done = run(code + "print({'keras', 'tensorflow'} & set(sys.modules))", os.environ)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_a_keras_that_computes_with_something_else_is_refused():
    code = "import keras; keras.config.backend = lambda: 'jax'; import digitlib.lessons"
    done = run(code, os.environ | {"KERAS_BACKEND": "tensorflow"})
    assert "Keras was imported with the backend 'jax'" in done.stderr
