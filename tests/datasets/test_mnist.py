import numpy as np
import pytest

from digitlib.datasets import mnist


def found(problems=None):
    return mnist.find([] if problems is None else problems)


def same(parts, others):
    return all(np.array_equal(parts[name], others[name]) for name in mnist.PARTS)


def test_idx_bytes_are_the_published_format():
    array = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    assert mnist.idx_bytes(array) == bytes(
        [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 2, 3, 4, 5]
    )


@pytest.mark.parametrize("gzipped", [True, False])
def test_idx_files_are_found_plain_and_gzipped(
    small_mnist, write_idx, nowhere, monkeypatch, gzipped
):
    write_idx(small_mnist, nowhere / "mine" / "mnist", gzipped)
    monkeypatch.setenv("DIGITLIB_DATA", str(nowhere / "mine"))
    parts, source = found()
    assert same(parts, small_mnist)
    assert source == str(nowhere / "mine" / "mnist")


def test_keras_npz_is_found_where_keras_leaves_it(small_mnist, nowhere):
    folder = nowhere / "home" / ".keras" / "datasets"
    folder.mkdir(parents=True)
    keras_names = {mnist.KERAS_NAMES[part]: array for part, array in small_mnist.items()}
    np.savez(folder / "mnist.npz", **keras_names)
    assert same(found()[0], small_mnist)


def test_the_named_folder_comes_first(small_mnist, write_idx, nowhere, monkeypatch):
    write_idx(small_mnist, nowhere / "checkout" / "data" / "mnist")
    write_idx(small_mnist, nowhere / "mine")
    monkeypatch.setenv("DIGITLIB_DATA", str(nowhere / "mine"))
    assert found()[1] == str(nowhere / "mine")


def test_a_relative_folder_is_an_error(small_mnist, monkeypatch):
    monkeypatch.setenv("DIGITLIB_DATA", "somewhere")
    with pytest.raises(ValueError, match="relative path"):
        found()
