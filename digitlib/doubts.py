"""Doubtful labels: where a network that never saw an image disagrees with its label.

Confident learning (C. G. Northcutt, L. Jiang, I. L. Chuang, J. Artificial Intelligence Research
70 (2021), 1373-1411), with its threshold rule alone. `python -m digitlib.doubts` makes the
probabilities that are shipped for MNIST.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from digitlib.datasets import Dataset, dataset_digest, load_digits

SHIPPED = Path(__file__).parent / "pretrained" / "out_of_fold.npz"
SEED = 0


def doubtful_labels(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the indices of doubtful labels, the most doubtful first.

    A label is doubtful where another digit is at least as probable as it is, on average, for
    images with that digit's label.

    Parameters
    ----------
    labels : (n,) int
        All ten digits occur.
    probabilities : (n, 10)
        Out of fold: each image's by a model that did not learn from it.
    """
    typical = np.array([probabilities[labels == d, d].mean() for d in range(10)])
    confident = np.where(probabilities >= typical, probabilities, 0)
    suggested = confident.argmax(axis=1)
    doubtful = np.flatnonzero(confident.any(axis=1) & (suggested != labels))
    margin = (
        probabilities[doubtful, suggested[doubtful]] - probabilities[doubtful, labels[doubtful]]
    )
    return doubtful[np.argsort(-margin, kind="stable")]


def out_of_fold(dataset: Dataset) -> np.ndarray:
    """Return the probabilities (n, 10) of a dataset's training images, out of fold.

    MNIST's are shipped, as making them takes two trainings; those of another dataset are made by a
    linear model, in seconds.
    """
    with np.load(SHIPPED) as shipped:
        if str(shipped["dataset_sha256"]) == dataset_digest(dataset):
            return shipped["probabilities"].astype(np.float32) / 255
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    pixels = dataset.train_images.reshape(len(dataset.train_labels), -1) / np.float32(255)
    model = LogisticRegression(max_iter=100, tol=0.01)
    return cross_val_predict(model, pixels, dataset.train_labels, cv=5, method="predict_proba")


def folds(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of two halves of a dataset's training images, stratified."""
    from sklearn.model_selection import StratifiedKFold

    halves = StratifiedKFold(2, shuffle=True, random_state=SEED)
    return next(halves.split(dataset.train_images, dataset.train_labels))


def main() -> None:
    """Train the fast network for one epoch on each half, and save what it says to the other."""
    from digitlib.evaluation import probabilities
    from digitlib.recipes import recipe_for
    from digitlib.training import train

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
    np.savez_compressed(SHIPPED, probabilities=result, dataset_sha256=dataset_digest(dataset))
    right = np.mean(result.argmax(axis=1) == dataset.train_labels)
    print(f"out of fold, {right:.2%} agree with their label; saved as {SHIPPED.name}")


if __name__ == "__main__":
    main()
