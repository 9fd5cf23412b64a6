import numpy as np

from digitlib import label_errors
from digitlib.datasets.digits import load_digits


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


def test_mnists_are_shipped_in_the_order_of_its_images():
    with np.load(label_errors.SHIPPED) as shipped:
        assert shipped["probabilities"].shape == (60_000, 10)
        assert np.all(np.abs(shipped["probabilities"].sum(axis=1, dtype=int) - 255) <= 5)
