"""The reader's copies of the notebooks, which `make lab` and Binder open."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IGNORED = shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__", "*.keras")


@pytest.fixture
def tree(tmp_path):
    """Return a folder with the notebooks of this project in it, and nothing else."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=IGNORED)
    return tmp_path


def start(tree):
    """Make the copies as `make lab` does; return what it says."""
    command = [sys.executable, tree / "notebooks" / "serve.py", "copies"]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout


def change(path, text):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][0]["source"] = text
    path.write_text(json.dumps(notebook), encoding="utf-8")


def sources(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [(c.get("id"), "".join(c["source"]), c["metadata"]) for c in cells]


def test_the_copies_have_the_text_and_the_code_and_no_outputs(tree):
    assert start(tree) == ""
    paths = sorted((tree / "notebooks").glob("0*.ipynb"))
    assert len(paths) == 5
    for path in paths:
        copy = tree / "my_notebooks" / path.name
        assert sources(copy) == sources(path)
        cells = json.loads(copy.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert code and all(c["outputs"] == [] and c["execution_count"] is None for c in code)


def test_what_the_notebooks_link_to_is_there_too(tree):
    start(tree)
    for path in (tree / "my_notebooks").rglob("*.ipynb"):
        for _, source, _ in sources(path):
            for target in re.findall(r"\]\(([^):#]+)\)", source):
                assert (path.parent / target).exists(), f"{path.name} links to {target}"
    answers = (tree / "my_notebooks" / "answers" / "01_answers.ipynb").read_text(encoding="utf-8")
    assert "image/png" in answers  # answers are to be read: they keep their outputs


def test_nothing_of_the_readers_is_changed_and_what_is_missing_comes_back(tree):
    start(tree)
    mine = tree / "my_notebooks"
    change(mine / "01_explore_the_data.ipynb", "my own text")
    (mine / "images" / "pad.png").write_bytes(b"mine")
    (mine / "my_digits").mkdir()
    (mine / "02_build_the_cnn.ipynb").write_text("no longer a notebook")
    (mine / "03_train_the_cnn.ipynb").unlink()
    kept = {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()}
    said = start(tree)
    assert {path: path.read_bytes() for path in kept} == kept
    assert (mine / "03_train_the_cnn.ipynb").exists()
    assert "01_" not in said and "03_" not in said


def test_one_line_says_what_is_newer_in_the_book_and_how_to_get_it(tree):
    start(tree)
    book, mine = tree / "notebooks", tree / "my_notebooks"
    name = "01_explore_the_data.ipynb"
    before = (mine / name).read_bytes()
    change(book / name, "# 1. Explore the data, rewritten")
    said = start(tree)
    assert said.count("\n") == 1 and name in said and "rename" in said
    assert said.count(".ipynb") == 1
    assert (mine / name).read_bytes() == before
    (mine / name).rename(mine / "my_old_first.ipynb")  # as the line says
    assert start(tree) == ""
    assert sources(mine / name)[0][1] == "# 1. Explore the data, rewritten"
    assert (mine / "my_old_first.ipynb").read_bytes() == before


def test_new_outputs_alone_make_no_newer_version(tree):
    start(tree)
    path = tree / "notebooks" / "01_explore_the_data.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert start(tree) == ""


def test_git_ignores_the_copies_and_a_pull_leaves_them(tree):
    def git(*arguments, cwd=tree):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True, env=clean
        )
        return done.stdout.decode()

    shutil.copy(ROOT / ".gitignore", tree)
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "the book")
    reader = tree / "reader"
    git("clone", "-q", tree, reader)
    start(reader)
    change(reader / "my_notebooks" / "01_explore_the_data.ipynb", "my work")
    mine = (reader / "my_notebooks" / "01_explore_the_data.ipynb").read_bytes()
    assert git("status", "--porcelain", cwd=reader) == ""
    change(tree / "notebooks" / "01_explore_the_data.ipynb", "# 1. A newer book")
    git("commit", "-qam", "newer")
    git("pull", "-q", "--ff-only", cwd=reader)
    assert "01_explore_the_data.ipynb" in start(reader)
    assert (reader / "my_notebooks" / "01_explore_the_data.ipynb").read_bytes() == mine
