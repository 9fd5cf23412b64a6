"""What is said where no digit was found names what was seen."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digitlib.reading import prepare
from digitlib.reading.advice import advice

LETTER = [(60, 180), (110, 40), (160, 180), (140, 130), (80, 130)]


def paper(size=(400, 300)):
    """Return a photo of paper in uneven light: no plain drawing."""
    light = np.linspace(230, 170, size[0]) * np.ones((size[1], 1))
    return Image.fromarray(np.uint8(light)).convert("RGB")


def lines():
    picture = paper()
    for y in range(30, 300, 40):
        ImageDraw.Draw(picture).line([(0, y), (400, y)], "#507", 2)
    return picture


def letter(scale=1.0, shift=0, size=(400, 300)):
    picture = paper(size)
    points = [(x * scale + 40 + shift, y * scale + 40) for x, y in LETTER]
    ImageDraw.Draw(picture).line(points, "#113", max(2, round(9 * scale)))
    return picture


def pointer():
    """Return a letter, and something long that comes from the edge."""
    picture = letter()
    ImageDraw.Draw(picture).line([(400, 100), (300, 180)], "#222", 8)
    return picture


def specks():
    picture = paper((900, 900))
    pen = ImageDraw.Draw(picture)
    for x in range(10, 900, 30):
        for y in range(10, 900, 30):
            pen.ellipse((x, y, x + 9, y + 9), "#222")
    return picture


@pytest.mark.parametrize(
    "picture, said",
    [
        (paper(), "Nothing stands out"),
        (lines(), "only lines"),
        (specks(), "too many small things"),
        (pointer(), "reaches the edge"),
        (letter(0.15, size=(800, 600)), "small: come closer"),
        (letter(), "resembles no digit"),
    ],
)
def test_it_names_what_was_seen(picture, said):
    assert said in advice(prepare(picture))
