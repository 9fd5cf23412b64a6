import numpy as np
import pytest

from digitlib.reading.glyphs import Part, cut_apart, find_lines


def blank(height=120, width=300):
    return np.zeros((height, width), np.float32)


def bar(ink, top, bottom, left, right):
    ink[top:bottom, left:right] = 1
    return ink


def test_separate_digits_are_pieces_and_may_not_be_one():
    ink = bar(bar(blank(), 20, 100, 30, 42), 20, 100, 120, 132)
    [line] = find_lines(ink)
    assert line.count == 2 and set(line.glyphs) == {(0, 1), (1, 2)}


def test_near_pieces_may_be_one():
    ink = bar(bar(blank(), 20, 100, 30, 42), 20, 100, 48, 60)
    [line] = find_lines(ink)
    assert set(line.glyphs) == {(0, 1), (1, 2), (0, 2)}
    assert line.glyphs[0, 2].box == (slice(20, 100), slice(30, 60))


def test_a_bar_far_to_the_right_of_a_5_may_belong_to_it():
    [line] = find_lines(bar(bar(blank(), 20, 100, 30, 90), 20, 32, 96, 150))
    assert set(line.glyphs) == {(0, 1), (0, 2)} and line.small == {1}


def test_strokes_in_dots_hold_together_and_dirt_beside_a_digit_is_none_of_it():
    ring = np.zeros((120, 120), np.float32)
    turns = np.linspace(0, 2 * np.pi, 50)
    for y, x in np.intp(60 + 40 * np.stack([np.sin(turns), np.cos(turns)], axis=1)):
        ring[y - 1 : y + 1, x - 1 : x + 1] = 1  # dots 5 pixels apart
    [line] = find_lines(ring)
    assert line.count == 1 and line.glyphs[0, 1].box[0].stop > 100
    dirty = bar(bar(blank(), 20, 100, 30, 42), 50, 53, 46, 49)
    assert find_lines(dirty)[0].glyphs[0, 1].box == (slice(20, 100), slice(30, 42))


def test_a_wide_piece_may_be_two_cut_where_there_is_least_ink():
    ink = bar(bar(blank(), 20, 100, 30, 90), 20, 100, 110, 170)
    bar(ink, 55, 60, 90, 110)
    [line] = find_lines(ink)
    assert set(line.glyphs) == {(0, 1)} and not line.slices
    line = cut_apart(line.glyphs[0, 1])
    assert line.slices and (0, line.count) not in line.glyphs
    edges = [part.box[1].stop for (start, _), part in line.glyphs.items() if start == 0]
    assert any(90 <= edge <= 110 for edge in edges)


def test_a_narrow_piece_and_one_of_few_pixels_are_not_cut():
    for tall, wide in ((80, 30), (6, 60)):
        part = Part((slice(20, 20 + tall), slice(30, 30 + wide)), np.ones((tall, wide), np.float32))
        assert cut_apart(part) is None


def test_a_cut_follows_the_gap_between_digits_that_lean():
    rows, columns = np.mgrid[0:80, 0:150]
    lean = columns - 30 + 0.1 * rows  # by less than a cut may leave its column
    ink = np.float32(((lean > 0) & (lean < 42)) | ((lean > 46) & (lean < 88)))
    ink[40:44, 60:90] = 1
    [line] = find_lines(ink)
    slices = cut_apart(line.glyphs[0, 1]).glyphs
    halves = [part.ink.sum() for span, part in slices.items() if 0 in span]
    assert any(0.4 * ink.sum() < half < 0.6 * ink.sum() for half in halves)


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


def test_digits_of_two_narrow_lines_stay_apart_and_halves_of_a_digit_do_not():
    ink = blank(300, 200)
    bar(bar(ink, 20, 80, 40, 80), 88, 148, 44, 84)
    assert len(find_lines(ink)) == 2
    ink = blank(300, 200)
    bar(bar(ink, 20, 60, 40, 84), 68, 108, 40, 84)  # an 8
    assert [line.count for line in find_lines(ink)] == [1]
    ink = blank(300, 200)
    bar(bar(ink, 20, 80, 40, 50), 88, 148, 40, 50)  # a 1
    assert [line.count for line in find_lines(ink)] == [1]


def test_an_exponent_is_a_digit_of_its_own():
    ink = blank(200, 200)
    bar(bar(ink, 80, 160, 40, 100), 36, 76, 90, 104)
    assert sum(line.count for line in find_lines(ink)) == 2


def test_exponents_and_their_bases_are_one_line_and_two_lines_are_not():
    powers = blank(200, 400)
    for left in (40, 220):
        bar(bar(powers, 80, 160, left, left + 40), 50, 90, left + 60, left + 72)
    [line] = find_lines(powers)
    assert [line.glyphs[i, i + 1].box[1].start for i in range(4)] == [40, 100, 220, 280]
    higher = blank(200, 400)  # and a little over its base
    for left in (40, 220):
        bar(bar(higher, 80, 160, left, left + 40), 20, 56, left + 36, left + 48)
    [line] = find_lines(higher)
    assert [line.glyphs[i, i + 1].box[1].start for i in range(4)] == [40, 76, 220, 256]
    lines = blank(200, 400)  # that share height, but stand below each other
    for left, deeper in ((40, 0), (220, 12)):
        bar(lines, 20, 90 + deeper, left + 30, left + 72)
        bar(lines, 95 + deeper, 165, left, left + 40)
    assert [line.count for line in find_lines(lines)] == [2, 2]


@pytest.mark.parametrize("degrees", [-10, -4, 0, 4, 10])
def test_rows_of_a_tilted_table_stay_apart(degrees):
    ink = blank(600, 700)
    slope = np.tan(np.deg2rad(degrees))
    for row in range(3):
        for left in (40, 100, 340, 600):
            top = round(180 + 70 * row + slope * (left - 300))
            bar(ink, top, top + 40, left, left + 16)
    lines = find_lines(ink)
    assert [line.count for line in lines] == [4, 4, 4]
    for line in lines:
        lefts = [line.glyphs[i, i + 1].box[1].start for i in range(4)]
        assert lefts == [40, 100, 340, 600]


def test_no_ink_no_lines():
    assert find_lines(blank()) == []
    assert find_lines(blank() + 0.4) == []
