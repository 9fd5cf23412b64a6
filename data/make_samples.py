"""Draw the sample pictures: `python data/make_samples.py` writes data/samples/ and the package's.

They are this project's own (MIT, like the rest), so that everybody has pictures to read. Each
stands for one thing that outside pictures do and MNIST's do not.
"""

import csv
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from digitlib.synthesis.strokes import DIGITS, draw, smooth

HERE = Path(__file__).resolve().parent
FOLDERS = HERE / "samples", HERE.parent / "digitlib" / "samples"
PACKAGE = FOLDERS[1]
TO_CLICK = (  # of the samples, what the app offers to click, and what it calls them
    ("shadowed_photo.jpg", "6", "a shadow"),
    ("several_digits.jpg", "20619", "five digits"),
    ("blank_paper.jpg", "", "blank paper"),
)


def pen(text, size, box, width, slant=0.0, ways=None, seed=0):
    """Return a mask (height, width) 0..1 with digits written side by side into a box."""
    rng = np.random.default_rng(seed)
    left, top, right, bottom = box
    pitch = (right - left) / len(text)
    lines = []
    for i, digit in enumerate(text):
        for stroke in DIGITS[digit][(ways or {}).get(digit, 0)]:
            points = smooth(stroke)
            points = points + np.cumsum(rng.normal(0, 0.002, points.shape), axis=0)
            x = points[:, 0] - slant * (points[:, 1] - 0.5)
            xs = left + pitch * (i + 0.1 + 0.8 * x)
            lines.append(np.column_stack([xs, top + (bottom - top) * points[:, 1]]))
    return gaussian_filter(draw(lines, size, width), 0.5)


def on_paper(mask, ink, paper, noise=0.0, light=None, seed=0):
    """Return a picture of ink on paper (colours 0..255), under uneven light, with noise."""
    rng = np.random.default_rng(seed)
    mask = mask[..., None]
    colours = mask * np.array(ink, float) + (1 - mask) * np.array(paper, float)
    if light is not None:
        colours = colours * light[..., None]
    colours = colours + rng.normal(0, noise, colours.shape)
    return Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))


def lamp(size, hard_edge=None):
    """Return the light (height, width) of a lamp at the upper left, a shadow's edge across it."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    light = 1.0 - 0.55 * np.hypot(x / size[0], y / size[1]) / np.sqrt(2)
    if hard_edge:
        light = np.where(x + 0.4 * y > hard_edge * size[0], light * 0.72, light)
    return light


def samples():
    """Yield (file name, text, kind, picture)."""
    white, black = (255, 255, 255), (20, 20, 25)
    mask = pen("7", (240, 240), (60, 30, 180, 200), 12, slant=0.15, ways={"7": 1}, seed=1)
    yield "dark_on_light.png", "7", "drawn", on_paper(mask, black, white)
    mask = pen("3", (240, 240), (70, 40, 180, 205), 14, seed=2)
    yield "light_on_dark.png", "3", "drawn", on_paper(mask, (235, 235, 225), (35, 60, 50), 4)
    mask = pen("5", (260, 260), (70, 40, 200, 220), 11, slant=0.1, seed=3)
    yield "coloured.png", "5", "drawn", on_paper(mask, (110, 40, 160), (250, 225, 120))
    mask = pen("2", (200, 200), (50, 30, 160, 170), 10, seed=4)
    ink = np.zeros((200, 200, 4), np.uint8)
    ink[..., 3] = (mask * 255).astype(np.uint8)
    yield "transparent.png", "2", "drawn", Image.fromarray(ink)
    mask = pen("4", (320, 320), (215, 15, 300, 120), 8, seed=5)
    yield "off_centre.png", "4", "drawn", on_paper(mask, black, white)
    size = (900, 1200)
    mask = pen("6", size, (330, 330, 620, 800), 24, slant=0.1, seed=6)
    photo = on_paper(mask, (50, 60, 120), (225, 215, 200), 7, lamp(size, 0.75), seed=6)
    yield "shadowed_photo.jpg", "6", "photo", photo
    size = (1000, 420)
    mask = pen("20619", size, (90, 110, 910, 310), 15, slant=0.1, ways={"1": 1}, seed=7)
    photo = on_paper(mask, (40, 40, 60), (235, 230, 220), 6, lamp(size), seed=7)
    yield "several_digits.jpg", "20619", "many", photo
    blank = on_paper(np.zeros((400, 600)), black, (230, 225, 215), 6, lamp((600, 400)), seed=8)
    yield "blank_paper.jpg", "", "none", blank


def to_click():
    """Yield (file name, what it shows, its name, picture) of those that the app offers beside."""
    size = (600, 450)
    squares = np.zeros(size[::-1])
    squares[::30] = squares[:, ::30] = 1
    paper = on_paper(gaussian_filter(squares, 0.6), (150, 175, 215), (238, 240, 242))
    mask = pen("47", size, (130, 90, 470, 360), 13, slant=0.1, seed=9)
    yield "squared_paper.jpg", "47", "squared paper", inked(paper, mask, (35, 45, 110), 4, 9)
    size = (900, 240)
    boxes = np.zeros(size[::-1])
    for left in range(60, 820, 130):
        boxes[40:200, left : left + 3] = boxes[40:200, left + 117 : left + 120] = 1
        boxes[40:43, left : left + 120] = boxes[197:200, left : left + 120] = 1
    paper = on_paper(boxes, (190, 190, 190), (244, 243, 238))
    mask = pen("150796", size, (60, 62, 840, 178), 9, ways={"1": 1}, seed=10)
    yield "form.jpg", "150796", "a form", inked(paper, mask, (25, 35, 90), 3, 10)


def inked(paper, mask, ink, noise, seed):
    """Return a picture of paper with ink on it, and noise over both."""
    mask = mask[..., None]
    colours = mask * np.array(ink, float) + (1 - mask) * np.asarray(paper, float)
    colours = colours + np.random.default_rng(seed).normal(0, noise, colours.shape)
    return Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))


def main():
    """Write all samples and their labels into both folders."""
    rows = []
    for name, text, kind, picture in samples():
        rows.append({"path": name, "text": text, "kind": kind, "writer": "digitlib"})
        for folder in FOLDERS:
            folder.mkdir(exist_ok=True)
            picture.save(folder / name, **({"quality": 80} if name.endswith("jpg") else {}))
    for folder in FOLDERS:
        with (folder / "labels.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
    offered = list(TO_CLICK)
    for name, text, called, picture in to_click():
        picture.save(PACKAGE / name, quality=80)
        offered.insert(-1, (name, text, called))  # blank paper comes last
    with (PACKAGE / "to_click.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("path", "text", "name"), *offered])


if __name__ == "__main__":
    main()
