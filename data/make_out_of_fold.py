"""Make the out-of-fold probabilities that ship with digitlib: `python data/make_out_of_fold.py`.

MNIST's training images are split into two stratified halves. A small network is trained on each
half for one epoch, and judges the other. Network and recipe stand here, as they were when the
shipped probabilities were made: the fast network of that time. Takes a minute.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from digitlib.datasets import dataset_digest, load_digits
from digitlib.files import OUT_OF_FOLD
from digitlib.models import probabilities
from digitlib.models.backend import keras
from digitlib.training import Recipe, batches, compiled, split
from digitlib.training.callbacks import SeedEachEpoch

RECIPE = Recipe(epochs=1, batch_size=128, peak_rate=0.01, rotation=6, scale=0.08, shift=1, seed=0)


def network() -> keras.Sequential:
    """Return the network, untrained."""
    layers = keras.layers

    def convolution(filters: int, strides: int) -> list:
        conv = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)
        return [conv, layers.BatchNormalization(momentum=0.9), layers.ReLU()]

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(24, 5, strides=2, padding="same", activation="relu"),
            *convolution(48, 2),
            *convolution(64, 1),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )


def main() -> None:
    """Train the fast network on each half, and save its probabilities for the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=OUT_OF_FOLD)
    output = parser.parse_args().output
    dataset = load_digits("mnist")
    result = np.zeros((len(dataset.train_labels), 10), np.uint8)
    halves = StratifiedKFold(2, shuffle=True, random_state=RECIPE.seed)
    first, second = next(halves.split(dataset.train_images, dataset.train_labels))
    for learn, judge in ((first, second), (second, first)):
        half = replace(
            dataset,
            train_images=dataset.train_images[learn],
            train_labels=dataset.train_labels[learn],
        )
        chosen, _ = split(half, RECIPE)
        images, labels = half.train_images[chosen], half.train_labels[chosen].astype(int)
        steps = len(labels) // RECIPE.batch_size
        keras.utils.set_random_seed(RECIPE.seed)
        model = compiled(network(), RECIPE, steps)
        shown, seeded = batches(images, labels, RECIPE, 10), SeedEachEpoch(RECIPE.seed)
        model.fit(shown, steps_per_epoch=steps, shuffle=False, callbacks=[seeded])
        result[judge] = np.round(255 * probabilities(model, dataset.train_images[judge]))
    np.savez_compressed(output, probabilities=result, dataset_sha256=dataset_digest(dataset))
    right = np.mean(result.argmax(axis=1) == dataset.train_labels)
    print(f"out of fold, {right:.2%} agree with their label; saved as {output}")


if __name__ == "__main__":
    main()
