import hashlib

import numpy as np
import pytest

from digitlib import label_errors
from digitlib.datasets import mirrors, mnist
from digitlib.datasets.digits import load_digits
from digitlib.files import OUT_OF_FOLD


def test_exchanged_labels_are_doubted_first():
    rng = np.random.default_rng(0)
    truth = np.arange(2000) % 10
    probabilities = np.full((2000, 10), 0.02)
    probabilities[np.arange(2000), truth] = 0.82
    probabilities += rng.uniform(0, 0.002, probabilities.shape)
    labels = truth.copy()
    labels[[3, 70, 500]] = (truth[[3, 70, 500]] + 1) % 10
    assert set(label_errors.doubtful_labels(labels, probabilities)) == {3, 70, 500}


def test_an_unsure_image_is_not_a_doubtful_label():
    labels = np.arange(100) % 10
    probabilities = np.full((100, 10), 0.01)
    probabilities[np.arange(100), labels] = 0.91
    probabilities[5] = 0.1
    assert len(label_errors.doubtful_labels(labels, probabilities)) == 0


def test_the_stand_ins_probabilities_are_out_of_fold():
    digits = load_digits("uci")
    probabilities = label_errors.out_of_fold(digits)
    assert probabilities.shape == (len(digits.train_labels), 10)
    right = np.mean(probabilities.argmax(axis=1) == digits.train_labels)
    assert 0.85 < right < 1  # a model that had learnt them would know them all


# MNIST's training labels as everybody knows them, and how many of them there are of each digit.
FIRST_LABELS = [5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7, 2, 8, 6, 9]
COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


def test_mnists_are_shipped_in_the_order_of_its_images():
    with np.load(OUT_OF_FOLD) as shipped:
        probabilities = shipped["probabilities"]
        joined = "".join(mnist.MNIST_SHA256.values())
        assert str(shipped["dataset_sha256"]) == hashlib.sha256(joined.encode()).hexdigest()
    assert probabilities.shape == (60_000, 10)
    assert np.all(np.abs(probabilities.sum(axis=1, dtype=int) - 255) <= 5)
    says = probabilities.argmax(axis=1)
    assert says[: len(FIRST_LABELS)].tolist() == FIRST_LABELS
    assert np.allclose(np.bincount(says), COUNTS, rtol=0.03)
    parts = mnist.find(mirrors.user_cache()).parts
    if parts is None:
        pytest.skip("MNIST is not here: only the order of the first images was looked at")
    agree = says == parts["train_labels"]
    assert agree.reshape(60, 1000).mean(axis=1).min() > 0.94 and 0.97 < agree.mean() < 0.99
