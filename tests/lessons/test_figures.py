"""What each figure shows: its axes, titles and images."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from digitlib.files import DIGIT_COLOURS, SAMPLES
from digitlib.lessons import figures
from digitlib.reading import Recognizer, prepare


def line(drawn):
    return [list(values) for values in drawn.get_data()]


def shown(axes):
    [image] = axes.images
    return np.asarray(image.get_array())


def test_image_grid():
    images = [np.full((28, 28), i) for i in range(7)]
    titles = [f"no {i}" for i in range(7)]
    figure = figures.image_grid(images, titles, 5, "All", ["red"] + ["black"] * 6)
    assert len(figure.axes) == 10 and figure.get_suptitle() == "All"
    for axes, image, title in zip(figure.axes, images, titles, strict=False):
        assert np.array_equal(shown(axes), image) and axes.get_title() == title
        assert axes.get_images()[0].get_clim() == (0, max(1, image[0, 0]))
        assert not len(axes.get_xticks()) and not len(axes.get_yticks())
    assert [axes.title.get_color() for axes in figure.axes[:2]] == ["red", "black"]
    assert [axes.axison for axes in figure.axes] == [True] * 7 + [False] * 3
    bare = figures.image_grid(images)
    assert len(bare.axes) == 10 and not any(axes.get_title() for axes in bare.axes)


def test_sliding_window():
    rng = np.random.default_rng(0)
    image, window = rng.random((28, 28)), rng.normal(size=(5, 5))
    filtered = ndimage.correlate(image, window)[2:-2, 2:-2]
    places = {"edge": (3, 4), "blank": (20, 0)}
    figure = figures.sliding_window(image, window, filtered, places, "t")
    for row, (name, (top, left)) in zip((0, 1), places.items(), strict=True):
        whole, patch, weights, product, made = figure.axes[5 * row : 5 * row + 5]
        assert whole.get_ylabel() == name and np.array_equal(shown(whole), image)
        assert np.array_equal(shown(patch), image[top : top + 5, left : left + 5])
        assert np.array_equal(shown(weights), window)
        assert np.allclose(shown(product), shown(patch) * window)
        assert np.array_equal(shown(made), filtered)
        assert made.get_title() == f"sum: {shown(product).sum():+.2f}"
        for axes, size in ((whole, 5), (made, 1)):
            across, down = line(axes.lines[0])
            assert (min(across), min(down)) == (left - 0.5, top - 0.5)
            assert np.ptp(across) == np.ptp(down) == size
        for axes in (weights, product, made):  # white is zero
            lowest, highest = axes.get_images()[0].get_clim()
            assert lowest == -highest


def test_lines_that_are_no_writing_are_orange():
    prepared = prepare(SAMPLES / "form.jpg")
    reading = Recognizer().read_prepared(prepared)
    ink = figures.reading_steps(prepared, reading, "form").axes[1]
    assert ink.get_title().endswith("orange: not taken for writing")
    drawn = ~np.ma.getmaskarray(ink.images[1].get_array())
    assert drawn.any() and not (drawn & (prepared.ink > 0)).any()


@pytest.mark.parametrize("name", ["several_digits.jpg", "blank_paper.jpg"])
def test_reading_steps(name):
    prepared = prepare(SAMPLES / name)
    reading = Recognizer().read_prepared(prepared)
    figure = figures.reading_steps(prepared, reading, name)
    picture, ink, *others = figure.axes
    assert np.array_equal(shown(picture), prepared.picture.colours)
    assert np.array_equal(shown(ink), prepared.ink)
    width, height = prepared.picture.size
    assert ink.images[0].get_extent() == [0, width, height, 0]
    assert len(ink.images) == 1 and "orange" not in ink.get_title()
    assert len(ink.lines) == len(reading.digits) and len(others) == 2 * len(reading.digits)
    for frame, seen, bars, digit in zip(
        ink.lines, others[::2], others[1::2], reading.digits, strict=True
    ):
        xs, ys = line(frame)
        assert (min(xs), min(ys), max(xs), max(ys)) == tuple(digit.box)
        assert np.array_equal(shown(seen), digit.image)
        assert seen.get_title() == f"{digit.digit} ({digit.confidence:.0%})"
        assert np.allclose([bar.get_width() for bar in bars.patches], digit.probabilities)
    check_picture(figure)


def check_picture(figure):
    image = Image.open(io.BytesIO(figures.png(figure)))
    assert 400 < image.width <= 1200
    assert np.asarray(image.convert("L")).std() > 5


def test_a_picture_is_as_wide_as_a_page_and_white():
    figure = figures.image_grid([np.eye(28)], title="t")
    check_picture(figure)
    image = Image.open(io.BytesIO(figures.png(figure))).convert("RGB")
    assert image.getpixel((0, 0)) == (255, 255, 255)


def test_ten_digits_have_ten_colours():
    assert len(set(DIGIT_COLOURS)) == 10
