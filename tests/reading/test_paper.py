"""A slip of paper on a table is found, and what only resembles one is not."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digitlib import read
from digitlib.reading.imaging import prepare
from digitlib.reading.paper import without_table
from digitlib.reading.recognizer import shared
from digitlib.synthesis.strokes import DIGITS, draw, smooth

SIZE = 480, 360


SLIP = (90, 60), (400, 85), (385, 290), (75, 265)


def picture(table=60, corners=SLIP, digit="5", rules=0):
    """Return a digit on a slip of paper, on a table with a grain."""
    grain = np.random.default_rng(0).normal(table, 6, SIZE[::-1])
    image = Image.fromarray(np.uint8(grain.clip(0, 255))).convert("RGB")
    ImageDraw.Draw(image).polygon(corners, (225, 222, 210))
    top, bottom = np.array(corners[:2]), np.array(corners[:-3:-1])
    for share in np.arange(1, rules + 1) / (rules + 1):
        line = top + share * (bottom - top)
        ImageDraw.Draw(image).line([*map(tuple, line)], (90, 90, 120), 3)
    strokes = (
        [smooth(stroke) * (70, 110) + (200, 120) for stroke in DIGITS[digit][0]] if digit else []
    )
    ink = draw(strokes, SIZE, 8)[..., None] if strokes else 0
    return np.uint8(np.asarray(image) * (1 - 0.85 * ink))


@pytest.mark.parametrize("table", [20, 60, 120])
def test_the_table_becomes_paper_and_the_writing_stays(table):
    before = picture(table)
    after, paper = without_table(before)
    assert np.array_equal(after[110:240, 190:280], before[110:240, 190:280])
    assert after[:, :20].min() > 200 and after[-20:].min() > 200
    assert read(before).text == "5"
    slip = Image.new("1", SIZE)
    ImageDraw.Draw(slip).polygon(SLIP, 1)
    assert (paper & ~np.asarray(slip)).sum() < 0.02 * paper.sum() > 0
    assert paper.sum() > 0.85 * np.asarray(slip).sum()


def test_lines_of_a_slip_run_through_the_slip_alone():
    prepared = prepare(picture(rules=4))
    assert shared().read_prepared(prepared).text == "5" and (prepared.rest > 0.5).sum() > 2000


def test_a_card_that_is_darker_than_its_table_is_one_as_well():
    after, _ = without_table(255 - picture())
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
    after, paper = without_table(kept)
    assert after is kept and paper is None


def test_the_inside_of_a_square_zero_is_no_paper():
    image = Image.new("RGB", SIZE, (200, 200, 205))
    ImageDraw.Draw(image).rounded_rectangle((120, 40, 340, 320), 40, None, (20, 20, 60), 45)
    zero = np.asarray(image)
    assert without_table(zero)[0] is zero
