import functools
import gzip
import hashlib
import http.server
import threading
import time

import numpy as np
import pytest

from digitlib import mnist


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


def damage(name):
    def truncate(content):
        return content[: len(content) // 2]

    def flip(content):
        return content[:-1] + bytes([content[-1] ^ 1])

    return {"truncated": truncate, "altered": flip, "empty": lambda content: b""}[name]


@pytest.mark.parametrize("part", mnist.PARTS)
@pytest.mark.parametrize("how", ["truncated", "altered", "empty"])
def test_damaged_files_are_never_data(small_mnist, write_idx, nowhere, part, how):
    folder = nowhere / "checkout" / "data" / "mnist"
    write_idx(small_mnist, folder, gzipped=False)
    path = folder / mnist.IDX_NAMES[part]
    path.write_bytes(damage(how)(path.read_bytes()))
    problems = []
    assert found(problems) is None
    assert len(problems) == 1 and mnist.IDX_NAMES[part] in problems[0]


def test_a_gzip_bomb_stays_packed(small_mnist, write_idx, nowhere):
    folder = nowhere / "checkout" / "data" / "mnist"
    write_idx(small_mnist, folder)
    with gzip.open(folder / "train-images-idx3-ubyte.gz", "wb", 1) as file:
        for _ in range(200):
            file.write(bytes(1_000_000))
    problems = []
    assert found(problems) is None
    assert "does not hold" in problems[0]


def test_a_pickle_in_an_npz_is_not_loaded(small_mnist, nowhere):
    folder = nowhere / "checkout" / "data" / "mnist"
    folder.mkdir(parents=True)
    np.savez(folder / "mnist.npz", x_train=np.array([{"a": 1}], dtype=object))
    problems = []
    assert found(problems) is None
    assert len(problems) == 1


class Mirror(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def mirrors(small_mnist, write_idx, nowhere, monkeypatch):
    """Two mirrors on loopback; the first serves the folder bad/, the second the folder good/."""
    monkeypatch.delenv("DIGITLIB_OFFLINE")
    write_idx(small_mnist, nowhere / "good")
    write_idx(small_mnist, nowhere / "bad")
    files = {
        f"{name}.gz": hashlib.sha256((nowhere / "good" / f"{name}.gz").read_bytes()).hexdigest()
        for name in mnist.IDX_NAMES.values()
    }
    handler = functools.partial(Mirror, directory=str(nowhere))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(mnist, "MIRRORS", ((f"{base}/bad/", files), (f"{base}/good/", files)))
    yield nowhere, base
    server.shutdown()
    server.server_close()


def test_download_from_the_first_mirror(mirrors, small_mnist):
    parts, source = mnist.download([])
    assert same(parts, small_mnist) and source.endswith("/bad/")
    assert same(found()[0], small_mnist), "the download is kept for the next time"


@pytest.mark.parametrize("how", ["truncated", "altered", "empty"])
def test_a_wrong_file_sends_on_to_the_next_mirror(mirrors, small_mnist, how):
    folder, _ = mirrors
    path = folder / "bad" / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(damage(how)(path.read_bytes()))
    problems = []
    parts, source = mnist.download(problems)
    assert same(parts, small_mnist) and source.endswith("/good/")
    assert len(problems) == 1 and "/bad/" in problems[0]


def test_no_network_is_quick_and_said(mirrors, monkeypatch):
    monkeypatch.setattr(
        mnist, "MIRRORS", (("http://127.0.0.1:9/", {}), ("http://127.0.0.1:1/", {}))
    )
    problems = []
    start = time.monotonic()
    assert mnist.download(problems) is None
    assert time.monotonic() - start < 10
    assert "reached" in problems[0]


def test_offline_forbids_the_download(mirrors, monkeypatch):
    monkeypatch.setenv("DIGITLIB_OFFLINE", "1")
    problems = []
    assert mnist.download(problems) is None
    assert "DIGITLIB_OFFLINE" in problems[0]


def test_a_cache_that_cannot_be_written_to_costs_nothing_but_the_keeping(mirrors, small_mnist):
    cache = mnist.user_cache()
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text("a file in the way")
    problems = []
    parts, _ = mnist.download(problems)
    assert same(parts, small_mnist)
    assert len(problems) == 1 and "not kept" in problems[0]
