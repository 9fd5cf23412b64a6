"""A slip of paper on a table is found, and what only resembles one is not."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digitlib import read
from digitlib.reading.paper import without_table
from digitlib.synthesis.strokes import DIGITS, draw, smooth

SIZE = 480, 360


def picture(table=60, corners=((90, 60), (400, 85), (385, 290), (75, 265)), digit="5"):
    """Return a digit on a slip of paper, on a table with a grain."""
    grain = np.random.default_rng(0).normal(table, 6, SIZE[::-1])
    image = Image.fromarray(np.uint8(grain.clip(0, 255))).convert("RGB")
    ImageDraw.Draw(image).polygon(corners, (225, 222, 210))
    strokes = (
        [smooth(stroke) * (70, 110) + (200, 120) for stroke in DIGITS[digit][0]] if digit else []
    )
    ink = draw(strokes, SIZE, 8)[..., None] if strokes else 0
    return np.uint8(np.asarray(image) * (1 - 0.85 * ink))


@pytest.mark.parametrize("table", [20, 60, 120])
def test_the_table_becomes_paper_and_the_writing_stays(table):
    before = picture(table)
    after = without_table(before)
    assert np.array_equal(after[110:240, 190:280], before[110:240, 190:280])
    assert after[:, :20].min() > 200 and after[-20:].min() > 200
    assert read(before).text == "5"


def test_a_card_that_is_darker_than_its_table_is_one_as_well():
    after = without_table(255 - picture())
    assert after[:20].max() < 60


@pytest.mark.parametrize(
    "kept",
    [
        picture(digit=None),  # nothing is written on it
        picture(corners=((0, 0), (480, 0), (480, 200), (0, 260))),  # the edge of a shadow
        picture(corners=((240, 40), (260, 40), (260, 300), (240, 300))),  # a bar
        picture()[::10, ::10],  # of few pixels
    ],
)
def test_what_is_no_slip_stays(kept):
    assert without_table(kept) is kept


def test_the_inside_of_a_square_zero_is_no_paper():
    image = Image.new("RGB", SIZE, (200, 200, 205))
    ImageDraw.Draw(image).rounded_rectangle((120, 40, 340, 320), 40, None, (20, 20, 60), 45)
    zero = np.asarray(image)
    assert without_table(zero) is zero
