"""Broken files of every kind: exactly MNIST is found in them, or nothing, and a sentence says why.

`make test` tries a few hundred broken files, `make test-all` tens of thousands.
"""

import gzip
import io
import os
import shutil
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from digitlib.datasets import mirrors, mnist

BOMB = bytes(8_000_000)
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
FEW = 5_000_000  # bytes of memory while a bomb is looked at; the interpreter may take 4 itself


def npz(parts, method=zipfile.ZIP_STORED):
    """Return an archive as NumPy writes it; bytes go in as they are."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for part, array in parts.items():
            member = io.BytesIO(array if isinstance(array, bytes) else b"")
            if not isinstance(array, bytes):
                np.lib.format.write_array(member, array, allow_pickle=True)
            archive.writestr(f"{mnist.KERAS_NAMES[part]}.npy", member.getvalue())
    return file.getvalue()


def flip(path, rng):
    """Flip a few bits, half of the time near an end of the file, where the headers are."""
    content = bytearray(path.read_bytes())
    at = rng.choice(min(len(content), rng.choice([60, 700, 10**9])), rng.integers(1, 4), False)
    for i in -1 - at if rng.random() < 0.5 else at:
        content[i] ^= 1 << rng.integers(8)
    path.write_bytes(content)


def swap(path, rng):
    other = rng.choice(sorted(set(path.parent.iterdir()) - {path}))
    path.rename(path.with_name("aside"))
    other.rename(path)
    path.with_name("aside").rename(other)


def make_unreadable(path):
    path.unlink()
    if Path("/proc/self/mem").exists():
        path.symlink_to("/proc/self/mem")  # whose beginning not even root can read
    else:
        path.touch(0)


BREAK_FILE = {
    "flipped": flip,
    "truncated": lambda path, rng: os.truncate(path, rng.integers(path.stat().st_size)),
    "empty": lambda path, rng: path.write_bytes(b""),
    "a folder": lambda path, rng: (path.unlink(), path.mkdir()),
    "a pipe": lambda path, rng: (path.unlink(), os.mkfifo(path)),
    "unreadable": lambda path, rng: make_unreadable(path),
}
BREAK_IDX = BREAK_FILE | {
    "missing": lambda path, rng: path.unlink(),
    "swapped": swap,
    "doubled": lambda path, rng: path.write_bytes(path.read_bytes() * 2),
    "a bomb": lambda path, rng: path.write_bytes(gzip.compress(BOMB) if path.suffix else BOMB),
}
BREAK_ARRAY = {
    "shuffled": lambda array, rng: rng.permutation(array),
    "a pickle": lambda array, rng: np.array([{"a": 1}], object),
    "a bomb": lambda array, rng: BOMB,
    "no array": lambda array, rng: rng.bytes(rng.integers(99)),
    "signed": lambda array, rng: array.view(np.int8),
    "wider": lambda array, rng: array.astype(np.int64),
    "flat": lambda array, rng: array.ravel(),
}
HARMLESS = {"flipped", "signed", "flat"}  # all that counts may still be there, and be found


def right(parts):
    assert all(parts[part].dtype == np.uint8 for part in mnist.PARTS)
    return {part: mnist.digest(parts[part]) for part in mnist.PARTS} == mnist.MNIST_SHA256


@pytest.mark.parametrize("cases", [100, pytest.param(5_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("form", ["plain", "gzipped", "ZIP_STORED", "ZIP_DEFLATED"])
def test_broken_files(form, cases, small_mnist, write_idx, nowhere):
    folder = nowhere / "checkout" / "data" / "mnist"
    rng = np.random.default_rng(0)
    idx = form in ("plain", "gzipped")
    ways = ["shuffled", *BREAK_IDX] if idx else [*BREAK_ARRAY, "swapped", "missing", *BREAK_FILE]
    results = Counter()
    for case in range(cases):
        how, part = ways[case % len(ways)], mnist.PARTS[case // len(ways) % 4]
        shutil.rmtree(folder, ignore_errors=True)
        parts = dict(small_mnist)
        if how in BREAK_ARRAY and not (idx and how == "a bomb"):
            parts[part] = BREAK_ARRAY[how](parts[part], rng)
        if idx:
            write_idx(parts, folder, form == "gzipped")
            path = folder / (mnist.IDX_NAMES[part] + (".gz" if form == "gzipped" else ""))
        else:
            other = rng.choice([name for name in mnist.PARTS if name != part])
            if how == "swapped":
                parts[part], parts[other] = parts[other], parts[part]
            elif how == "missing":
                del parts[part]
            folder.mkdir(parents=True)
            path = folder / "mnist.npz"
            method = rng.choice(METHODS) if how == "a bomb" else getattr(zipfile, form)
            path.write_bytes(npz(parts, method))
        if how in (BREAK_IDX if idx else BREAK_FILE):
            BREAK_IDX[how](path, rng)
        results[look(how)] += 1
    print(f"{form}: {cases:,} cases, " + ", ".join(f"{n:,} {what}" for what, n in results.items()))
    assert form != "plain" or results["refused"] == cases


def look(how):
    """Look for MNIST, and at what is found."""
    cache = mirrors.user_cache()
    if how == "a bomb":
        tracemalloc.start()
    parts, _, problems = mnist.find(cache)
    if how == "a bomb":
        assert tracemalloc.get_traced_memory()[1] < FEW
        tracemalloc.stop()
    if parts is not None:
        assert right(parts) and how in HARMLESS, how
        return "intact"
    (sentence,) = problems
    assert sentence.startswith("Passed over ") and sentence.endswith("."), how
    assert "\n" not in sentence and ("-ubyte" in sentence or "mnist.npz" in sentence), how
    return "refused"
