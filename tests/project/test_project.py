"""What the files beside the code promise to each other."""

import csv
import importlib.metadata
import os
import re
import tomllib
from pathlib import Path

from PIL import Image

import digitlib

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
    # Binder opens the copies without outputs, which postBuild makes there.
    assert sum("labpath=my_notebooks%2F" in badge for badge in badges) == 5
    assert "serve.py copies" in (ROOT / "postBuild").read_text()
    assert os.access(ROOT / "postBuild", os.X_OK)


def test_versions_of_dependencies_stand_in_pyproject_alone():
    assert (ROOT / "requirements.txt").read_text().strip() == "-e .[all]"
    environment = (ROOT / "environment.yml").read_text()
    assert "-e .[all]" in environment
    assert not re.search(r"(tensorflow|numpy|jupyterlab)", environment)


def test_the_version_stands_in_the_package_alone():
    assert "version" in PROJECT["dynamic"] and "version" not in PROJECT
    assert importlib.metadata.version("digitlib") == digitlib.__version__
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"version: {digitlib.__version__}\n" in citation
    assert f"## [{digitlib.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_every_extra_that_is_advised_exists():
    extras = PROJECT["optional-dependencies"]
    texts = [*ROOT.glob("*.md"), *ROOT.glob(".github/*.md"), *ROOT.glob("docs/*.md")]
    texts += [*ROOT.glob("*/README.md"), *ROOT.glob("notebooks/**/*.ipynb")]
    texts += [*ROOT.glob("digitlib/**/*.py"), *ROOT.glob("digitlib/*.py")]
    advised = {
        extra
        for path in texts
        for names in re.findall(r"(?:digitlib|\.)\[([\w,]+)\]", path.read_text(encoding="utf-8"))
        for extra in names.split(",")
    }
    assert {"lessons", "all"} <= advised
    assert advised <= extras.keys() - {"notebooks", "scale"}


def test_samples_of_package_and_data_folder_are_the_same():
    inside, outside = ROOT / "digitlib" / "samples", ROOT / "data" / "samples"
    listed = [row["path"] for row in csv.DictReader((inside / "labels.csv").open())]
    names = {path.name for path in outside.iterdir()}
    assert names == {*listed, "labels.csv"}
    for name in names:
        assert (inside / name).read_bytes() == (outside / name).read_bytes()
    offered = {
        row["path"] for row in csv.DictReader((inside / "to_click.csv").open())
    }  # by the app
    assert {path.name for path in inside.iterdir()} == names | offered | {"to_click.csv"}
    assert all(Image.open(inside / name).size for name in listed)
