"""Colab and Binder, imitated as far as one machine can: fresh environments, full installs."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
COLAB = ["ipykernel", "ipywidgets==7.7.1", "matplotlib", "numpy<2.4", "tensorflow", "pytest"]
# Runs the code cells of a notebook in one IPython that says it is Colab's; %pip included.
RUN_CELLS = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
class Shell(InteractiveShell):
    __module__ = "google.colab._shell"
shell = Shell.instance()
assert "google.colab" in str(shell)
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        source = "".join(cell["source"]).replace("git+" + sys.argv[2], sys.argv[3])
        if not shell.run_cell(source).success:
            sys.exit("failed: " + source[:200])
"""


def environment(folder: Path) -> Path:
    """Make a virtual environment, and return its Python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder / "bin" / "python"


def pip(python: Path, *arguments: str, **options) -> None:
    subprocess.run([python, "-m", "pip", "install", "-q", *arguments], check=True, **options)


def versions(python: Path) -> dict:
    code = (
        "import importlib.metadata as m, json;"
        "print(json.dumps({d.name: d.version for d in m.distributions()}))"
    )
    # Not from here: this folder's own metadata would count.
    done = subprocess.run([python, "-c", code], check=True, capture_output=True, cwd=python.parent)
    return json.loads(done.stdout)


@pytest.fixture
def tree(tmp_path):
    """Return a copy of what git has of this project."""
    copy = tmp_path / "tree"
    subprocess.run(["git", "clone", "-q", ROOT, copy], check=True)
    return copy


def test_colab(tmp_path, tree):
    python = environment(tmp_path / "colab")
    pip(python, *COLAB)
    before = versions(python)
    assert "digitlib" not in before
    home = tmp_path / "content"
    home.mkdir()
    for name in ("05_predict_your_own", "02_build_the_cnn"):
        subprocess.run(
            [python, "-c", RUN_CELLS, tree / "notebooks" / f"{name}.ipynb"]
            + [REPOSITORY, f"file://{tree}"],
            check=True,
            cwd=home,
            env=os.environ | {"DIGITLIB_OFFLINE": "1", "HOME": str(home)},
        )
    after = versions(python)
    assert "digitlib" in after
    for name in ("numpy", "tensorflow", "keras", "ipywidgets"):
        assert after[name] == before[name], name
    shutil.copy(tree / "tests" / "app" / "test_widgets.py", home)  # with ipywidgets 7.7
    subprocess.run([python, "-m", "pytest", "-q", "test_widgets.py"], check=True, cwd=home)


def test_binder(tmp_path, tree):
    builder = environment(tmp_path / "builder")
    pip(builder, "jupyter-repo2docker")
    done = subprocess.run(
        [builder.parent / "jupyter-repo2docker", "--no-build", "--debug", tree],
        capture_output=True,
        text=True,
        check=True,
    )
    recipe = done.stdout + done.stderr
    assert 'env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"' in recipe
    assert "RUN ./postBuild" in recipe
    lines = (tree / "environment.yml").read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip() == "- pip:")
    wanted = [line.strip()[2:] for line in lines[start + 1 :] if line.strip().startswith("- ")]
    assert any(line.startswith("-e .") for line in wanted)
    python = environment(tmp_path / "binder")
    pip(python, *" ".join(wanted).split(), cwd=tree)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["./postBuild"], check=True, cwd=tree, env=os.environ | {"PATH": path})
    assert len(list((tree / "my_notebooks").glob("0*.ipynb"))) == 5  # what the links open
    subprocess.run(
        [python, "notebooks/run.py"],
        check=True,
        cwd=tree,
        env=os.environ | {"DIGITLIB_OFFLINE": "1", "HOME": str(tmp_path)},
    )
