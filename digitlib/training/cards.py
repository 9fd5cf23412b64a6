"""Cards: what a saved model was made with, written, read and compared. Needs no TensorFlow."""

import contextlib
import importlib.metadata
import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import locket
import numpy as np

from digitlib import __version__, evaluation
from digitlib.datasets import Dataset, dataset_digest
from digitlib.errors import display_name
from digitlib.files import whole_file

# In a checkpoint's folder: weights, optimizer and what run they are of; its log; and its lock.
CHECKPOINT, LOG, LOCK = "latest.weights.h5", "log.csv", ".lock"
RUN = "run"  # the attribute of CHECKPOINT that says what run it is of


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


def test_score(network: Callable[[np.ndarray], np.ndarray], dataset: Dataset) -> dict:
    """Return what a card says of a network on the test images; see `digitlib.evaluation.score`."""
    score = evaluation.score(network, dataset.test_images, dataset.test_labels)
    return {"test_accuracy": score["accuracy"], "test_interval": score["interval"]}


def card_path(path: str | Path) -> Path:
    """Return where the card of a saved model lies: beside it, under its name and .card.json."""
    return Path(f"{path}.card.json")


def write_card(card: dict, path: str | Path) -> None:
    """Write the card of a model that is saved as `path`, whole or not at all."""
    with whole_file(card_path(path)) as temporary:
        temporary.write_text(json.dumps(card, indent=2) + "\n")


def read_card(path: str | Path) -> dict:
    """Return a card, or raise a ValueError if the file is not one."""
    name = display_name(path)
    if not Path(path).is_file():  # a pipe would be waited for
        raise ValueError(f"There is no card {name}; check the path.")
    try:
        card = json.loads(Path(path).read_text())
    except (ValueError, RecursionError):
        card = None
    if not isinstance(card, dict) or not card:
        raise ValueError(f"{name} is not a card; give the .card.json of a saved model.")
    return card


@contextlib.contextmanager
def sole_run(folder: Path) -> Iterator[None]:
    """Make a checkpoint's folder, and keep other trainings out of it; it goes once it is empty.

    The system lets go of the lock when a process ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = locket.lock_file(str(folder / LOCK), timeout=0)
    try:
        lock.acquire()
    except locket.LockError:
        raise ValueError(
            f"Another training writes to {display_name(folder)}; wait for it, or choose another "
            "name for the model."
        ) from None
    try:
        yield
    finally:
        lock.release()  # first, as Windows removes no file that is open
        with contextlib.suppress(OSError):
            if os.listdir(folder) == [LOCK]:
                shutil.rmtree(folder)


def check_same_run(folder: Path, run: dict, resume: bool) -> None:
    """Make sure that a checkpoint is of this run; remove it unless resuming.

    A run with another network, dataset or recipe, or a damaged checkpoint, raises a ValueError.
    """
    checkpoint = folder / CHECKPOINT
    if resume and checkpoint.is_file():
        other = _run_of(checkpoint)
        for name in run:
            if other.get(name) != run[name]:
                raise ValueError(
                    f"Cannot resume from {display_name(folder)}: there {name} was "
                    f"{other.get(name)}, here it is {run[name]}; give the same options, or leave "
                    "out --resume to start anew."
                )
        return
    for name in (CHECKPOINT, LOG):
        (folder / name).unlink(missing_ok=True)


def _run_of(checkpoint: Path) -> dict:
    import h5py

    try:
        with h5py.File(checkpoint, "r") as file:
            return dict(json.loads(file.attrs[RUN]))
    except Exception as error:  # HDF5 raises nearly anything
        raise damaged(checkpoint) from error


def damaged(path: Path) -> ValueError:
    """Return the error for a file of a run that cannot be resumed from it."""
    return ValueError(f"{display_name(path)} is damaged; leave out --resume to start anew.")
