"""Each check of notebook 05 knows a right answer, a wrong one, and nonsense."""

import numpy as np
import pytest
from PIL import Image, ImageOps
from scipy import ndimage

from digitlib.lessons.exercises import _open_grey as open_grey

PHOTO = "shadowed_photo.jpg"


def by_threshold(name):
    grey = open_grey(name)
    dark = grey < (grey.min() + grey.max()) / 2
    return dark if dark.mean() < 0.5 else ~dark


def find_ink(grey):
    around = ndimage.gaussian_filter(grey, max(grey.shape) / 8)
    if (grey - around).max() > (around - grey).max():
        grey = 255 - grey
    difference = ndimage.grey_closing(grey, size=max(grey.shape) // 6) - grey
    return difference > difference.max() / 2


def to_image(ink, by_box=False):
    rows, columns = np.nonzero(ink)
    crop = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    small = np.asarray(ImageOps.contain(Image.fromarray(np.uint8(255 * crop)), (20, 20)))
    image = np.zeros((28, 28), np.uint8)
    image[: small.shape[0], : small.shape[1]] = small
    centre = np.array(small.shape) / 2 if by_box else ndimage.center_of_mass(image)
    return ndimage.shift(image, np.round(14 - np.array(centre)), order=0)


def without_crumbs(grey, least=0.1, **options):
    numbered, _ = ndimage.label(find_ink(grey), np.ones((3, 3)))
    sizes = np.bincount(numbered.ravel())
    sizes[0] = 0
    return to_image(np.isin(numbered, np.flatnonzero(sizes >= least * sizes.max())), **options)


def dark_ones(grey):
    numbered, _ = ndimage.label(grey < 128)
    return to_image(numbered == np.bincount(numbered.ravel())[1:].argmax() + 1)


def in_place(grey):
    grey[grey > 200] = 255
    return without_crumbs(grey)


def test_one_threshold(said):
    assert said("5.1", (PHOTO, by_threshold(PHOTO))) == "5.1: right!"
    assert "side with more pixels" in said("5.1", (PHOTO, ~by_threshold(PHOTO)))
    assert "half-way" in said("5.1", (PHOTO, np.roll(by_threshold(PHOTO), 50, axis=1)))
    assert "half-way" in said("5.1", (PHOTO, np.zeros((400, 300), bool)))
    other = "off_centre.png"
    assert "does find the digit" in said("5.1", (other, by_threshold(other)))
    assert "shape (3, 3)" in said("5.1", (PHOTO, np.eye(3)))
    assert "float64" in said("5.1", (PHOTO, by_threshold(PHOTO).astype(float)))


@pytest.mark.parametrize("answer", [PHOTO, (PHOTO,), by_threshold(PHOTO), 7])
def test_one_threshold_is_asked_for_as_a_pair(said, answer):
    assert "a pair: the picture's name, and the ink" in said("5.1", answer)


@pytest.mark.parametrize("name", ["blank_paper.jpg", "several_digits.jpg", "none.png"])
def test_one_threshold_on_a_picture_that_was_not_asked_for(said, name):
    assert "none of the six" in said("5.1", (name, np.eye(3)))


@pytest.mark.parametrize("least", [0.1, 0.2])
def test_without_crumbs(said, least):
    assert said("5.2", lambda grey: without_crumbs(grey, least)) == "5.2: right!"


@pytest.mark.parametrize(
    "function, sentence",
    [
        (lambda grey: to_image(find_ink(grey)), "longer side is 17 pixels, not 20"),
        (lambda grey: without_crumbs(grey, 1), "in two parts has lost one"),
        (lambda grey: without_crumbs(grey, by_box=True), "middle of its box"),
        (lambda grey: np.roll(without_crumbs(grey), 3, axis=1), "pixels off the middle"),
        (lambda grey: 255 - without_crumbs(grey), "black on white"),
        (lambda grey: without_crumbs(grey) / 255, "scale the ink to 255"),
        (lambda grey: without_crumbs(grey) // 255, "scale the ink to 255"),
        (lambda grey: without_crumbs(grey).astype(float), "float64; expected uint8"),
        (lambda grey: without_crumbs(grey)[None], "shape (1, 28, 28)"),
        (lambda grey: np.flip(without_crumbs(grey)), "is read as"),
        (lambda grey: None, "does its last line say return?"),
        (dark_ones, "light_on_dark.png with crumbs: most of what is white must be the paper"),
        (in_place, "changes the picture that it is given"),
        (without_crumbs(open_grey(PHOTO)), "Give the function itself"),
        (lambda name: open_grey(name), "it gets what open_grey returns, an array"),
        (lambda grey: to_image(~find_ink(grey)), "must be the paper"),
    ],
)
def test_not_without_crumbs(said, function, sentence):
    assert sentence in said("5.2", function)


def test_a_prepared_image_with_a_crumb_in_it(said):
    def with_crumb(grey):
        image = without_crumbs(grey)
        image[1:3, 1:3] = 255
        return image

    assert "there are 2 pieces in the image" in said("5.2", with_crumb)


def test_the_exercise_opens_pictures_as_the_notebook_does():
    grey = open_grey("transparent.png")
    assert grey.shape == (200, 200) and grey[0, 0] == 255 and grey.min() < 10
    assert open_grey(PHOTO).shape == (400, 300)


def test_sure_of_the_whole(said):
    assert said("5.3", np.prod) == "5.3: right!"
    assert said("5.3", lambda parts: np.exp(np.log(parts).sum())) == "5.3: right!"
    assert "their mean" in said("5.3", np.mean)
    assert "their least" in said("5.3", min)
    assert "their largest" in said("5.3", max)
    assert "the first one" in said("5.3", lambda parts: parts[0])
    assert "does its last line say return?" in said("5.3", lambda parts: None)
    assert "changes the list" in said("5.3", lambda parts: parts.pop() * parts[0] * parts[-1])
    assert "[0.7, 0.6]" in said("5.3", lambda parts: np.prod(parts) if len(parts) == 3 else 1)
    assert "1 minus what it should be" in said("5.3", lambda parts: 1 - np.prod(parts))
    assert "any of them" in said("5.3", lambda parts: 1 - np.prod(1 - np.array(parts)))
    assert "you get 0.60" in said("5.3", lambda parts: 0.6)
    assert "Give the function itself" in said("5.3", 0.36)


@pytest.mark.parametrize("name", ["5.1", "5.2", "5.3"])
def test_unanswered(said, name):
    assert said(name, ...) == f"{name}: not answered yet"
