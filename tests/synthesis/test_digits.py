import multiprocessing
import types

import numpy as np
import pytest

from digitlib.datasets.digits import load_digits
from digitlib.synthesis import digits as augmentation
from digitlib.synthesis import negatives, training_set
from digitlib.synthesis.strokes import DIGITS, SIGNS, draw, smooth


@pytest.fixture(scope="module")
def digits():
    return load_digits("uci")


def rng(seed=0):
    return np.random.default_rng(seed)


def test_a_redrawn_digit_follows_from_its_generator(digits):
    image = digits.train_images[0]
    first, second = (augmentation.redraw(image, 1, rng(5)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, augmentation.redraw(image, 1, rng(6)))
    assert first.shape == (112, 112) and first.min() >= 0 and first.max() <= 1


def test_redrawn_digits_are_still_read(digits):
    from digitlib.files import SHIPPED_MODEL
    from digitlib.models.loading import load_network

    network, random = load_network(SHIPPED_MODEL), rng()
    images, labels = digits.train_images[:200], digits.train_labels[:200]
    redrawn = [
        augmentation.look(augmentation.redraw(image, int(label), random))
        for image, label in zip(images, labels, strict=True)
    ]
    assert np.mean(network(np.stack(redrawn))[:, :10].argmax(1) == labels) > 0.8


@pytest.mark.parametrize("label", range(10))
def test_every_digit_can_be_drawn_by_code(label):
    images = [augmentation.look(augmentation.draw_digit(label, rng(s))) for s in range(5)]
    assert all(image.max() > 100 for image in images)
    assert len({image.tobytes() for image in images}) == 5


@pytest.mark.parametrize("kind", ["sign", "scribble", "blob", "texture", "heap", "shape"])
def test_every_kind_of_distractor_leaves_ink(kind, digits):
    image = getattr(negatives, kind)(digits.train_images, rng(3))
    assert image.shape == (28, 28) and image.dtype == np.uint8 and image.max() > 100


def test_the_readers_images_are_the_same_on_any_number_of_cores(digits, monkeypatch):
    images, labels = digits.train_images[:60], digits.train_labels[:60].astype(int)
    made = training_set.reader_images(images, labels, seed=1, copies=2)

    class OneByOne:
        def __enter__(self):
            return self

        def __exit__(self, *args):
            pass

        def map(self, work, jobs, chunksize):
            return [work(job) for job in jobs]

    here = types.SimpleNamespace(Pool=OneByOne)
    monkeypatch.setattr(multiprocessing, "get_context", lambda method: here)
    again = training_set.reader_images(images, labels, seed=1, copies=2)
    assert all(np.array_equal(a, b) for a, b in zip(made, again, strict=True))
    assert np.bincount(made[1])[10] == 2 * (60 // 4)
    assert len(made[1]) == 2 * (60 + 60 // 5 + 60 // 4)


def test_signs_and_ways_lie_in_the_unit_square():
    for ways in [*DIGITS.values(), [SIGNS[name] for name in SIGNS]]:
        for way in ways:
            for stroke in way:
                points = np.array(stroke)
                assert points.shape[1] == 2 and points.min() >= 0 and points.max() <= 1


def test_a_smooth_stroke_passes_its_points_and_keeps_corners():
    points = [(0, 0), (1, 0), (1, 0), (1, 1)]
    line = smooth(points)
    for point in points:
        assert np.min(np.linalg.norm(line - point, axis=1)) < 1e-9
    assert np.all((np.abs(line[:, 1]) < 1e-9) | (np.abs(line[:, 0] - 1) < 1e-9))


def test_a_drawn_line_has_its_width():
    ink = draw([np.array([(10.0, 30.0), (90.0, 30.0)])], (100, 60), 8)
    assert ink.shape == (60, 100)
    assert ink[:, 50].sum() == pytest.approx(8, abs=0.7)
