"""What the files beside the code promise to each other."""

import csv
import importlib.metadata
import os
import re
import tomllib
from pathlib import Path

import pytest
import serve
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from PIL import Image

import digitlib
import digitlib.files

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


MACHINES = {
    "Linux": ("linux", "x86_64", "3.13", True, True),
    "a Mac": ("darwin", "arm64", "3.12", True, True),
    "Windows": ("win32", "AMD64", "3.11", True, True),
    "an Intel Mac": ("darwin", "x86_64", "3.12", False, False),
    "Windows on ARM": ("win32", "ARM64", "3.12", False, False),
    "Python 3.14": ("linux", "x86_64", "3.14", True, False),
}


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_installs_what_is_made_for_it(name):
    platform, machine, python, has_litert, has_tensorflow = MACHINES[name]
    environment = {"sys_platform": platform, "platform_machine": machine, "python_version": python}
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["train"]]
    installed = {
        requirement.name
        for requirement in map(Requirement, wanted)
        if requirement.marker is None or requirement.marker.evaluate(environment)
    }
    assert ("ai-edge-litert" in installed, "tensorflow" in installed) == (
        has_litert,
        has_tensorflow,
    )
    assert {"numpy", "pillow", "scikit-learn"} <= installed
    assert python in SpecifierSet(PROJECT["requires-python"])


def test_the_address_that_is_advised_is_the_projects():
    assert digitlib.files.REPOSITORY == REPOSITORY


def test_make_lab_as_root_says_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(serve, "make_copies", None)  # nothing is made, nothing served
    assert serve.main(["lab"]) == 1
    said = capsys.readouterr().err
    assert "You are root" in said and "lab --allow-root" in said and said.count("\n") == 1
