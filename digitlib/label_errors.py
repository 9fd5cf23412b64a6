"""Doubtful labels: where a network that never saw an image disagrees with its label.

Confident learning (C. G. Northcutt, L. Jiang, I. L. Chuang, J. Artificial Intelligence Research
70 (2021), 1373-1411), with its threshold rule alone.
"""

import numpy as np

from digitlib.datasets import Dataset, dataset_digest
from digitlib.files import OUT_OF_FOLD


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

    Examples
    --------
    >>> labels = np.arange(100) % 10
    >>> probabilities = np.full((100, 10), 0.01) + 0.9 * np.eye(10)[labels]
    >>> labels[3] = 8
    >>> doubtful_labels(labels, probabilities).tolist()
    [3]
    """
    typical = np.array([probabilities[labels == d, d].mean() for d in range(10)])
    confident = np.where(probabilities >= typical, probabilities, 0)
    suggested = confident.argmax(axis=1)
    doubtful = np.flatnonzero(confident.any(axis=1) & (suggested != labels))
    given, better = labels[doubtful], suggested[doubtful]
    margin = probabilities[doubtful, better] - probabilities[doubtful, given]
    return doubtful[np.argsort(-margin, kind="stable")]


def out_of_fold(dataset: Dataset) -> np.ndarray:
    """Return the probabilities (n, 10) of a dataset's training images, out of fold.

    MNIST's are shipped, as making them takes two trainings; those of another dataset are made by a
    linear model, in seconds.
    """
    with np.load(OUT_OF_FOLD) as shipped:
        if str(shipped["dataset_sha256"]) == dataset_digest(dataset):
            return shipped["probabilities"].astype(np.float32) / 255
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    pixels = dataset.train_images.reshape(len(dataset.train_labels), -1) / np.float32(255)
    model = LogisticRegression(max_iter=100, tol=0.01)
    return cross_val_predict(model, pixels, dataset.train_labels, cv=5, method="predict_proba")
