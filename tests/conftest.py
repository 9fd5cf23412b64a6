"""Small data that tests make for themselves, and a place without anybody's files."""

import gzip

import numpy as np
import pytest

from digitlib.datasets import mnist
from digitlib.datasets.digits import load_digits
from digitlib.lessons import exercises

LONG = 900  # seconds for a test that is slow or drives a browser; pyproject.toml has the others'


def pytest_collection_modifyitems(items):
    for item in items:
        markers = {marker.name for marker in item.iter_markers()}
        if markers & {"slow", "browser"} and "timeout" not in markers:
            item.add_marker(pytest.mark.timeout(LONG))


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No MNIST on the machine, and no network: whatever there really is stays out of sight."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("DIGITLIB_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("DIGITLIB_OFFLINE", "1")
    monkeypatch.setattr(mnist, "CHECKOUT", tmp_path / "checkout")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small_mnist(nowhere, monkeypatch):
    """Four small arrays that count as MNIST while the test runs."""
    rng = np.random.default_rng(0)
    parts = {
        "train_images": rng.integers(0, 256, (60, 28, 28), dtype=np.uint8),
        "train_labels": rng.integers(0, 10, 60, dtype=np.uint8),
        "test_images": rng.integers(0, 256, (20, 28, 28), dtype=np.uint8),
        "test_labels": rng.integers(0, 10, 20, dtype=np.uint8),
    }
    monkeypatch.setattr(mnist, "SHAPES", {name: array.shape for name, array in parts.items()})
    digests = {name: mnist.digest(array) for name, array in parts.items()}
    monkeypatch.setattr(mnist, "MNIST_SHA256", digests)
    return parts


@pytest.fixture
def write_idx():
    """Return a function that writes parts as IDX files into a folder, gzipped or plain."""

    def write(parts, folder, gzipped=True):
        folder.mkdir(parents=True, exist_ok=True)
        for part, name in mnist.IDX_NAMES.items():
            content = mnist.idx_bytes(parts[part])
            if gzipped:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
            else:
                (folder / name).write_bytes(content)

    return write


@pytest.fixture
def said(capsys):
    """Return a function that gives an answer and returns what the check says, on the stand-in."""
    standing_in = load_digits("uci")

    def say(name, answer, digits=standing_in):
        exercises.check(name, answer, digits)
        return capsys.readouterr().out.strip()

    return say
