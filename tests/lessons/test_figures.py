"""What each figure shows: its axes, labels, bars and lines; and how it reaches a notebook."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from digitlib.files import DIGIT_COLOURS, SAMPLES
from digitlib.lessons import figures
from digitlib.reading import Recognizer, prepare

COUNTS = np.arange(3, 13)


def heights(axes):
    return [bar.get_height() for bar in axes.patches]


def colours(patches):
    return [to_hex(patch.get_facecolor()).upper() for patch in patches]


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


def test_class_balance():
    figure = figures.class_balance(COUNTS, 2 * COUNTS, "t")
    for axes, counts, name in zip(
        figure.axes, (COUNTS, 2 * COUNTS), ("training", "test"), strict=True
    ):
        assert heights(axes) == list(counts)
        assert colours(axes.patches) == list(DIGIT_COLOURS)
        assert labels(axes) == ("digit", f"{name} images")
        [mean] = axes.lines
        assert set(mean.get_ydata()) == {counts.mean()}


def test_pixel_values():
    counts = np.arange(256) + 1
    left, right = figures.pixel_values(counts, COUNTS / 100, "t").axes
    assert heights(left) == list(counts) and left.get_yscale() == "log"
    assert labels(left) == ("pixel value", "pixels (log scale)")
    assert heights(right) == list(COUNTS / 100) and colours(right.patches) == list(DIGIT_COLOURS)
    assert labels(right) == ("digit", "mean value / 255")


def test_mass_centres():
    image = np.eye(28)
    left, right = figures.mass_centres([13, 14.5], [12, 15], image, "t").axes
    assert np.array_equal(shown(left), image)
    box = np.array(line(left.lines[0]))
    assert np.ptp(box, axis=1).tolist() == [20, 20] and box.mean(axis=1).max() < 14
    [points] = right.collections
    assert points.get_offsets().tolist() == [[12, 13], [15, 14.5]]  # x is the column
    assert labels(right) == ("column", "row") and right.yaxis_inverted()
    assert line(left.lines[1]) == line(right.lines[0]) == [[14], [14]]


def test_feature_maps():
    image, maps = np.eye(28), np.random.default_rng(0).random((24, 24, 9))
    first, *others = figures.feature_maps(image, maps, "t").axes
    assert np.array_equal(shown(first), image) and first.get_title() == "input"
    assert len(others) == 9
    assert all(np.array_equal(shown(axes), maps[..., i]) for i, axes in enumerate(others))


def test_learning_curves():
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    histories = {
        name: {key: [0.1 * i + shift, 0.5] for i, key in enumerate(names)}
        for name, shift in (("plain", 0), ("better", 1))
    }
    left, right = figures.learning_curves(histories, "t").axes
    for axes, metric in ((left, "loss"), (right, "accuracy")):
        assert labels(axes) == ("epoch", metric)
        drawn = {curve.get_label(): (line(curve), curve.get_linestyle()) for curve in axes.lines}
        assert drawn == {
            f"{name}, {kind}": ([[1, 2], history[key]], style)
            for name, history in histories.items()
            for kind, key, style in (
                ("training", metric, "-"),
                ("validation", f"val_{metric}", "--"),
            )
        }
        assert len({curve.get_color() for curve in axes.lines}) == 2
        axes.figure.draw_without_rendering()
        assert all(place == int(place) for place in axes.get_xticks())
    assert len(right.get_legend().get_texts()) == 4


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


def test_confusion_heatmap():
    confusion = np.diag(np.arange(10) * 10)
    confusion[4, 9] = 40  # of eighty fours
    confusion[0] = 0
    left, right = figures.confusion_heatmap(confusion, "t").axes
    rates = 100 * confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    for axes, values, form in ((left, confusion, "d"), (right, rates, ".1f")):
        texts = [text.get_text() for text in axes.texts]
        assert texts == [format(value, form) for value in values.ravel()]
        coloured = axes.collections[0].get_array().reshape(10, 10)
        assert coloured[4, 9] == values[4, 9] and np.count_nonzero(coloured) == 1
        assert labels(axes) == ("read as", "what it is") and axes.yaxis_inverted()
    assert [axes.get_title() for axes in (left, right)] == ["images", "% of row"]
    assert rates[4, 9] == 50


def test_reliability_diagram():
    points = {
        "a": np.array([[0.5, 0.4, 10], [0.9, 1.0, 1000]]),
        "b": np.array([[0.6, 0.7, 100]]),
    }
    [axes] = figures.reliability_diagram(points, "t").axes
    ideal, *drawn = axes.lines
    assert line(ideal) == [[0, 1], [0, 1]]
    for curve, dots, (name, array) in zip(drawn, axes.collections, points.items(), strict=True):
        assert line(curve) == array[:, :2].T.tolist()
        assert dots.get_offsets().tolist() == array[:, :2].tolist() and dots.get_label() == name
        assert np.allclose(dots.get_sizes(), 10 + 20 * np.log10(array[:, 2]))
    assert labels(axes) == ("confidence", "share right")


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
