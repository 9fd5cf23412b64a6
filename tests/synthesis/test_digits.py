import multiprocessing
import types

import numpy as np
import pytest

from digitlib.datasets.digits import load_digits
from digitlib.files import SHIPPED_MODEL
from digitlib.models.loading import load_network
from digitlib.synthesis import digits as augmentation
from digitlib.synthesis import negatives, training_set
from digitlib.synthesis.negatives import MOST_SLICES
from digitlib.synthesis.strokes import DIGITS, SIGNS, draw, smooth


@pytest.fixture(scope="module")
def digits():
    return load_digits("uci")


@pytest.fixture(scope="module")
def reader():
    return load_network(SHIPPED_MODEL)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_a_redrawn_digit_follows_from_its_generator(digits):
    image = digits.train_images[0]
    first, second = (augmentation.redraw(image, 1, rng(5)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, augmentation.redraw(image, 1, rng(6)))
    assert first.shape == (112, 112) and first.min() >= 0 and first.max() <= 1


def test_redrawn_digits_are_still_read(digits, reader):
    random = rng()
    images, labels = digits.train_images[:200], digits.train_labels[:200]
    redrawn = [
        augmentation.look(augmentation.redraw(image, int(label), random))
        for image, label in zip(images, labels, strict=True)
    ]
    assert np.mean(reader(np.stack(redrawn))[:, :10].argmax(1) == labels) > 0.85


@pytest.mark.parametrize("label", range(10))
def test_every_digit_can_be_drawn_by_code_and_is_read(label, reader):
    images = [augmentation.look(augmentation.draw_digit(label, rng(s))) for s in range(20)]
    assert all(image.max() > 100 for image in images)
    assert len({image.tobytes() for image in images}) == 20
    assert np.mean(reader(np.stack(images)).argmax(1) == label) >= 0.75


@pytest.mark.parametrize("kind", negatives.KINDS)
def test_every_kind_of_negative_leaves_ink_and_is_no_digit(kind, digits, reader):
    random = rng(3)
    needs = (digits.train_images, random) if kind is negatives.joined else (random,)
    images = np.stack([kind(*needs) for _ in range(50)])
    assert images.shape == (50, 28, 28) and images.dtype == np.uint8
    assert np.all(images.max(axis=(1, 2)) > 100)
    assert np.sum(reader(images)[:, :10].max(axis=1) > 0.9) <= 4, "more are read as digits"


def test_negatives_are_hardly_ever_read_as_digits_and_never_empty(digits, reader):
    random = rng(0)
    images = np.stack([negatives.draw_negative(digits.train_images, random) for _ in range(100)])
    assert np.all(images.max(axis=(1, 2)) > 0)
    assert np.sum(reader(images).argmax(axis=1) != 10) <= 4


@pytest.mark.parametrize("label", augmentation.HABITS)
def test_habits_are_added_to_their_share_of_the_digits_and_take_nothing_away(label, digits):
    plain = [digits.train_images[i] for i in np.flatnonzero(digits.train_labels == label)[:100]]
    share, random, changed = augmentation.HABITS[label][0], rng(0), 0
    for image in plain:
        ink = augmentation.enlarge(image / 255, 112)
        with_habit = augmentation.add_habits(ink, label, random)
        assert np.all(with_habit >= ink)
        changed += not np.array_equal(with_habit, ink)
    assert changed == pytest.approx(share * len(plain), abs=10)
    ink = augmentation.enlarge(plain[0] / 255, 112)
    assert all(np.array_equal(augmentation.add_habits(ink, 4, rng(s)), ink) for s in range(20))


@pytest.mark.parametrize("damage", [damage for _, damage in augmentation.DAMAGE])
def test_each_damage_changes_a_digit_and_leaves_some_of_it(damage, digits):
    ink = augmentation.enlarge(digits.train_images[0] / 255, 112)
    damaged = damage(ink.copy(), np.argwhere(ink > 0.5), rng(1))
    assert damaged.shape == ink.shape and damaged.min() >= 0 and damaged.max() <= 1
    assert not np.array_equal(damaged, ink)
    kept = np.sum((damaged > 0.5) & (ink > 0.5)) / np.sum(ink > 0.5)
    assert kept > 0.4


def test_the_readers_images_are_the_same_on_any_number_of_cores(digits, monkeypatch):
    monkeypatch.setattr(training_set, "CHUNK", 30)  # more than one job for each copy
    images, labels = digits.train_images[:60], digits.train_labels[:60].astype(int)
    made = training_set.reader_images(images, labels, seed=1, copies=2)

    class OneByOne:
        def __init__(self, processes):
            pass

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
    least = 2 * 2 * (30 // 3)  # and some slices
    assert least < np.bincount(made[1])[10] <= least + 2 * 2 * (30 // 8) * MOST_SLICES
    assert len(made[1]) > 2 * 2 * (30 + 30 // 5 + 30 // 3)


def test_digits_found_on_a_page_are_those_that_were_drawn(digits, reader, monkeypatch):
    found = [training_set._on_a_page(digits.train_images, digits.train_labels.astype(int), rng(i))
             for i in range(40)]  # fmt: skip
    images, labels = (np.concatenate(parts) for parts in zip(*found, strict=True))
    assert len(images) == len(labels) > 50 and images.dtype == np.uint8
    assert np.mean(reader(images).argmax(axis=1) == labels) > 0.6  # of 8 x 8 pixels
    monkeypatch.setattr(training_set, "LIKE", 1.01)  # more like it than it is itself
    none, names = training_set._on_a_page(digits.train_images, digits.train_labels, rng(0))
    assert none.shape == (0, 28, 28) and len(names) == 0


def test_slices_are_whole_digits_or_clearly_none(digits, reader):
    random, images, labels = rng(4), [], []
    while len(images) < 200:
        some, names = negatives.slices(digits.train_images, digits.train_labels, random)
        assert len(some) == len(names) <= 2 * MOST_SLICES
        images, labels = [*images, *some], [*labels, *names]
    said, labels = reader(np.stack(images)).argmax(axis=1), np.array(labels)
    digit = labels < 10
    assert 50 < digit.sum() < 150
    # Slices are hard: strokes of a neighbour stick to them. Guesses would be right once in ten.
    assert np.mean(said[digit] == labels[digit]) > 0.7 and np.mean(said[~digit] == 10) > 0.8


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
