"""What happens beside a training run: progress, the best weights, checkpoints, and a log."""

import csv
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from digitlib.files import whole_file
from digitlib.models.backend import keras
from digitlib.training.cards import CHECKPOINT, damaged


class ProgressBar(keras.callbacks.Callback):
    """One bar for a whole run, on `file`, with the latest loss and accuracies."""

    def __init__(self, file=None):
        super().__init__()
        self.file = file

    def on_train_begin(self, logs=None):
        from tqdm import tqdm

        steps = self.params["epochs"] * self.params["steps"]
        self.bar = tqdm(total=steps, file=self.file, ncols=100, unit="batch", mininterval=0.5)

    def on_epoch_begin(self, epoch, logs=None):
        self.bar.set_description(f"epoch {epoch + 1}/{self.params['epochs']}")
        self.bar.n = epoch * self.params["steps"]  # a resumed run begins in the middle

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update()

    def on_epoch_end(self, epoch, logs=None):
        self.bar.set_postfix_str(
            f"accuracy {logs['accuracy']:.4f}, validation {logs['val_accuracy']:.4f}"
        )

    def on_train_end(self, logs=None):
        self.bar.close()


class KeepBest(keras.callbacks.Callback):
    """Remembers the weights that did best on the validation images, for a run that is stopped.

    Weights whose loss is not a number are never remembered. A resumed run begins with the weights
    of `model` and the `history` that led to them.
    """

    def __init__(self, model: keras.Model | None = None, history: dict | None = None):
        super().__init__()
        self.best, self.weights = -1.0, None
        if model is not None:
            self.best = (history or {}).get("val_accuracy", [-1.0])[-1]
            self.weights = model.get_weights()

    def on_epoch_end(self, epoch, logs=None):
        if math.isfinite(logs["loss"]) and logs["val_accuracy"] > self.best:
            self.best, self.weights = logs["val_accuracy"], self.model.get_weights()


class StopAtNaN(keras.callbacks.Callback):
    """Ends the run as soon as the loss is not a number."""

    def __init__(self):
        super().__init__()
        self.stopped = False

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            self.stopped = self.model.stop_training = True


class SeedEachEpoch(keras.callbacks.Callback):
    """Lets dropout's random numbers follow from seed and epoch, so that a run can be resumed."""

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        for i, layer in enumerate(self.model.layers):
            if generator := getattr(layer, "seed_generator", None):
                generator.state.assign(np.array([self.seed * 1000 + i, epoch * 1_000_000]))


class Log(keras.callbacks.Callback):
    """Keeps the learning curves as `history`, in a CSV file too, and shows them after each epoch.

    Parameters
    ----------
    path : Path, optional
        The CSV file, written whole after each epoch.
    on_epoch : callable, optional
        Called after each epoch with the history: a list of values for each metric.
    """

    def __init__(self, path: Path | None = None, on_epoch: Callable[[dict], None] | None = None):
        super().__init__()
        self.path, self.on_epoch, self.history = path, on_epoch, {}

    def load(self, epochs: int) -> None:
        """Take over the first epochs of the file, of a run that is resumed."""
        if self.path is None or not self.path.is_file():
            return
        try:
            with self.path.open(newline="") as file:
                rows = list(csv.DictReader(file))[:epochs]
            self.history = {n: [float(row[n]) for row in rows] for n in (rows[0] if rows else ())}
        except (TypeError, ValueError) as error:
            raise damaged(self.path) from error
        if len(rows) < epochs or (rows and not {"loss", "val_accuracy"} <= set(self.history)):
            raise damaged(self.path)

    def on_epoch_end(self, epoch, logs=None):
        if not math.isfinite(logs["loss"]):
            return
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        if self.path is not None:
            try:
                with whole_file(self.path) as temporary, temporary.open("w", newline="") as file:
                    table = csv.writer(file)
                    table.writerow(self.history)
                    table.writerows(zip(*self.history.values(), strict=True))
            except OSError as error:
                _warn(self.path, error)
        if self.on_epoch is not None:
            self.on_epoch(self.history)


class Checkpoint(keras.callbacks.BackupAndRestore):
    """Keras' backup, in one file that is written whole or not at all.

    Keras writes weights and epoch one after the other; killed between the two, it would resume
    from the wrong epoch. Here the epoch follows from the optimizer's step, which lies with the
    weights.
    """

    def __init__(self, folder: Path, steps: int):
        super().__init__(str(folder), delete_checkpoint=False)
        self.folder, self.steps = folder, steps

    def restore(self, model: keras.Model) -> int:
        """Load weights and optimizer from the checkpoint, if there is one; return its epoch."""
        self.set_model(model)
        try:
            self._load_model()
        except Exception as error:  # HDF5 and Keras raise nearly anything
            raise damaged(self.folder / CHECKPOINT) from error
        return int(model.optimizer.iterations.numpy()) // self.steps

    def on_train_begin(self, logs=None):
        """Nothing: the run's batches have to start from the same epoch, so `restore` came first."""

    def on_epoch_end(self, epoch, logs=None):
        if math.isfinite(logs["loss"]):
            super().on_epoch_end(epoch, logs)

    def _save_model(self):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with whole_file(self.folder / CHECKPOINT) as temporary:
                self.model.save_weights(temporary)
        except OSError as error:
            _warn(self.folder, error)


def _warn(path: Path, error: OSError) -> None:
    reason = error.strerror or error
    print(f"\ndigitlib: {path} could not be written ({reason}); going on.", file=sys.stderr)
