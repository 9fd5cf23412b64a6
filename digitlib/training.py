"""Training: fit a network and write down how it was made.

The test images are used once, at the end. Whatever is chosen on the way is chosen on a
validation split of the training images. Every random number follows from the seed.
"""

import time
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from digitlib.augmentation import reader_images
from digitlib.backend import keras
from digitlib.datasets import Dataset
from digitlib.evaluation import probabilities, wilson_interval
from digitlib.imaging import as_network_input
from digitlib.models import NETWORKS
from digitlib.pipeline import batches
from digitlib.saving import describe

MNIST_TRAINING_IMAGES = 60_000


@dataclass(frozen=True)
class Recipe:
    """What decides a training run, beside the network and the data.

    The learning rate rises to `peak_rate` over the first tenth of the steps, then falls along a
    cosine to zero. Rotation (degrees), scale (relative) and shift (pixels) bound the alterations
    of `digitlib.pipeline.random_affine`.
    """

    epochs: int
    batch_size: int
    peak_rate: float
    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    seed: int = 0
    validation_fraction: float = 1 / 12  # 5,000 of MNIST's 60,000
    copies: int = 0  # how often digitlib.augmentation redraws each image; 0: learn it as it is


RECIPES = {
    "classic": Recipe(epochs=12, batch_size=128, peak_rate=0.003, rotation=6, scale=0.08, shift=1),
    "fast": Recipe(epochs=3, batch_size=128, peak_rate=0.01, rotation=6, scale=0.08, shift=1),
    "reader": Recipe(
        epochs=6, batch_size=128, peak_rate=0.005, rotation=5, scale=0.06, shift=1, copies=3
    ),
}


@dataclass(frozen=True)
class Trained:
    """A trained network, its learning curves (a list of values per metric), and its card."""

    model: keras.Model
    history: dict[str, list[float]]
    card: dict = field(repr=False)


def recipe_for(network: str, dataset: Dataset, **changes) -> Recipe:
    """Return a network's recipe, fitted to the dataset; `changes` that are None are left out.

    A dataset much smaller than MNIST gets more epochs (up to ten times as many) and smaller
    batches, or the network would end its training before it had begun.

    Raises
    ------
    ValueError
        If the network is unknown, or a change is not a positive number.
    """
    if network not in RECIPES:
        raise ValueError(f"There is no network {network!r}: choose {' or '.join(RECIPES)}.")
    changes = {name: value for name, value in changes.items() if value is not None}
    for name, value in changes.items():
        if value < (0 if name == "seed" else 1):
            raise ValueError(f"{name} is {value}; it must be at least 1.")
    recipe = RECIPES[network]
    rounds = min(10, max(1, MNIST_TRAINING_IMAGES // len(dataset.train_labels)))
    small = {"epochs": recipe.epochs * rounds, "batch_size": 32} if rounds > 1 else {}
    if "epochs" in changes:
        changes["epochs"] *= rounds
    return replace(recipe, **(small | changes))


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

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update()

    def on_epoch_end(self, epoch, logs=None):
        self.bar.set_postfix_str(
            f"accuracy {logs['accuracy']:.4f}, validation {logs['val_accuracy']:.4f}"
        )

    def on_train_end(self, logs=None):
        self.bar.close()


class KeepBest(keras.callbacks.Callback):
    """Remembers the weights that did best on the validation images, for a run that is stopped."""

    def __init__(self):
        super().__init__()
        self.best, self.weights = -1.0, None

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_accuracy"] > self.best:
            self.best, self.weights = logs["val_accuracy"], self.model.get_weights()


def train(network: str, dataset: Dataset, recipe: Recipe, progress_file=None) -> Trained:
    """Train a network from scratch, and score it once on the test images.

    Ctrl-C ends the training early: the best weights so far are kept, and the card says
    ``"interrupted": true``.

    Parameters
    ----------
    network : {"classic", "fast", "reader"}
    dataset : Dataset
    recipe : Recipe
        From `recipe_for`.
    progress_file : file, optional
        Where the progress bar goes; standard error unless given.
    """
    learn, validate = split(dataset, recipe)
    images, labels = _learnt_from(dataset, learn, recipe, seed=recipe.seed)
    held_back = _learnt_from(dataset, validate, recipe, seed=recipe.seed + 1_000_000)
    keras.utils.set_random_seed(recipe.seed)
    steps = len(labels) // recipe.batch_size
    keep_best = KeepBest()
    history = keras.callbacks.History()
    start = time.perf_counter()
    model = compiled(network, recipe, steps * recipe.epochs)
    classes = model.output_shape[-1]
    interrupted = False
    bar = ProgressBar(progress_file)
    try:
        model.fit(
            batches(images, labels, recipe, classes),
            epochs=recipe.epochs,
            steps_per_epoch=steps,
            validation_data=(
                as_network_input(held_back[0]),
                keras.utils.to_categorical(held_back[1], classes),
            ),
            validation_batch_size=500,
            callbacks=[history, bar, keep_best],
            shuffle=False,  # the batches come shuffled
            verbose=0,
        )
    except KeyboardInterrupt:
        interrupted = True
        bar.on_train_end()
        if keep_best.weights is not None:
            model.set_weights(keep_best.weights)
    seconds = time.perf_counter() - start
    card = describe(network, model, dataset, asdict(recipe)) | {
        "epochs_completed": len(history.epoch),
        "interrupted": interrupted,
        "fit_seconds": round(seconds, 2),
        "images_learnt_from": len(labels),
        "validation_accuracy": accuracy(model, *held_back),
        "test_accuracy": accuracy(model, dataset.test_images, dataset.test_labels),
    }
    correct = round(card["test_accuracy"] * len(dataset.test_labels))
    card["test_interval"] = wilson_interval(correct, len(dataset.test_labels))
    return Trained(model, history.history, card)


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
