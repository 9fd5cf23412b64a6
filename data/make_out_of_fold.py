"""Make the out-of-fold probabilities that ship with digitlib: `python data/make_out_of_fold.py`.

MNIST's training images are halved, stratified. The fast network learns each half for one epoch
(batches of 128, the rest as in its recipe) and says what it thinks of the other half. Takes a
minute.
"""

from dataclasses import replace

import numpy as np
from sklearn.model_selection import StratifiedKFold

from digitlib.datasets import Dataset, dataset_digest, load_digits
from digitlib.files import OUT_OF_FOLD
from digitlib.models import probabilities
from digitlib.training import recipe_for, train

SEED = 0


def folds(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of two halves of a dataset's training images, stratified."""
    halves = StratifiedKFold(2, shuffle=True, random_state=SEED)
    return next(halves.split(dataset.train_images, dataset.train_labels))


def main() -> None:
    """Train the fast network for one epoch on each half, and save what it says to the other."""
    dataset = load_digits("mnist")
    result = np.zeros((len(dataset.train_labels), 10), np.uint8)
    first, second = folds(dataset)
    for learn, judge in ((first, second), (second, first)):
        half = replace(
            dataset,
            train_images=dataset.train_images[learn],
            train_labels=dataset.train_labels[learn],
        )
        recipe = recipe_for("fast", half, epochs=1, batch_size=128, seed=SEED)
        model = train("fast", half, recipe).model
        result[judge] = np.round(255 * probabilities(model, dataset.train_images[judge]))
    np.savez_compressed(OUT_OF_FOLD, probabilities=result, dataset_sha256=dataset_digest(dataset))
    right = np.mean(result.argmax(axis=1) == dataset.train_labels)
    print(f"out of fold, {right:.2%} agree with their label; saved as {OUT_OF_FOLD.name}")


if __name__ == "__main__":
    main()
