"""A drawing on plain paper, read with one look."""

import numpy as np
import pytest

from digitlib.reading import prepare
from digitlib.reading.drawing import drawing_lines, read_drawing
from digitlib.reading.ink import drawn_ink, find_ink, written
from digitlib.synthesis.strokes import DIGITS, draw, smooth


def drawn(digit, paper=255, pen=0):
    """Return a digit drawn by code, (150, 120) uint8."""
    strokes = [smooth(stroke) * (70, 100) + (25, 25) for stroke in DIGITS[digit][0]]
    return np.uint8(paper + draw(strokes, (120, 150), 9) * (pen - float(paper)))


@pytest.mark.parametrize(("paper", "pen"), [(255, 0), (0, 255), (200, 150), (30, 90)])
def test_ink_is_that_of_any_picture_on_plain_paper(paper, pen):
    grey = drawn("5", paper, pen)
    ink, contrast = drawn_ink(grey)
    found, same = find_ink(np.stack([grey] * 3, axis=-1))
    assert np.allclose(ink, written(found), atol=1e-5)
    assert np.isclose(contrast, same, rtol=1e-3)
    assert 0.9 < contrast / (3**0.5 * abs(paper - pen)) <= 1  # a histogram's bin is 1 % wide


def test_no_ink_where_all_is_nearly_one_grey():
    assert drawn_ink(drawn("5", 200, 195))[0].max() == 0
    assert read_drawing(drawn("5", 200, 195)).text == ""


@pytest.mark.parametrize("digit", DIGITS)
def test_a_drawing_has_the_images_and_boxes_that_prepare_finds(digit):
    grey = drawn(digit)
    [line] = drawing_lines(grey)
    [whole] = prepare(grey).lines
    assert read_drawing(grey).text == digit
    for span, glyph in line.glyphs.items():
        other = whole.glyphs[span]
        assert (glyph.box, glyph.size) == (other.box, other.size)
        assert glyph.share == pytest.approx(other.share, abs=0.01)
        assert np.abs(glyph.image.astype(int) - other.image).max() <= 1


def test_a_digit_beside_a_gap_is_a_second_one():
    grey = np.concatenate([drawn("3"), drawn("8")], axis=1)
    reading = read_drawing(grey)
    assert reading.text == "38"
    assert reading.digits[0].box[2] < 120 < reading.digits[1].box[0]
