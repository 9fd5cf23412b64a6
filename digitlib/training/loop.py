"""Training: fit a network and write down how it was made.

The test images are no part of it (`scored`). Whatever is chosen on the way is chosen on a
validation split of the training images.
"""

import contextlib
import functools
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from digitlib import evaluation, models
from digitlib.datasets import Dataset
from digitlib.errors import display_name, reason
from digitlib.models.architectures import NETWORKS
from digitlib.models.backend import keras, tf
from digitlib.models.loading import as_network_input, probabilities
from digitlib.synthesis import reader_images
from digitlib.training import callbacks, seeds
from digitlib.training.callbacks import Checkpoint, History, KeepBest, Log, SeedEachEpoch
from digitlib.training.cards import (
    CHECKPOINT,
    LOG,
    check_same_run,
    circumstances,
    describe,
    sole_run,
    test_score,
    write_card,
)
from digitlib.training.pipeline import batches
from digitlib.training.recipes import Recipe, recipe_for

MOST_AT_ONCE = 64  # steps; more than that makes nothing faster, and Ctrl-C and NaN wait for them
LEARNT_REDRAWN = (
    "the training images, redrawn, cut out of others that they touch, and as found on made-up "
    "pages; digits drawn by code; and as no digit: letters, signs and scribbles drawn by code, "
    "printed letters, made-up textures and shapes, training images that touch and halves of them; "
    "no photographs"
)


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network, its learning curves (a list of values per metric), and its card."""

    model: keras.Model
    history: History
    card: dict = field(repr=False)


class _Data(NamedTuple):
    images: tf.Tensor  # no array, of which the batches would have to make a copy
    labels: np.ndarray
    validation_images: np.ndarray
    validation_labels: np.ndarray


def split(dataset: Dataset, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of the training images to learn from, and those to validate on.

    Stratified: each digit has the same share in both.
    """
    from sklearn.model_selection import train_test_split

    return train_test_split(
        np.arange(len(dataset.train_labels)),
        test_size=recipe.validation_fraction,
        stratify=dataset.train_labels,
        random_state=recipe.seed,
    )


def train(
    network: str,
    dataset: Dataset,
    recipe: Recipe | None = None,
    *,
    progress_file: TextIO | None = None,
    on_epoch: Callable[[History], None] | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    deterministic: bool = False,
) -> Trained:
    """Train a network; `scored` tells how good it became.

    Ctrl-C ends the training early, and so does a loss that is not a number: the best weights so
    far are kept, and the card says why under ``"interrupted"``.

    Parameters
    ----------
    network : {"classic", "fast", "reader"}
    dataset : Dataset
    recipe : Recipe, optional
        What `digitlib.training.recipe_for` returns for the network, unless given.
    progress_file : file, optional
        Where the progress bar goes; standard error unless given.
    on_epoch : callable, optional
        Called after each epoch with the learning curves so far.
    folder : str or Path, optional
        Where a checkpoint and a CSV log are kept after each epoch; made if it is not there.
    resume : bool
        Whether to go on from the checkpoint in `folder`, if there is one.
    deterministic : bool
        Whether the same seed has to give the same weights, to the last bit, on this machine.

    Raises
    ------
    ValueError
        If there is no such network, or the recipe does not fit the dataset; if the checkpoint to
        be resumed is damaged or of another network, dataset or recipe, if
        another training writes to `folder`, or if the loss is not a number before the first epoch
        is over.

    Notes
    -----
    The reader's images are made in several processes: a script that trains it needs to be guarded
    by ``if __name__ == "__main__":``. Once asked for, determinism holds for the whole process.

    Examples
    --------
    >>> from digitlib.datasets import load_digits
    >>> from digitlib.training import recipe_for
    >>> digits = load_digits("uci")
    >>> trained = train("fast", digits, recipe_for("fast", digits, epochs=3))
    >>> len(trained.history["val_accuracy"]), trained.card["validation_accuracy"] > 0.5
    (3, True)
    """
    recipe = recipe_for(network, dataset, **(asdict(recipe) if recipe else {}))
    folder = Path(folder) if folder is not None else None
    with sole_run(folder) if folder else contextlib.nullcontext():
        return _train(
            network,
            dataset,
            recipe,
            progress_file=progress_file,
            on_epoch=on_epoch,
            folder=folder,
            resume=resume,
            deterministic=deterministic,
        )


def _train(
    network: str,
    dataset: Dataset,
    recipe: Recipe,
    *,
    progress_file: TextIO | None = None,
    on_epoch: Callable[[History], None] | None = None,
    folder: Path | None,
    resume: bool,
    deterministic: bool,
) -> Trained:
    """Do what `train` says, in a folder that is this run's alone."""
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    run = describe(network, dataset, asdict(recipe))
    if folder is not None:
        check_same_run(folder, run, resume)
    data = _training_data(dataset, recipe)
    keras.utils.set_random_seed(recipe.seed)
    start = time.perf_counter()
    steps = len(data.labels) // recipe.batch_size
    model = compiled(NETWORKS[network](), recipe, steps)
    checkpoint = Checkpoint(folder, run, steps) if folder is not None else None
    first_epoch = checkpoint.restore(model) if checkpoint and resume else 0
    log = Log(folder / LOG if folder is not None else None, on_epoch)
    log.load(first_epoch)
    unlogged = first_epoch - len(log.history.get("loss", []))  # where the log was thrown away
    best = KeepBest(model if first_epoch else None, log.history)
    watchers = [SeedEachEpoch(recipe.seed), best, log, *([checkpoint] if checkpoint else [])]
    interrupted = _fit(model, data, recipe, first_epoch, watchers, progress_file)
    seconds = time.perf_counter() - start
    if best.diverged:
        interrupted = "the loss was not a number"
    if interrupted:
        _restore_best(model, best, recipe)
    probs = probabilities(model, data.validation_images)
    temperature = _calibrate(model, probs, data.validation_labels) if recipe.label_smoothing else 1
    made = {
        "parameters": model.count_params(),
        "deterministic": deterministic,
        "epochs_completed": unlogged + len(log.history.get("loss", [])),
        "interrupted": interrupted,
        "fit_seconds": round(seconds, 2),
        "images_learnt_from": len(data.labels),
        "learnt_from": LEARNT_REDRAWN if recipe.copies else "the training images",
        "temperature": round(temperature, 3),
        # Over all classes, unlike evaluation.right: the reader validates on no-digits, too.
        "validation_accuracy": float(np.mean(probs.argmax(axis=1) == data.validation_labels)),
    }
    return Trained(model, log.history, run | circumstances() | made)


def scored(trained: Trained, dataset: Dataset) -> Trained:
    """Return a trained network with its score on the test images on its card."""
    network = functools.partial(probabilities, trained.model)
    return replace(trained, card=trained.card | test_score(network, dataset))


def save(trained: Trained, path: str | Path) -> Path:
    """Save a trained network, and its card beside it."""
    path = models.save(trained.model, path)
    write_card(trained.card, path)
    return path


def train_to(
    path: str | Path,
    network: str,
    dataset: Dataset,
    recipe: Recipe,
    *,
    resume: bool = False,
    deterministic: bool = False,
) -> Trained:
    """Train a network, score it on the test images, and save it: what `digitlib train` does.

    Beside the model lie its card and its log, and the reader as ``.tflite`` too. Until it is saved,
    the last epoch lies in a folder beside it, whose name ends in ``.checkpoint``; that of a run
    that is interrupted stays.

    Parameters
    ----------
    path : str or Path
        Where to save the model, as ``.keras`` or ``.h5``; see `digitlib.models.check_output`.
    network, dataset, recipe, resume, deterministic
        As `train` takes them.

    Raises
    ------
    ValueError
        What `train` raises.
    OSError
        If the model cannot be saved as `path`. The message says where it is instead, or how to
        save it once there is room.
    """
    path, folder = Path(path), Path(f"{path}.checkpoint")
    with sole_run(folder):
        for left in path.parent.glob(".[0-9]*"):  # a save that was killed
            if re.fullmatch(rf"\.\d+-{re.escape(path.name)}(\..*)?", left.name):
                left.unlink()
        trained = _train(
            network, dataset, recipe, folder=folder, resume=resume, deterministic=deterministic
        )
        trained = scored(trained, dataset)
        try:
            _save_all(trained, path, folder)
        except OSError as error:
            raise _saved_elsewhere(trained, path, folder, error) from error
        if not trained.card["interrupted"]:
            for name in (CHECKPOINT, LOG):
                (folder / name).unlink(missing_ok=True)
    return trained


def _save_all(trained: Trained, path: Path, folder: Path) -> None:
    save(trained, path)
    if trained.card["network"] == "reader":
        models.export_tflite(trained.model, path.with_suffix(".tflite"))
    if (folder / LOG).is_file():
        shutil.copyfile(folder / LOG, f"{path}.log.csv")


def _saved_elsewhere(trained: Trained, path: Path, folder: Path, error: OSError) -> OSError:
    """Save a model where there may be room; return the error that says where, or what to do."""
    said = f"Cannot save {display_name(path)} ({reason(error)}); "
    try:
        other = Path(tempfile.mkdtemp(prefix="digitlib-")) / path.name
        _save_all(trained, other, folder)
    except OSError:
        return OSError(f"{said}make room there, and run the same command with --resume.")
    return OSError(f"{said}it is saved as {display_name(other)} instead: move it from there.")


def compiled(model: keras.Model, recipe: Recipe, steps: int) -> keras.Model:
    """Return a network ready to be trained for `steps` steps an epoch."""
    total = steps * recipe.epochs
    warm_up = total // 10
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.peak_rate / 20,
        decay_steps=total - warm_up,
        warmup_target=recipe.peak_rate,
        warmup_steps=warm_up,
    )
    model.compile(
        optimizer=keras.optimizers.Adam(rate, beta_1=recipe.beta_1, beta_2=recipe.beta_2),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
        # Several steps in one call of TensorFlow; a divisor, as a call may not cross an epoch.
        steps_per_execution=max(n for n in range(1, MOST_AT_ONCE + 1) if steps % n == 0),
    )
    # Variables that were first made while TensorFlow traces a step would have it trace twice.
    model.optimizer.build(model.trainable_variables)
    nothing = keras.ops.zeros((1, *model.output_shape[1:]))
    model.compute_metrics(keras.ops.zeros((1, 28, 28, 1)), nothing, nothing)
    model.reset_metrics()
    return model


def _training_data(dataset: Dataset, recipe: Recipe) -> _Data:
    """Return what to learn from and what to validate on, redrawn if the recipe says so."""

    def pictures(chosen: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        images, labels = dataset.train_images[chosen], dataset.train_labels[chosen].astype(int)
        if recipe.copies == 0:
            return images, labels
        return reader_images(images, labels, seed, recipe.copies)

    learn, validate = split(dataset, recipe)
    images, labels = pictures(learn, seeds.pictures(recipe.seed))
    held_back = pictures(validate, seeds.pictures(recipe.seed, validation=True))
    return _Data(tf.constant(images), labels, *held_back)


def _fit(
    model: keras.Model,
    data: _Data,
    recipe: Recipe,
    first_epoch: int,
    watchers: list[keras.callbacks.Callback],
    progress_file: TextIO | None,
) -> str | bool:
    """Fit a compiled model; return who interrupted it, or False."""
    classes, steps = model.output_shape[-1], len(data.labels) // recipe.batch_size
    targets = keras.utils.to_categorical(data.validation_labels, classes)
    validation = as_network_input(data.validation_images), targets
    try:
        with callbacks.progress_bar(recipe.epochs, steps, first_epoch, progress_file) as bar:
            model.fit(
                batches(data.images, data.labels, recipe, classes, first_epoch),
                epochs=recipe.epochs,
                initial_epoch=first_epoch,
                steps_per_epoch=steps,
                validation_data=validation,
                validation_batch_size=1000,
                callbacks=[bar, *watchers],
                shuffle=False,  # the batches come shuffled
                verbose=0,
            )
    except KeyboardInterrupt:
        return "by the user"
    return False


def _calibrate(model: keras.Model, probs: np.ndarray, labels: np.ndarray) -> float:
    """Make a network as sure as it is right, on validation images; return the temperature.

    Label smoothing teaches it to give no digit more than 91 %, however clear. Dividing what enters
    the softmax by a temperature changes no answer (`digitlib.evaluation.with_temperature`).
    """
    temperature = evaluation.fit_temperature(labels, probs)
    last = model.layers[-1]
    last.set_weights([values / temperature for values in last.get_weights()])
    return temperature


def _restore_best(model: keras.Model, best: KeepBest, recipe: Recipe) -> None:
    """Give an interrupted model the best weights so far, if a whole epoch has left any."""
    if best.weights is not None:
        model.set_weights(best.weights)
    elif best.diverged:
        raise ValueError(
            "The loss was not a number in the first epoch; nothing was learnt. A peak_rate of "
            f"{recipe.peak_rate} may be too high."
        )
