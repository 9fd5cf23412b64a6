import numpy as np
import pytest

from digitlib.reading.writing import LEAST, writing
from digitlib.synthesis.strokes import DIGITS, draw, smooth

SIDE, PEN = 300, 10


def digit(name="3"):
    """A digit of half the picture's height, in its middle."""
    strokes = [smooth(stroke) * [90, 150] + [105, 75] for stroke in DIGITS[name][0]]
    return draw(strokes, (SIDE, SIDE), PEN)


def rules():
    ink = np.zeros((SIDE, SIDE), np.float32)
    ink[20::40, :] = ink[21::40, :] = 0.6
    return ink


def squares():
    return np.maximum(rules(), rules().T)


def frame():
    corners = np.array([(60, 40), (240, 40), (240, 260), (60, 260), (60, 40)], float)
    return draw([corners], (SIDE, SIDE), 4)


def ring():
    angle = np.linspace(0, 2 * np.pi, 90)
    points = np.stack([np.cos(angle), np.sin(angle)], 1) * 130 + SIDE / 2
    return draw([points], (SIDE, SIDE), 5)


def underline():
    return draw([np.array([(70.0, 245.0), (230.0, 243.0)])], (SIDE, SIDE), 5)


def open_ring():
    """A ring that an unsteady hand did not close."""
    angle = np.linspace(0.4, 2 * np.pi, 90)
    reach = np.linspace(125, 140, 90)[:, None]
    return draw([np.stack([np.cos(angle), np.sin(angle)], 1) * reach + SIDE / 2], (SIDE, SIDE), 5)


def tilted(degrees, reach, pen, steps):
    """Lines at some distances from the middle, as long each way, and turned."""
    angle = np.deg2rad(degrees)
    along, aside = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    lines = [SIDE / 2 + np.array([n * aside - reach * along, n * aside + reach * along])
             for n in steps]  # fmt: skip
    return draw(lines, (SIDE, SIDE), pen)


def tilted_rules():
    return tilted(-8, 300, 2, range(-240, 241, 60))


def tilted_table():
    steps = range(-120, 121, 60)
    return np.maximum(tilted(7, 120, 3, steps), tilted(97, 120, 3, steps))


@pytest.mark.parametrize(
    "around",
    [rules, squares, frame, ring, underline, open_ring, tilted_rules, tilted_table],
)
def test_what_is_around_a_digit_goes_and_the_digit_stays(around):
    ink, drawn = digit(), around()
    left = writing(np.maximum(ink, drawn)) > 0.3
    own, other = ink > 0.3, (drawn > 0.3) & (ink == 0)
    assert other.sum() > 800, "there was something to remove"
    assert left[own].mean() > 0.93
    # At most what lies against the digit's own strokes may be left.
    assert left[other].mean() < 0.05


@pytest.mark.parametrize("name", list(DIGITS))
def test_a_digit_on_plain_paper_is_untouched(name):
    ink = digit(name)
    assert writing(ink) is ink


def test_a_frame_around_several_small_rows_goes():
    rows = np.zeros((SIDE, SIDE), np.float32)
    for top in (60, 140):
        for left in (80, 160):
            strokes = [smooth(stroke) * [30, 50] + [left, top] for stroke in DIGITS["3"][0]]
            rows = np.maximum(rows, draw(strokes, (SIDE, SIDE), 5))
    left = writing(np.maximum(rows, frame()))
    assert (left[rows > 0.3] > 0.3).mean() > 0.93
    assert (left[(frame() > 0.3)] > 0.3).mean() < 0.05


def test_an_empty_map_and_one_with_no_room_for_lines_are_untouched():
    blank = np.zeros((SIDE, SIDE), np.float32)
    assert writing(blank) is blank
    small = rules()[: LEAST - 1]
    assert writing(small) is small


def test_the_lines_of_a_small_crop_go_and_the_digit_between_them_stays():
    ink = np.zeros((44, 60), np.float32)
    ink[[4, 38]] = 1
    ink[8:36, 26:30] = 1  # two pixels above a line
    left = writing(ink)
    assert not left[[4, 38]].any() and (left[8:36, 26:30] == 1).all()


def test_a_large_page_is_judged_on_an_overview_and_keeps_its_size():
    ink, drawn = (np.kron(m, np.ones((5, 5), np.float32)) for m in (digit(), squares()))
    left = writing(np.maximum(ink, drawn))
    assert left.shape == ink.shape
    assert (left[(drawn > 0.3) & (ink == 0)] > 0.3).mean() < 0.05
    assert (left[ink > 0.3] > 0.3).mean() > 0.9
