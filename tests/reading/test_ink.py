"""Ink maps: ruled and squared paper, and boxes. How ink is found is tested in test_imaging.py."""

import numpy as np
import pytest

from digitlib.reading.ink import bounding_box, find_ink, plain_paper
from digitlib.reading.writing import writing
from digitlib.synthesis.strokes import DIGITS, draw, smooth


def blank(height=120, width=300):
    return np.zeros((height, width), np.float32)


def bar(ink, top, bottom, left, right):
    ink[top:bottom, left:right] = 1
    return ink


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("climb", [0, 4])
def test_rules_go_and_digits_stay(transposed, climb):
    digit = bar(bar(blank(200, 260), 40, 160, 120, 132), 40, 52, 90, 132)
    ruled = digit.copy()
    columns = np.arange(260)
    for row in (30, 100, 170):
        for thickness in range(2):
            rows = row + thickness + columns * climb // 260
            ruled[rows, columns] = np.maximum(ruled[rows, columns], 0.45)
    cleaned = writing(ruled.T).T if transposed else writing(ruled)
    assert np.array_equal(cleaned[digit == 1], digit[digit == 1])
    assert (cleaned[digit == 0] > 0.3).mean() < 0.002


def test_what_does_not_run_from_edge_to_edge_is_no_rule():
    ink = bar(blank(200, 260), 100, 103, 20, 240)
    assert np.array_equal(writing(ink), ink)


def test_noise_of_any_kind_passes_the_rules():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        ink = np.float32(rng.random((70, 90)) * (rng.random((70, 90)) < rng.random()))
        assert writing(ink).shape == ink.shape


def test_the_bounding_box_is_as_small_as_can_be():
    mask = np.zeros((10, 20), bool)
    assert bounding_box(mask) is None
    mask[3, 5] = mask[7, 2] = True
    assert bounding_box(mask) == (slice(3, 8), slice(2, 6))


@pytest.mark.parametrize("digit", ["6", "8"])
def test_in_a_picture_cut_to_broad_strokes_the_paper_is_what_lies_at_its_edge(digit):
    strokes = [smooth(stroke) * (80, 120) + (40, 40) for stroke in DIGITS[digit][0]]
    drawn = draw(strokes, (160, 200), 26)
    drawn = drawn[bounding_box(drawn > 0.3)]
    light = np.linspace(255, 225, drawn.shape[1]) * np.ones(drawn.shape)
    picture = np.uint8(light - 0.8 * light * drawn)
    assert plain_paper(np.stack([picture] * 3, axis=-1)) is None
    ink, _ = find_ink(np.stack([picture] * 3, axis=-1))
    assert np.mean((ink > 0.5) == (drawn > 0.5)) > 0.75  # paper for ink: a third
