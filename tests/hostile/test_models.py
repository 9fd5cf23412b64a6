"""Models that carry code, name strange things, or unpack to gigabytes: refused, nothing executed.

Each payload is built for real, and a test shows which of them run where Keras loads them alone.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import model_files
import numpy as np
import payloads
import pytest
from model_files import refused
from payloads import EVIL, FILES, function

from digitlib.models import sandbox
from digitlib.models.backend import keras
from digitlib.models.loading import load_network

BLACK = np.zeros((1, 28, 28), np.uint8)
OLD = tuple(int(n) for n in keras.__version__.split(".")[:2]) < (3, 9)  # before CVE-2025-1550


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with every payload, and a plain model of each kind under "plain"."""
    return payloads.written(tmp_path_factory.mktemp("payloads"))


@pytest.fixture
def never(folder, monkeypatch):
    """Let the strange modules be found, and Keras not be asked; yield where a payload leaves word.

    What refuses these files is their description, so the trial in another process is left out.
    """

    def asked(*args, **kwargs):
        raise AssertionError("Keras was asked to load it")

    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(keras.models, "load_model", asked)
    monkeypatch.setattr(sandbox, "check", lambda *arguments: None)
    return folder / "ran"


@pytest.mark.parametrize("name", FILES)
def test_what_carries_code_is_refused_before_keras_sees_it(folder, never, name):
    refused(folder / name)
    assert not never.exists() and "evil" not in sys.modules


LOAD_EACH = """
import json, sys
from pathlib import Path
from digitlib.models.backend import keras
folder = Path(sys.argv[1])
sys.path.insert(0, str(folder))
found = {}
for path in sorted(folder.glob("*.keras")) + sorted(folder.glob("*.h5")):
    for safe in (True, False)[: 1 + (path.stem == "lambda")]:  # on others it has no effect
        try:
            keras.models.load_model(path, safe_mode=safe)
        except Exception:
            pass
        if (folder / "ran").exists():
            found.setdefault(path.name, []).append("safe" if safe else "unsafe")
            (folder / "ran").unlink()
        for name in ("evil", "keras_core", "keras_core.layers"):
            sys.modules.pop(name, None)
print(json.dumps(found))
"""


@pytest.mark.slow
def test_payloads_run_where_keras_loads_them_alone(folder):
    done = subprocess.run(
        [sys.executable, "-c", LOAD_EACH, folder], capture_output=True, text=True, check=True
    )
    ran = json.loads(done.stdout.splitlines()[-1])
    safely = [name for name, modes in ran.items() if "safe" in modes]
    print(
        f"Keras {keras.__version__} alone runs {len(ran)} of {len(FILES)} payloads, "
        f"{len(safely)} of them in its safe mode; digitlib runs none: {ran}"
    )
    assert {"lambda.keras", "lambda.h5"} <= set(ran)
    if OLD:
        known = ("function as a layer", "compile_config of a part", "pickled weights")
        assert {*(f"{name}.keras" for name in known), "lambda.h5"} <= set(safely)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_how_a_model_was_compiled_is_not_loaded(folder, tmp_path, monkeypatch, suffix):
    monkeypatch.syspath_prepend(folder)
    plain = folder / "plain" / f"model{suffix}"
    loss = {"optimizer": "sgd", "loss": function("evil", "run"), "metrics": [EVIL]}
    path = model_files.changed(
        plain, tmp_path / plain.name, lambda model: model.update(compile_config=loss)
    )
    assert np.array_equal(load_network(path)(BLACK), load_network(plain)(BLACK))
    assert not (folder / "ran").exists()


def test_of_a_key_given_twice_the_same_one_is_judged_and_loaded(folder, tmp_path):
    plain = folder / "plain" / "model.keras"
    text = model_files.description(plain).replace(
        '"class_name": "Dense"', '"class_name": "Lambda", "class_name": "Dense"'
    )
    path = model_files.described(plain, tmp_path / "model.keras", text)
    assert np.array_equal(load_network(path)(BLACK), load_network(plain)(BLACK))


STRANGE = {
    "another folder": [("../../evil", b"")],
    "the root": [("/evil", b"")],
    "assets": [("assets/vocabulary.txt", b"")],
    "description twice": [("config.json", b"{}")],
    "weights twice": [(model_files.WEIGHTS, b"")],
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("first", [True, False])
def test_strange_archives_are_refused(folder, never, tmp_path, name, first):
    parts = list(model_files.members(folder / "plain" / "model.keras").items())
    parts = STRANGE[name] + parts if first else parts + STRANGE[name]
    path = model_files.zipped(tmp_path / "model.keras", parts)
    refused(path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_an_old_keras_runs_nothing_either(tmp_path):
    """Keras 3.8, the oldest that digitlib works with, has none of the guards that came since."""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "old"], check=True)
    python = tmp_path / "old" / "bin" / "python"
    packages = ["keras==3.8.0", "tensorflow==2.18.1", "ai-edge-litert", "pillow", "scipy", "pytest"]
    subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
    for name in ("models", "damaged_models", "mutated_models"):
        shutil.copy(Path(__file__).with_name(f"test_{name}.py"), tmp_path)
    for name in ("model_files.py", "payloads.py"):
        shutil.copy(root / "tests" / "helpers" / name, tmp_path)
    subprocess.run(
        [python, "-m", "pytest", "-q", "-rs", "-rP", "-m", "not slow", tmp_path],
        check=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
