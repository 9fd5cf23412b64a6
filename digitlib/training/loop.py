"""Training: fit a network and write down how it was made.

The test images are no part of it (`scored`). Whatever is chosen on the way is chosen on a
validation split of the training images. Every random number follows from the seed.
"""

import functools
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from digitlib import evaluation, models
from digitlib.datasets import Dataset
from digitlib.models.architectures import NETWORKS
from digitlib.models.backend import keras, tf
from digitlib.models.loading import as_network_input, probabilities
from digitlib.synthesis import reader_images
from digitlib.training.callbacks import (
    Checkpoint,
    KeepBest,
    Log,
    ProgressBar,
    SeedEachEpoch,
    StopAtNaN,
)
from digitlib.training.cards import check_same_run, describe, write_card
from digitlib.training.pipeline import batches
from digitlib.training.recipes import Recipe

LEARNT_REDRAWN = (
    "the training images, redrawn; digits drawn by code; and as no digit: signs and scribbles "
    "drawn by code, made-up textures and shapes, touching training images; no photographs"
)
NOT_COMPARED = ("made", "versions")  # what may differ between a run and its resumption


@dataclass(frozen=True)
class Trained:
    """A trained network, its learning curves (a list of values per metric), and its card."""

    model: keras.Model
    history: dict[str, list[float]]
    card: dict = field(repr=False)


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
    recipe: Recipe,
    *,
    progress_file=None,
    on_epoch: Callable[[dict], None] | None = None,
    folder: Path | None = None,
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
    recipe : Recipe
        From `digitlib.training.recipe_for`.
    progress_file : file, optional
        Where the progress bar goes; standard error unless given.
    on_epoch : callable, optional
        Called after each epoch with the learning curves so far.
    folder : Path, optional
        Where a checkpoint and a CSV log are kept after each epoch; made if it is not there.
    resume : bool
        Whether to go on from the checkpoint in `folder`, if there is one.
    deterministic : bool
        Whether the same seed has to give the same weights, to the last bit, on this machine.

    Raises
    ------
    ValueError
        If the checkpoint to be resumed is damaged or of another network, dataset or recipe, or the
        loss is not a number before the first epoch is over.

    Notes
    -----
    The reader's images are made in several processes: a script that trains it needs to be guarded
    by ``if __name__ == "__main__":``. Once asked for, determinism holds for the whole process.
    """
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    if folder is not None:
        run = describe(network, dataset, asdict(recipe))
        check_same_run(folder, {k: v for k, v in run.items() if k not in NOT_COMPARED}, resume)
    learn, validate = split(dataset, recipe)
    images, labels = _learnt_from(dataset, learn, recipe, seed=recipe.seed)
    held_back = _learnt_from(dataset, validate, recipe, seed=recipe.seed + 1_000_000)
    keras.utils.set_random_seed(recipe.seed)
    steps = len(labels) // recipe.batch_size
    start = time.perf_counter()
    model = compiled(network, recipe, steps * recipe.epochs)
    classes = model.output_shape[-1]
    checkpoint = Checkpoint(folder, steps) if folder is not None else None
    first_epoch = checkpoint.restore(model) if checkpoint and resume else 0
    log = Log(folder / "log.csv" if folder else None, on_epoch)
    log.load(first_epoch)
    bar, at_nan = ProgressBar(progress_file), StopAtNaN()
    keep_best = KeepBest(model if first_epoch else None, log.history)
    interrupted: str | bool = False
    shown = batches(images, labels, recipe, classes, first_epoch)
    del images  # the batches have a copy of their own
    try:
        model.fit(
            shown,
            epochs=recipe.epochs,
            initial_epoch=first_epoch,
            steps_per_epoch=steps,
            validation_data=(
                as_network_input(held_back[0]),
                keras.utils.to_categorical(held_back[1], classes),
            ),
            validation_batch_size=500,
            callbacks=[SeedEachEpoch(recipe.seed), bar, at_nan, keep_best, log]
            + ([checkpoint] if checkpoint else []),
            shuffle=False,  # the batches come shuffled
            verbose=0,
        )
    except KeyboardInterrupt:
        interrupted = "by the user"
        bar.on_train_end()
    seconds = time.perf_counter() - start
    if at_nan.stopped:
        interrupted = "the loss was not a number"
    if at_nan.stopped and keep_best.weights is None:
        raise ValueError(
            f"The loss was not a number in the first epoch; nothing was learnt. A peak_rate of "
            f"{recipe.peak_rate} may be too high."
        )
    if interrupted and keep_best.weights is not None:
        model.set_weights(keep_best.weights)
    card = describe(network, dataset, asdict(recipe)) | {
        "parameters": model.count_params(),
        "deterministic": deterministic,
        "epochs_completed": len(log.history.get("loss", [])),
        "interrupted": interrupted,
        "fit_seconds": round(seconds, 2),
        "images_learnt_from": len(labels),
        "learnt_from": LEARNT_REDRAWN if recipe.copies else "the training images",
        "validation_accuracy": accuracy(model, *held_back),
    }
    return Trained(model, log.history, card)


def scored(trained: Trained, dataset: Dataset) -> Trained:
    """Return a trained network with its score on the test images on its card."""
    network = functools.partial(probabilities, trained.model)
    score = evaluation.score(network, dataset.test_images, dataset.test_labels)
    tested = {"test_accuracy": score["accuracy"], "test_interval": score["interval"]}
    return replace(trained, card=trained.card | tested)


def save(trained: Trained, path: str | Path) -> Path:
    """Save a trained network, and its card beside it."""
    path = models.save(trained.model, path)
    write_card(trained.card, path)
    return path


def _learnt_from(dataset: Dataset, chosen: np.ndarray, recipe: Recipe, seed: int):
    """Return the chosen training images and labels, redrawn if the recipe says so."""
    images, labels = dataset.train_images[chosen], dataset.train_labels[chosen].astype(int)
    if recipe.copies == 0:
        return images, labels
    return reader_images(images, labels, seed, recipe.copies)


def compiled(network: str, recipe: Recipe, steps: int) -> keras.Model:
    """Return a network ready to be trained for `steps` steps."""
    warm_up = steps // 10
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.peak_rate / 20,
        decay_steps=steps - warm_up,
        warmup_target=recipe.peak_rate,
        warmup_steps=warm_up,
    )
    model = NETWORKS[network]()
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def accuracy(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of images that a model reads right, 0..1."""
    return float(np.mean(probabilities(model, images).argmax(axis=1) == labels))
