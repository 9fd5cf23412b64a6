import numpy as np
import pytest

from digitlib.reading.glyphs import find_lines
from digitlib.reading.ink import bounding_box, without_rules


def blank(height=120, width=300):
    return np.zeros((height, width), np.float32)


def bar(ink, top, bottom, left, right):
    ink[top:bottom, left:right] = 1
    return ink


def test_separate_digits_are_pieces_and_may_not_be_one():
    ink = bar(bar(blank(), 20, 100, 30, 42), 20, 100, 120, 132)
    [line] = find_lines(ink)
    assert line.count == 2 and set(line.glyphs) == {(0, 1), (1, 2)} and not line.cuts


def test_near_pieces_may_be_one():
    ink = bar(bar(blank(), 20, 100, 30, 42), 20, 100, 48, 60)
    [line] = find_lines(ink)
    assert set(line.glyphs) == {(0, 1), (1, 2), (0, 2)} and not line.cuts
    assert line.glyphs[0, 2].box == (slice(20, 100), slice(30, 60))


def test_a_wide_piece_may_be_two_cut_where_there_is_least_ink():
    ink = bar(bar(blank(), 20, 100, 30, 90), 20, 100, 110, 170)
    bar(ink, 55, 60, 90, 110)
    [line] = find_lines(ink)
    assert line.count == 2 and line.cuts == {(0, 1), (1, 2)} and (0, 2) in line.glyphs
    edge = line.glyphs[0, 1].box[1].stop
    assert 90 <= edge <= 110


def test_overhanging_digits_stay_apart():
    ink = bar(blank(), 20, 30, 30, 90)  # a 7 whose bar reaches over the 1 after it
    bar(ink, 20, 110, 30, 38)
    bar(ink, 40, 118, 70, 80)
    assert find_lines(ink)[0].count == 2


def test_stacked_pieces_belong_together_and_lines_do_not():
    ink = blank(300, 200)
    bar(ink, 20, 28, 40, 90)
    bar(ink, 33, 100, 40, 52)
    bar(ink, 180, 260, 45, 57)
    assert [line.count for line in find_lines(ink)] == [1, 1]


def test_no_ink_no_lines():
    assert find_lines(blank()) == []
    assert find_lines(blank() + 0.4) == []


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
    cleaned = without_rules(ruled.T).T if transposed else without_rules(ruled)
    assert np.array_equal(cleaned[digit == 1], digit[digit == 1])
    assert (cleaned[digit == 0] > 0.3).mean() < 0.002


def test_what_does_not_run_from_edge_to_edge_is_no_rule():
    ink = bar(blank(200, 260), 100, 103, 20, 240)
    assert np.array_equal(without_rules(ink), ink)


def test_noise_of_any_kind_passes_the_rules():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        ink = np.float32(rng.random((70, 90)) * (rng.random((70, 90)) < rng.random()))
        assert without_rules(ink).shape == ink.shape


def test_the_bounding_box_is_as_small_as_can_be():
    mask = np.zeros((10, 20), bool)
    assert bounding_box(mask) is None
    mask[3, 5] = mask[7, 2] = True
    assert bounding_box(mask) == (slice(3, 8), slice(2, 6))
