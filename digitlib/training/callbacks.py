"""What happens beside a training run: progress, the best weights, checkpoints, and a log.

Keras' own do not fit: `CSVLogger` ends the run when the disk is full and logs an epoch again after
a kill, `EarlyStopping` gives the best weights to complete runs too, `TerminateOnNaN` prints where
``--json`` has its JSON, and `BackupAndRestore`, killed between writing weights and epoch, resumes
from the wrong one.
"""

import contextlib
import csv
import errno
import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import h5py
import numpy as np
from tqdm import tqdm

from digitlib.errors import display_name, reason
from digitlib.files import whole_file
from digitlib.models.backend import keras
from digitlib.training import seeds
from digitlib.training.cards import CHECKPOINT, RUN, damaged

BYTES_EACH, EMPTY_BYTES = 4, 200_000  # of a checkpoint: for each float32, and for its own tables
History = dict[str, list[float]]  # a value for each epoch, by metric


@contextlib.contextmanager
def progress_bar(epochs: int, steps: int, first_epoch: int, file: TextIO | None) -> Iterator:
    """Show one bar for all batches of a run, on standard error or `file`; give what moves it.

    The one bar of `tqdm.keras` stands still for an epoch.
    """
    done, total = first_epoch * steps, epochs * steps
    nowhere = (file or sys.stderr) is None  # as in a program that has no standard error
    with tqdm(
        total=total, initial=done, file=file, ncols=100, unit="batch", disable=nowhere
    ) as bar:
        yield keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: bar.set_description(f"epoch {epoch + 1}/{epochs}"),
            # Of steps that TensorFlow takes in one call, Keras tells the last.
            on_train_batch_end=lambda batch, logs: bar.update(batch + 1 - bar.n % steps),
            on_epoch_end=lambda epoch, logs: bar.set_postfix_str(
                f"accuracy {logs['accuracy']:.4f}, validation {logs['val_accuracy']:.4f}"
            ),
        )


class KeepBest(keras.callbacks.Callback):
    """Remembers the weights that did best on the validation images, for a run that is stopped.

    It stops the run as soon as the loss is not a number (`diverged`). A resumed run begins with the
    weights of `model` and the `history` that led to them.
    """

    def __init__(self, model: keras.Model | None = None, history: History | None = None):
        super().__init__()
        self.best, self.weights, self.diverged = -1.0, None, False
        if model is not None:
            self.best = (history or {}).get("val_accuracy", [-1.0])[-1]
            self.weights = model.get_weights()

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            self.diverged = self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        if math.isfinite(logs["loss"]) and logs["val_accuracy"] > self.best:
            self.best, self.weights = logs["val_accuracy"], self.model.get_weights()


class SeedEachEpoch(keras.callbacks.Callback):
    """Lets dropout's random numbers follow from seed and epoch, so that a run can be resumed."""

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        for i, layer in enumerate(self.model.layers):
            if generator := getattr(layer, "seed_generator", None):
                generator.state.assign(np.array(seeds.dropout(self.seed, i, epoch)))


class Log(keras.callbacks.Callback):
    """Keeps the learning curves as `history`, also in a CSV file; hands them to `on_epoch`."""

    def __init__(self, path: Path | None = None, on_epoch: Callable[[History], None] | None = None):
        super().__init__()
        self.path, self.on_epoch = path, on_epoch
        self.history: History = {}

    def load(self, epochs: int) -> None:
        """Take over the first epochs of the file, of a run that is resumed."""
        if self.path is None or not self.path.is_file():
            return
        try:
            with self.path.open(newline="") as file:
                rows = list(csv.DictReader(file))[:epochs]
            self.history = {n: [float(row[n]) for row in rows] for n in (rows[0] if rows else ())}
            if len(rows) < epochs or (rows and not {"loss", "val_accuracy"} <= set(self.history)):
                raise ValueError("epochs or metrics are missing")
        except (TypeError, ValueError) as error:
            raise damaged(self.path) from error

    def on_epoch_end(self, epoch, logs=None):
        if not math.isfinite(logs["loss"]):
            return
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        if self.path is not None:
            with _written(self.path) as temporary, temporary.open("w", newline="") as file:
                table = csv.writer(file)
                table.writerow(self.history)
                table.writerows(zip(*self.history.values(), strict=True))
        if self.on_epoch is not None:
            self.on_epoch(self.history)


class Checkpoint(keras.callbacks.Callback):
    """Weights, optimizer and the run that they are of, after each epoch, in one file.

    The optimizer's step tells the epoch.
    """

    def __init__(self, folder: Path, run: dict, steps: int):
        super().__init__()
        self.path, self.run, self.steps = folder / CHECKPOINT, run, steps

    def restore(self, model: keras.Model) -> int:
        """Load weights and optimizer from the checkpoint, if there is one; return its epoch."""
        if self.path.is_file():
            model.optimizer.build(model.trainable_variables)  # or its state would not be loaded
            try:
                model.load_weights(self.path)
            except Exception as error:  # HDF5 and Keras raise nearly anything
                raise damaged(self.path) from error
        return int(model.optimizer.iterations.numpy()) // self.steps

    def on_epoch_end(self, epoch, logs=None):
        if math.isfinite(logs["loss"]):
            with _written(self.path) as temporary:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._check_room()
                self.model.save_weights(temporary)
                with h5py.File(temporary, "r+") as file:
                    file.attrs[RUN] = json.dumps(self.run)

    def _check_room(self) -> None:
        """Raise an OSError before HDF5 runs out of room, which it would tell in dozens of lines."""
        variables = self.model.variables + self.model.optimizer.variables
        values = sum(math.prod(variable.shape) for variable in variables)
        if shutil.disk_usage(self.path.parent).free < BYTES_EACH * values + EMPTY_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextlib.contextmanager
def _written(path: Path) -> Iterator[Path]:
    """Write a file as `whole_file` does; where that fails, say so and go on with the run."""
    try:
        with whole_file(path) as temporary:
            yield temporary
    except OSError as error:
        said = f"digitlib: {display_name(path)} could not be written ({reason(error)}); going on."
        if sys.stderr is not None:
            tqdm.write(said, file=sys.stderr)  # beside the bar, not into it
