"""Cards: what a saved model was made with, written, read and compared. Needs no TensorFlow."""

import importlib.metadata
import json
import platform
from datetime import UTC, datetime
from pathlib import Path

from digitlib import __version__
from digitlib.datasets import Dataset, dataset_digest
from digitlib.errors import display_name
from digitlib.files import whole_file

CHECKPOINT = "latest.weights.h5"  # in a checkpoint's folder


def describe(network: str, dataset: Dataset, hyperparameters: dict) -> dict:
    """Return what a run is made of; with the same, a run can be repeated, or resumed."""
    return {
        "network": network,
        "dataset": dataset.name,
        "dataset_sha256": dataset_digest(dataset),
        **hyperparameters,
    }


def circumstances() -> dict:
    """Return when and with which versions a run is made; these may differ when it is repeated."""
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "digitlib": __version__,
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in ("tensorflow", "keras", "numpy")},
        },
    }


def card_path(path: str | Path) -> Path:
    """Return where the card of a saved model lies: beside it, under its name and .card.json."""
    return Path(f"{path}.card.json")


def write_card(card: dict, path: str | Path) -> None:
    """Write the card of a model that is saved as `path`, whole or not at all."""
    with whole_file(card_path(path)) as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n")


def read_card(path: str | Path) -> dict:
    """Return a card, or raise a ValueError if the file is not one."""
    try:
        card = json.loads(Path(path).read_text())
    except ValueError:
        card = None
    if not isinstance(card, dict) or not card:
        name = display_name(path)
        raise ValueError(f"{name} is not a card; give the .card.json of a saved model.")
    return card


def check_same_run(folder: Path, run: dict, resume: bool) -> None:
    """Make sure that a checkpoint's folder belongs to this run; begin it anew unless resuming.

    A run with another network, dataset or recipe, or a damaged note, raises a ValueError.
    """
    note = folder / "run.json"
    if resume and (folder / CHECKPOINT).is_file() and note.is_file():
        try:
            other = dict(json.loads(note.read_text()))
        except (TypeError, ValueError) as error:
            raise damaged(note) from error
        for name in run:
            if other.get(name) != run[name]:
                raise ValueError(
                    f"Cannot resume from {folder}: there {name} was {other.get(name)}, here it is "
                    f"{run[name]}; give the same options, or leave out --resume to start anew."
                )
        return
    folder.mkdir(exist_ok=True)
    for name in (CHECKPOINT, "log.csv"):
        (folder / name).unlink(missing_ok=True)
    with whole_file(note) as temporary:
        temporary.write_text(json.dumps(run, indent=2) + "\n")


def damaged(path: Path) -> ValueError:
    """Return the error for a file of a run that cannot be resumed from it."""
    return ValueError(f"{path} is damaged; leave out --resume to start anew.")
