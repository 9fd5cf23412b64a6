"""What each figure shows: its axes, labels, bars and lines; and how it reaches a notebook."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from digitlib.files import DIGIT_COLOURS, SAMPLES
from digitlib.lessons import figures
from digitlib.reading import Recognizer, prepare

COUNTS = np.arange(3, 13)


def heights(axes):
    return [bar.get_height() for bar in axes.patches]


def labels(axes):
    return axes.get_xlabel(), axes.get_ylabel()


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


def test_bars_by_digit():
    values = {"a": COUNTS / 20, "b": COUNTS / 15}
    figure = figures.bars_by_digit(values, "t", lowest=0.1)
    [axes] = figure.axes
    assert heights(axes) == [*values["a"], *values["b"]]
    middles = [bar.get_x() + bar.get_width() / 2 for bar in axes.patches]
    assert np.allclose(np.mean([middles[:10], middles[10:]], axis=0), range(10))
    assert np.all(np.diff(sorted(middles)) > axes.patches[0].get_width() - 1e-9)
    assert axes.get_ylim() == pytest.approx((0.1, 0.8 + 0.05 * 0.7)) and labels(axes)[0] == "digit"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]
    [free] = figures.bars_by_digit({"a": -COUNTS}, "t", lowest=None).axes
    assert free.get_ylim()[0] < -12


def test_curves():
    lines = {"one": np.array([1, 2, 4]), "two": np.array([3, 2, 1])}
    [axes] = figures.curves([0, 1, 5], lines, "across", "up", "t").axes
    assert {curve.get_label(): line(curve) for curve in axes.lines} == {
        name: [[0, 1, 5], list(values)] for name, values in lines.items()
    }
    assert labels(axes) == ("across", "up")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(lines)


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
    figure = figures.curves([0, 1], {"a": np.array([1, 2])}, "x", "y", "t")
    check_picture(figure)
    image = Image.open(io.BytesIO(figures.png(figure))).convert("RGB")
    assert image.getpixel((0, 0)) == (255, 255, 255)


@pytest.fixture
def displayed(monkeypatch):
    """Collect what IPython is asked to display."""
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda *a, **k: calls.append((a, k)))
    return calls


def test_show_carries_its_alternative_text(displayed):
    figures.show(figures.image_grid([np.eye(28)]), alt="a line")
    [((data,), options)] = displayed
    assert data["text/plain"] == "a line"
    assert options["metadata"]["image/png"]["alt"] == "a line"
    assert not options["update"] and options["display_id"] is None


def test_an_update_replaces_the_figure_of_the_same_id(displayed):
    figure = figures.image_grid([np.eye(28)])
    assert figures.show(figure, alt="first", display_id="one") is None
    figures.show(figure, alt="again", display_id="one", update=True)
    assert [(k["display_id"], k["update"]) for _, k in displayed] == [("one", False), ("one", True)]
    assert displayed[1][1]["metadata"]["image/png"]["alt"] == "again"


def test_ten_digits_have_ten_colours():
    assert len(set(DIGIT_COLOURS)) == 10
