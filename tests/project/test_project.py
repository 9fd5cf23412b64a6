"""What the files beside the code promise to each other."""

import csv
import re
import tomllib
from pathlib import Path

import nbformat
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REPOSITORY = PROJECT["urls"]["Repository"]
OWNER_AND_NAME = REPOSITORY.removeprefix("https://github.com/")


def test_badges_open_this_repositorys_notebooks():
    readme = (ROOT / "README.md").read_text()
    badges = re.findall(
        r"https://(?:colab\.research\.google\.com/github|mybinder\.org/v2)[^)\s]*", readme
    )
    assert len(badges) == 10
    assert all(OWNER_AND_NAME in badge for badge in badges)
    named = set(re.findall(r"notebooks(?:/|%2F)(\w+\.ipynb)", " ".join(badges)))
    assert named == {path.name for path in (ROOT / "notebooks").glob("0*.ipynb")}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("0*.ipynb")), ids=lambda p: p.stem
)
def test_first_cells_install_from_this_repository_and_keep_what_is_there(path):
    notebook = nbformat.read(path, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code").source
    assert f'repository = "{REPOSITORY}"' in first and "@ git+{repository}" in first
    assert '"numpy", "tensorflow", "keras"' in first and "-c kept.txt" in first


def test_versions_stand_in_pyproject_alone():
    assert (ROOT / "requirements.txt").read_text().strip() == "-e .[all]"
    environment = (ROOT / "environment.yml").read_text()
    assert "-e .[all]" in environment
    assert not re.search(r"(tensorflow|numpy|jupyterlab)", environment)


def test_the_packages_version_is_pyprojects():
    import digitlib

    assert digitlib.__version__ == PROJECT["version"]


def test_samples_of_package_and_data_folder_are_the_same():
    inside, outside = ROOT / "digitlib" / "samples", ROOT / "data" / "samples"
    names = sorted(path.name for path in inside.iterdir())
    assert names == sorted(path.name for path in outside.iterdir())
    for name in names:
        assert (inside / name).read_bytes() == (outside / name).read_bytes()
    listed = [row["path"] for row in csv.DictReader((inside / "labels.csv").open())]
    assert sorted([*listed, "labels.csv"]) == names
    assert all(Image.open(inside / name).size for name in listed)


def test_modules_are_short():
    for path in (ROOT / "digitlib").glob("*.py"):
        assert len(path.read_text().splitlines()) <= 250, path.name
