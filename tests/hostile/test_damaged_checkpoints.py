"""Checkpoints that a failing disk or a curious hand has changed: one clear sentence, or the run."""

import dataclasses
import io
import shutil

import pytest

from digitlib.datasets.digits import load_digits
from digitlib.training import loop as training
from digitlib.training.cards import CHECKPOINT
from digitlib.training.recipes import recipe_for

DIGITS = load_digits("uci")
RECIPE = dataclasses.replace(recipe_for("fast", DIGITS), epochs=2, batch_size=128)


class Killed(Exception):
    pass


def train(folder, **options):
    return training.train(
        "fast", DIGITS, RECIPE, folder=folder, progress_file=io.StringIO(), **options
    )


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """Return the folder of a run that was killed in its second epoch."""
    folder = tmp_path_factory.mktemp("stopped")

    def killed(history):
        if len(history["loss"]) == 2:
            raise Killed

    with pytest.raises(Killed):
        train(folder, on_epoch=killed)
    return folder


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((CHECKPOINT, lambda content, n=n: content[: len(content) * n // 4]) for n in range(4)),
        (CHECKPOINT, lambda content: bytes(len(content))),
        (CHECKPOINT, lambda content: content.replace(b"vars", b"wars")),
        (CHECKPOINT, lambda content: content.replace(b"OHDR", b"EHDR").replace(b"TREE", b"EERT")),
        (CHECKPOINT, lambda content: content.replace(b'{"network"', b'["network"')),
        (CHECKPOINT, lambda content: content.replace(b'{"network"', b'{"network\xff')),
        *(("log.csv", lambda content, n=n: content[:n]) for n in (0, 7, 30)),
        ("log.csv", lambda content: content.replace(b"loss", b"1oss")),
        ("log.csv", lambda content: content.replace(b".", b"x")),
        ("log.csv", lambda content: b"\xff" * 9),
    ],
)
def test_a_damaged_checkpoint_is_said(stopped, tmp_path, name, damage):
    folder = shutil.copytree(stopped, tmp_path / "run")
    path = folder / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=f"{name} is damaged; leave out --resume to start anew"):
        train(folder, resume=True)
    assert path.is_file()


def test_a_whole_one_goes_on_even_without_its_log(stopped, tmp_path):
    folder = shutil.copytree(stopped, tmp_path / "run")
    assert train(folder, resume=True).card["epochs_completed"] == 2
    folder = shutil.copytree(stopped, tmp_path / "other")
    (folder / "log.csv").unlink()
    card = train(folder, resume=True).card
    assert card["interrupted"] is False and card["epochs_completed"] == 2
