import csv

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from digitlib.files import SAMPLES
from digitlib.models import as_network_input
from digitlib.reading import imaging


def seven(size=(200, 200), box=(60, 40, 140, 170), width=12, ink=0, paper=255):
    image = Image.new("L", size, paper)
    left, top, right, bottom = box
    points = [(left, top), (right, top), ((left + right) // 2, bottom)]
    ImageDraw.Draw(image).line(points, fill=ink, width=width, joint="curve")
    return np.asarray(image)


def only_glyph(picture):
    [line] = imaging.prepare(picture).lines
    assert line.count == 1
    return line.glyphs[0, 1]


def similar(image, other):
    """Whether two images agree, up to a pixel in the place of their centre of mass."""
    shifts = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
    moved = [np.roll(image, shift, (0, 1)).ravel() for shift in shifts]
    return max(np.corrcoef(m, other.ravel())[0, 1] for m in moved) > 0.85


def test_images_are_in_mnists_look():
    image = only_glyph(seven()).image
    assert image.shape == (28, 28) and image.dtype == np.uint8
    rows, columns = np.nonzero(image > 30)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
    weight = image / image.sum()
    assert abs((weight.sum(1) * np.arange(28)).sum() - 14) <= 1
    assert abs((weight.sum(0) * np.arange(28)).sum() - 14) <= 1


@pytest.mark.parametrize(
    "changed",
    [
        dict(ink=255, paper=0),
        dict(ink=200, paper=230),
        dict(width=2),
        dict(width=18),
        dict(box=(5, 10, 85, 140)),
        dict(size=(1200, 900), box=(600, 300, 760, 560), width=24),
        dict(size=(28, 28), box=(8, 5, 20, 24), width=2),
    ],
)
def test_ink_paper_pen_place_and_size_hardly_matter(changed):
    assert similar(only_glyph(seven(**changed)).image, only_glyph(seven()).image)


def test_a_hard_shadow_is_not_ink():
    picture = seven((300, 300), (100, 60, 200, 240), 14, ink=40, paper=220).astype(float)
    columns = np.arange(300)
    picture[:, columns > 170] *= 0.65
    plain = seven((300, 300), (100, 60, 200, 240), 14, ink=40, paper=220)
    assert similar(only_glyph(picture.astype(np.uint8)).image, only_glyph(plain).image)


def test_boxes_are_half_open_and_in_pixels_of_the_picture():
    picture = np.full((600, 2400), 255, np.uint8)
    picture[100:400, 1000:1040] = 0
    left, top, right, bottom = only_glyph(picture).box
    assert abs(left - 1000) <= 8 and abs(right - 1040) <= 8
    assert abs(top - 100) <= 8 and abs(bottom - 400) <= 8
    whole = np.full((50, 20), 0, np.uint8)
    whole[:, 8:12] = 255
    left, top, right, bottom = only_glyph(whole).box
    assert top == 0 and bottom == 50 and 0 <= left < right <= 20


def test_lines_top_to_bottom_and_glyphs_left_to_right():
    picture = np.full((300, 400), 255, np.uint8)
    for row, columns in ((40, (300, 60, 180)), (180, (100, 220))):
        for column in columns:
            picture[row : row + 80, column : column + 12] = 0
    lines = imaging.prepare(picture).lines
    lefts = [[line.glyphs[i, i + 1].box[0] for i in range(line.count)] for line in lines]
    assert [len(line) for line in lefts] == [3, 2]
    assert all(line == sorted(line) for line in lefts)


def test_a_bar_apart_belongs_to_its_digit():
    picture = np.full((200, 200), 255, np.uint8)
    picture[80:170, 80:92] = 0
    picture[55:67, 80:130] = 0
    assert only_glyph(picture).box[1] <= 56


def test_specks_are_left_out():
    picture = seven().copy()
    picture[10:14, 180:184] = 0
    assert [line.count for line in imaging.prepare(picture).lines] == [1]


@pytest.mark.parametrize("value", [0, 128, 255])
def test_blank_paper_has_no_glyph(value):
    prepared = imaging.prepare(np.full((100, 150), value, np.uint8))
    assert prepared.lines == [] and prepared.ink.max() == 0


def test_noise_alone_has_no_glyph():
    noise = np.random.default_rng(0).normal(200, 6, (300, 300))
    assert imaging.prepare(np.uint8(noise)).lines == []


def test_one_pixel():
    assert imaging.prepare(np.zeros((1, 1), np.uint8)).lines == []


def test_samples_have_as_many_glyphs_as_digits():
    for row in csv.DictReader((SAMPLES / "labels.csv").open()):
        lines = imaging.prepare(SAMPLES / row["path"]).lines
        pieces = sum(line.count - len(line.small) for line in lines)
        assert pieces == len(row["text"]), row["path"]


def test_network_input():
    images = np.full((2, 28, 28), 255, np.uint8)
    inputs = as_network_input(images)
    assert inputs.shape == (2, 28, 28, 1) and inputs.dtype == np.float32 and inputs.max() == 1


def test_opposite_inks_on_grey():
    picture = np.full((60, 90), 128, np.uint8)
    picture[15:45, 20:26], picture[15:45, 60:66] = 228, 28
    assert len(imaging.prepare(picture).lines) == 1


def test_a_halftone_of_thousands_of_dots_is_no_text_and_takes_no_time():
    picture = np.full((800, 800), 255, np.uint8)
    picture[::8, ::8] = picture[1::8, ::8] = picture[::8, 1::8] = 0
    assert imaging.prepare(picture).lines == []


def test_a_picture_of_surfaces_is_no_writing():
    rng = np.random.default_rng(1)
    surface = ndimage.gaussian_filter(rng.normal(0, 1, (200, 260)), 12)
    surface = np.uint8(255 * (surface - surface.min()) / np.ptp(surface))
    assert imaging.prepare(surface).lines == []


def test_a_picture_of_eight_pixels_is_enlarged():
    tiny = np.zeros((8, 8), np.uint8)
    tiny[1:7, 3:5] = 16
    prepared = imaging.prepare(tiny)
    assert max(prepared.ink.shape) >= 20 and prepared.picture.size == (8, 8)
    box = prepared.lines[0].glyphs[0, 1].box
    assert box[1] <= 1 and box[3] >= 7 and box[2] <= 6


def test_shares_of_ink_add_up():
    [line] = imaging.prepare(SAMPLES / "several_digits.jpg").lines
    pieces = [line.glyphs[i, i + 1].share for i in range(line.count)]
    assert sum(pieces) == pytest.approx(1, abs=0.02)


def photo(paper=200.0, size=(400, 300)):
    """Return rough grey paper, (height, width), with a 7 in its middle."""
    noise = np.random.default_rng(0).normal(0, 2, size[::-1])
    ink = seven(size, (150, 80, 230, 220), 14) < 128
    return np.where(ink, 0.3 * paper, paper) + noise


def test_a_shadow_that_narrows_towards_the_edge_leaves_nothing():
    y, x = np.mgrid[0:300, 0:400]
    shaded = photo() * np.where(x + 1.6 * y < 150, 0.55, 1)
    glyph = only_glyph(np.uint8(np.clip(shaded, 0, 255)))
    assert similar(glyph.image, only_glyph(seven()).image) and glyph.share > 0.9


def test_slow_changes_of_light_leave_no_half_ink():
    y, x = np.mgrid[0:300, 0:400]
    vignette = 1 - 0.45 * (((x - 120) / 400) ** 2 + ((y - 100) / 300) ** 2)
    picture = np.uint8(np.clip(photo(230) * vignette, 0, 255))
    ink = imaging.prepare(picture).ink
    assert np.sum((ink > 0.2) & (ink < 0.7)) < 0.3 * np.sum(ink > 0.5)
    assert similar(only_glyph(picture).image, only_glyph(seven()).image)


def bar_to_the_edge(picture):
    picture = picture.copy()
    picture[60:, 190:215] = 50
    return picture


def test_a_bar_that_runs_off_a_photo_is_marked_and_one_on_plain_paper_is_not():
    rough = np.random.default_rng(0).normal(200, 6, (300, 400))
    rough *= np.linspace(0.7, 1, 400)
    glyph = only_glyph(np.uint8(np.clip(bar_to_the_edge(rough), 0, 255)))
    assert glyph.runs_off
    glyph = only_glyph(np.uint8(bar_to_the_edge(np.full((300, 400), 255))))
    assert not glyph.runs_off


def test_the_bar_of_a_five_may_float_above_it():
    image = Image.new("L", (200, 260), 255)
    pen = ImageDraw.Draw(image)
    pen.line([(60, 40), (150, 40)], fill=0, width=10)
    pen.arc((50, 90, 150, 220), 200, 480, fill=0, width=10)
    assert only_glyph(np.asarray(image)).box[1] < 45


@pytest.mark.parametrize("gap", [0, 2, 5, 8])
def test_a_seven_whose_bar_lies_along_the_edge_stays(gap):
    paper = np.linspace(150, 230, 400)[None].repeat(240, axis=0)
    paper = paper + np.random.default_rng(0).normal(0, 3, paper.shape)
    ink = Image.new("L", (400, 240), 0)
    pen = ImageDraw.Draw(ink)
    pen.line([(110, 60), (100, 190)], fill=255, width=12)
    pen.line([(200, gap + 6), (300, gap + 6), (245, 180)], fill=255, width=12, joint="curve")
    picture = np.where(np.asarray(ink) > 0, 40, np.clip(paper, 0, 255))
    [line] = imaging.prepare(np.uint8(picture)).lines
    assert line.count == 2
