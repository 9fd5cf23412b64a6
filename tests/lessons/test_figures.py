import io
import types

import numpy as np
import pytest
from PIL import Image

from digitlib.files import SAMPLES
from digitlib.lessons import figures
from digitlib.lessons import figures as error_figures
from digitlib.reading.imaging import prepare
from digitlib.reading.recognizer import Recognizer

RNG = np.random.default_rng(0)
HISTORY = {name: [0.5, 0.7] for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
FIGURES = {
    "image_grid": lambda: figures.image_grid(RNG.random((12, 28, 28)), ["a"] * 12, columns=5),
    "class_balance": lambda: figures.class_balance(np.arange(10), np.arange(10), "t"),
    "pixel_values": lambda: figures.pixel_values(np.arange(256) + 1, np.arange(10), "t"),
    "mass_centres": lambda: figures.mass_centres([13], [13], np.eye(28), "t"),
    "feature_maps": lambda: figures.feature_maps(np.eye(28), RNG.random((24, 24, 9)), "t"),
    "learning_curves": lambda: figures.learning_curves({"a": HISTORY, "b": HISTORY}, "t"),
    "confusion_heatmap": lambda: error_figures.confusion_heatmap(np.eye(10, dtype=int) * 9, "t"),
    "reliability_diagram": lambda: error_figures.reliability_diagram(
        {"a": np.array([[0.5, 0.4, 10], [0.9, 1.0, 90]])}, "t"
    ),
    "bars_by_digit": lambda: figures.bars_by_digit({"a": np.ones(10), "b": np.ones(10)}, "t"),
    "curves": lambda: figures.curves([0, 1], {"a": np.array([1, 2])}, "x", "y", "t"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn_with_ink_and_page_width(name):
    image = Image.open(io.BytesIO(figures.png(FIGURES[name]())))
    assert 400 < image.width <= 900
    assert np.asarray(image.convert("L")).std() > 5


@pytest.mark.parametrize("name", ["several_digits.jpg", "blank_paper.jpg"])
def test_reading_steps(name):
    prepared = prepare(SAMPLES / name)
    reading = Recognizer().read_prepared(prepared)
    figure = figures.reading_steps(
        prepared.picture.colours, prepared.ink, prepared.picture.size, reading.digits, name
    )
    assert len(figure.axes) == 2 + 2 * len(reading.digits)
    figures.png(figure)


def test_show_carries_its_alternative_text(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *a, **k: shown.append((a, k)))
    figures.show(FIGURES["curves"](), alt="a line")
    [((data,), options)] = shown
    assert data["text/plain"] == "a line"
    assert options["metadata"]["image/png"]["alt"] == "a line"


def test_shown_with_the_same_list_a_figure_replaces_the_one_before(monkeypatch):
    updates = []
    handle = types.SimpleNamespace(update=lambda data, **options: updates.append(options))
    monkeypatch.setattr("IPython.display.display", lambda *a, **k: handle)
    shown = []
    assert figures.show(FIGURES["curves"](), alt="first", replace=shown) is None
    figures.show(FIGURES["curves"](), alt="again", replace=shown)
    assert [u["metadata"]["image/png"]["alt"] for u in updates] == ["again"]


def test_ten_digits_have_ten_colours():
    assert len(set(figures.DIGIT_COLOURS)) == 10
