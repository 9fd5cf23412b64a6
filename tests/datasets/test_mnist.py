import numpy as np
import pytest

from digitlib.datasets import mirrors, mnist


def found():
    return mnist.find(mirrors.user_cache())


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
    parts, source, problems = found()
    assert same(parts, small_mnist) and problems == []
    assert source == str(nowhere / "mine" / "mnist")


def test_keras_npz_is_found_where_keras_leaves_it(small_mnist, nowhere):
    folder = nowhere / "home" / ".keras" / "datasets"
    folder.mkdir(parents=True)
    keras_names = {mnist.KERAS_NAMES[part]: array for part, array in small_mnist.items()}
    np.savez(folder / "mnist.npz", **keras_names)
    assert same(found().parts, small_mnist)


def test_the_named_folder_comes_first(small_mnist, write_idx, nowhere, monkeypatch):
    write_idx(small_mnist, nowhere / "checkout" / "data" / "mnist")
    write_idx(small_mnist, nowhere / "mine")
    monkeypatch.setenv("DIGITLIB_DATA", str(nowhere / "mine"))
    assert found().source == str(nowhere / "mine")


def test_a_relative_folder_is_an_error(small_mnist, monkeypatch):
    monkeypatch.setenv("DIGITLIB_DATA", "somewhere")
    with pytest.raises(ValueError, match="relative path"):
        found()


@pytest.mark.parametrize("what", ["nothing", "a file", "an empty folder"])
def test_a_folder_that_points_nowhere_is_named(what, small_mnist, write_idx, nowhere, monkeypatch):
    place = nowhere / "mine"
    if what == "a file":
        place.touch()
    elif what == "an empty folder":
        place.mkdir()
    monkeypatch.setenv("DIGITLIB_DATA", str(place))
    said = f"DIGITLIB_DATA is {place}, where there is no MNIST."
    assert found() == (None, "", [said])
    write_idx(small_mnist, nowhere / "checkout" / "data" / "mnist")
    assert found().parts is not None and found().problems == [said]


def test_what_torchvision_downloads_is_found_in_the_folder_that_is_named(
    small_mnist, write_idx, nowhere, monkeypatch
):
    write_idx(small_mnist, nowhere / "mine" / "MNIST" / "raw")
    monkeypatch.setenv("DIGITLIB_DATA", str(nowhere / "mine"))
    assert found().source == str(nowhere / "mine" / "MNIST" / "raw") and found().problems == []


def test_the_repositorys_own_folder_is_looked_at():
    assert (mnist.CHECKOUT / "pyproject.toml").is_file()


def test_what_was_passed_over_is_told_with_what_was_found(
    small_mnist, write_idx, nowhere, monkeypatch
):
    write_idx(small_mnist, nowhere / "checkout" / "data" / "mnist")
    (nowhere / "mine").mkdir()
    (nowhere / "mine" / "mnist.npz").write_text("not an archive")
    monkeypatch.setenv("DIGITLIB_DATA", str(nowhere / "mine"))
    parts, source, problems = found()
    assert same(parts, small_mnist) and source.startswith(str(nowhere / "checkout"))
    assert len(problems) == 1 and problems[0].startswith(
        f"Passed over {nowhere / 'mine'}: mnist.npz"
    )


def test_nothing_is_found_where_nothing_is(nowhere):
    assert found() == (None, "", [])
