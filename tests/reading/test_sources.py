"""Which pictures are meant: folders, patterns, links, addresses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from digitlib.cli import main
from digitlib.files import SAMPLES
from digitlib.reading import find_pictures
from digitlib.reading.sources import open_source


def names(tmp_path, pattern):
    return [os.path.relpath(found, tmp_path) for found in find_pictures(str(tmp_path / pattern))]


@pytest.fixture
def tree(tmp_path):
    for name in ("a.png", "b/c.png", "b/d/e.JFIF", "b/d/f.avif", "b/._c.png", ".hidden/g.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_a_folders_pictures_are_found_without_what_macos_notes_beside_them(tree):
    assert sorted(names(tree, "b")) == ["b/c.png", "b/d/e.JFIF", "b/d/f.avif"]


def test_two_stars_go_into_no_linked_folder(tree):
    (tree / "b" / "up").symlink_to(tree)
    (tree / "b" / "self").symlink_to(tree / "b")
    assert names(tree, "**/*.png") == ["a.png", "b/c.png"]
    assert names(tree, "**/d/*") == ["b/d/e.JFIF", "b/d/f.avif"]
    assert names(tree, "b/**") == ["b/c.png", "b/d/e.JFIF", "b/d/f.avif"]
    assert names(tree, "**/b/**/*.avif") == ["b/d/f.avif"]
    assert names(tree, "?/**/*.png") == ["b/c.png"]


def test_relative_patterns_stay_relative(tree, monkeypatch):
    monkeypatch.chdir(tree)
    assert list(find_pictures("**/*.png")) == ["a.png", os.path.join("b", "c.png")]


def test_file_addresses_need_no_library(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    path = tmp_path / "a ü.png"
    path.write_bytes((SAMPLES / "dark_on_light.png").read_bytes())
    assert main(["predict", path.as_uri(), tmp_path.as_uri()]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [[str(path), "7"]] * 2
    assert open_source(path.as_uri()).size == (240, 240)


@pytest.mark.parametrize("output", [[], ["--output", "out.parquet"]])
@pytest.mark.parametrize(
    ("address", "module", "packages"),
    [
        ("https://example.org/7.png", "aiohttp", "fsspec aiohttp requests"),
        ("s3://bucket/x.png", "s3fs", "fsspec s3fs"),
        ("s3://bucket/*.png", "fsspec", "fsspec s3fs"),
    ],
)
def test_what_reaches_an_address_is_named_where_it_is_missing(
    address, module, packages, output, tmp_path
):
    code = (
        f"import sys; sys.modules[{module!r}] = None; from digitlib.cli import main; "
        "sys.exit(main(sys.argv[1:]))"
    )
    if module == "fsspec" and output:
        pytest.skip("the extra that --output needs has fsspec")
    command = [sys.executable, "-c", code, "predict", address, *output]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert f"{address} cannot be reached: " in done.stderr
    assert done.stderr.endswith(f"run: pip install {packages}\n")


def test_a_store_that_cannot_be_listed_is_said_in_a_sentence(capsys, monkeypatch):
    from fsspec.implementations.memory import MemoryFileSystem

    def fault(self, path):
        raise RuntimeError("no\ncredentials")

    monkeypatch.setattr(MemoryFileSystem, "isdir", fault)
    assert main(["predict", "memory://box"]) == 1
    said = capsys.readouterr().err
    assert said == "digitlib: memory://box cannot be listed: no credentials.\n"


def test_the_samples_are_found():
    assert sorted(Path(found).name for found in find_pictures(str(SAMPLES))) == sorted(
        path.name for path in SAMPLES.glob("*.*g")
    )
