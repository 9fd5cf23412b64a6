"""Each check of notebook 05 knows a right answer, a wrong one, and nonsense."""

import numpy as np
import pytest
from scipy import ndimage

from digitlib.files import SAMPLES
from digitlib.reading.pictures import open_picture


def shifted(sign=1, to=14.0, order=None):
    """Return a function that moves the ink, by whole pixels or between them."""

    def centred(image):
        by = sign * (to - np.array(ndimage.center_of_mass(image)))
        if order is None:
            return np.roll(image, np.round(by).astype(int), axis=(0, 1))
        return ndimage.shift(image.astype(float), by, order=order)

    return centred


def by_threshold(name):
    grey = open_picture(SAMPLES / name).colours.mean(axis=2)
    dark = grey < (grey.min() + grey.max()) / 2
    return dark if dark.mean() < 0.5 else ~dark


@pytest.mark.parametrize("options", [{}, {"to": 13.5}, {"order": 1}, {"to": 13.5, "order": 1}])
def test_centred(said, options):
    assert said("5.1", shifted(**options)) == "5.1: right!"


@pytest.mark.parametrize(
    "function, sentence",
    [
        (lambda image: image, "pixels off"),
        (shifted(-1), "Which way is down?"),
        (lambda image: image[:20], "shape (20, 28)"),
        (lambda image: image // 2, "sum of all pixels"),
        (lambda image: None, "shape ()"),
        (28, "cannot be checked"),
    ],
)
def test_not_centred(said, function, sentence):
    assert sentence in said("5.1", function)


def test_one_threshold(said):
    name = "shadowed_photo.jpg"
    assert said("5.2", (name, by_threshold(name))) == "5.2: right!"
    assert "fewer pixels" in said("5.2", (name, ~by_threshold(name)))
    assert "half-way" in said("5.2", (name, np.roll(by_threshold(name), 50, axis=1)))
    other = "off_centre.png"
    assert "does find the digit" in said("5.2", (other, by_threshold(other)))
    assert "shape (3, 3)" in said("5.2", (name, np.eye(3)))
    assert "none of the six" in said("5.2", ("none.png", np.eye(3)))
    assert "cannot be checked" in said("5.2", 7)


def test_sure_of_the_whole(said):
    assert said("5.3", np.prod) == "5.3: right!"
    assert said("5.3", lambda parts: np.exp(np.log(parts).sum())) == "5.3: right!"
    assert "their mean" in said("5.3", np.mean)
    assert "their least" in said("5.3", min)
    assert "you get 0.60" in said("5.3", lambda parts: 0.6)
    assert "cannot be checked" in said("5.3", "0.36")


@pytest.mark.parametrize("name", ["5.1", "5.2", "5.3"])
def test_unanswered(said, name):
    assert said(name, ...) == f"{name}: not answered yet"


@pytest.mark.parametrize("name", ["blank_paper.jpg", "several_digits.jpg"])
def test_one_threshold_on_a_picture_that_was_not_asked_for(said, name):
    grey = open_picture(SAMPLES / name).colours.mean(axis=2)
    assert "none of the six" in said("5.2", (name, grey < grey.mean()))
