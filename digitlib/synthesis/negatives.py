"""Out-of-distribution negatives: what is not a digit, so that the reader learns to say so.

Nothing here comes from photographs; what a picture without a digit leaves behind after
`digitlib.prepare` is imitated by code.
"""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from digitlib.reading.glyphs import cut_apart, find_lines
from digitlib.reading.imaging import prepare, with_stroke_width
from digitlib.reading.ink import INKED, bounding_box
from digitlib.synthesis.digits import (
    CANVAS,
    Pictures,
    Random,
    change_pen,
    degrade,
    draw_sign,
    look,
    touching,
    warp,
)
from digitlib.synthesis.strokes import SIGNS, draw, smooth

# Shares of ink: a slice that holds so much of a digit, and is so much that digit's, counts as it;
# one that holds less than HALF of each digit, or more than that of two, counts as none.
COMPLETE, PURE, HALF = 0.93, 0.8, 0.5
MOST_SLICES = 2  # of one row that are a digit, and as many that are none

LETTERS = "ACEFHJKLMNPRTUVWXYadefhkmnprtuwxy"  # a hand may write D, O, I, l or Z as a digit
OTHERS = "&%#@?*+=<>{}~ÄÖÜñΔΛΞΠΣΨΩαγελμπωдЖяЮ"


def draw_negative(images: np.ndarray, rng: Random) -> np.ndarray:
    """Return a (28, 28) uint8 image of no digit; some are of digits in `images` that touch."""
    while True:
        kind = KINDS[rng.choice(len(KINDS), p=CHANCES)]
        image = joined(images, rng) if kind is joined else kind(rng)
        if image.any() and (kind is joined or not _is_bar(image)):
            return image


def _is_bar(image: np.ndarray) -> bool:
    """Whether it is long and steep: then it is a one, whatever it was meant to be."""
    rows, columns = np.nonzero(image > 100)
    if len(rows) < 3:
        return False
    spread, directions = np.linalg.eigh(np.cov(rows, columns))
    return spread[1] > 7 * spread[0] and abs(directions[0, 1]) > 0.6


def sign(rng: Random) -> np.ndarray:
    """Return a letter or a sign that resembles no digit."""
    return look(degrade(change_pen(sign_ink(rng), rng), rng))


def sign_ink(rng: Random) -> np.ndarray:
    """Return a letter or another sign, written by hand, as an ink map."""
    if rng.random() < 0.4:
        names = sorted(SIGNS)
        return draw_sign(SIGNS[names[rng.integers(len(names))]], rng)
    page = Image.new("L", (CANVAS, CANVAS))
    letters = LETTERS if rng.random() < 0.7 else OTHERS
    name, font = letters[rng.integers(len(letters))], random_font(rng.uniform(60, 100), rng)
    middle = CANVAS / 2, CANVAS / 2
    ImageDraw.Draw(page).text(middle, name, 255, font, anchor="mm")
    width = rng.uniform(4, 12)
    return warp(with_stroke_width(np.asarray(page, np.float32) / 255, width, width), rng)


@functools.cache
def _fonts() -> list[str]:
    """Return the paths of fonts for text that come with Matplotlib."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    plain = [path for path in folder.glob("DejaVu*.ttf") if "Display" not in path.stem]
    return sorted(map(str, plain))


def random_font(size: float, rng: Random) -> ImageFont.FreeTypeFont:
    """Return one of them, of a size in pixels."""
    return ImageFont.truetype(_fonts()[rng.integers(len(_fonts()))], size)


def scribble(rng: Random) -> np.ndarray:
    """Return a long aimless line."""
    strokes = [
        smooth(rng.uniform(12, CANVAS - 12, (rng.integers(7, 20), 2)))
        for _ in range(rng.integers(1, 3))
    ]
    return look(draw(strokes, (CANVAS, CANVAS), rng.uniform(2, 10)))


def blob(rng: Random) -> np.ndarray:
    """Return a piece of thresholded smooth noise, as shadows and textures leave it."""
    field = ndimage.gaussian_filter(rng.normal(0, 1, (CANVAS, CANVAS)), rng.uniform(3, 14, 2))
    labels, count = ndimage.label(field > np.quantile(field, rng.uniform(0.5, 0.9)))
    sizes = np.bincount(labels.ravel())[1:]
    chosen = np.argsort(sizes)[-min(count, int(rng.integers(1, 4)))] + 1
    return look(labels == chosen)


def texture(rng: Random) -> np.ndarray:
    """Return a glyph that the preparation finds in a made-up picture of surfaces."""
    for _ in range(4):
        lines = prepare(surfaces(rng)).lines
        glyphs = [glyph for line in lines for glyph in line.glyphs.values()]
        if glyphs:
            return glyphs[rng.integers(len(glyphs))].image
    return blob(rng)


def surfaces(rng: Random) -> np.ndarray:
    """Return a picture (h, w, 3) uint8 of noise in several sizes, with patches and edges."""
    height, width = rng.integers(40, 140, 2)
    picture = np.full((height, width, 3), rng.uniform(40, 220, 3))
    for octave in range(int(rng.integers(1, 5))):
        noise = ndimage.gaussian_filter(rng.normal(0, 1, (height, width)), 2.0**octave)
        strength = rng.uniform(5, 60) / max(noise.std(), 1e-6)
        picture += strength * noise[..., None] * rng.uniform(0.5, 1, 3)
    y, x = np.mgrid[0:height, 0:width]
    for _ in range(rng.integers(0, 8)):
        along, across = _turned(x, y, rng.uniform(0, np.pi))
        along, across = along - rng.choice(along.ravel()), across - rng.choice(across.ravel())
        size = rng.uniform(3, 50, 2)
        if rng.random() < 0.5:
            patch = (abs(along) < size[0]) & (abs(across) < size[1])
        else:
            patch = (along / size[0]) ** 2 + (across / size[1]) ** 2 < 1
        picture[patch] = rng.uniform(0, 255, 3)
    if rng.random() < 0.2:  # tiles and weaves
        pitch = rng.uniform(4, 30)
        tiles = np.sign(np.sin(x * np.pi / pitch) * np.sin(y * np.pi / pitch))
        picture += rng.uniform(20, 90) * tiles[..., None]
    picture = ndimage.gaussian_filter(picture, rng.uniform(0, 1.5), axes=(0, 1))
    return np.clip(picture, 0, 255).astype(np.uint8)


def _turned(x: np.ndarray, y: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Return coordinates along a direction and across it."""
    return np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x


def shape(rng: Random) -> np.ndarray:
    """Return a filled polygon or disc, a dash, or a grid."""
    y, x = np.mgrid[0:CANVAS, 0:CANVAS] - CANVAS / 2
    choice = rng.integers(4)
    if choice == 0:
        stretch = rng.uniform(0.6, 1.6)
        return look((x * stretch) ** 2 + (y / stretch) ** 2 < rng.uniform(15, 45) ** 2)
    if choice == 1:
        ink = np.ones((CANVAS, CANVAS), bool)
        for angle in np.cumsum(rng.uniform(0.8, 2.2, 5)):
            ink &= _turned(x, y, angle)[0] < rng.uniform(12, 40)
        return look(ink)
    if choice == 2:
        along, across = _turned(x, y, rng.uniform(-0.6, 0.6))
        half, length = rng.uniform(2, 8), rng.uniform(20, 50)
        return look((abs(across) < half) & (abs(along) < length))
    pitch, half = rng.uniform(14, 40), rng.uniform(1, 4)
    inside = (abs(x) < rng.uniform(25, 50)) & (abs(y) < rng.uniform(25, 50))
    lines = (np.mod(x, pitch) < 2 * half) | (np.mod(y, pitch) < 2 * half)
    return look(inside & lines)


def joined(images: np.ndarray, rng: Random) -> np.ndarray:
    """Return two or three digits that touch, which are not one digit."""
    chosen = rng.integers(len(images), size=rng.choice([2, 2, 2, 3]))
    return look(touching(images[chosen], rng)[0])


def slices(images: np.ndarray, labels: np.ndarray, rng: Random) -> Pictures:
    """Return what the reader cuts a wide digit, or digits that touch, into.

    What is neither clearly a digit nor clearly none is left out.

    Returns
    -------
    (n, 28, 28) uint8 and (n,) int
        At most twice MOST_SLICES of them, and at times none.
    """
    chosen = rng.integers(len(images), size=rng.choice([1, 2, 2, 3]))
    ink, owner = touching(images[chosen], rng)
    ink, owner = np.pad(ink, 2), np.pad(owner, 2)
    whole = np.bincount(owner[ink > 0.5], minlength=len(chosen) + 1)[1:] + 1
    found = []
    pieces = [part for line in find_lines(ink) for part in line.glyphs.values()]
    for line in filter(None, map(cut_apart, pieces)):
        for part in line.glyphs.values():
            if (tight := bounding_box(part.ink > INKED)) is None:
                continue
            own = owner[part.box][part.ink[tight] > 0.5]
            held = np.bincount(own, minlength=len(chosen) + 1)[1:]
            complete = held / whole
            most = int(np.argmax(complete))
            if complete[most] > COMPLETE and held[most] > PURE * held.sum():
                found.append((look(part.ink), int(labels[chosen[most]])))
            elif complete[most] < HALF or np.sum(complete > HALF) > 1:
                image = look(part.ink)
                if image.any() and not _is_bar(image):
                    found.append((image, 10))
    digits = [slice_ for slice_ in found if slice_[1] < 10]
    others = [slice_ for slice_ in found if slice_[1] == 10]
    found = [kind[i] for kind in (digits, others) for i in rng.permutation(len(kind))[:MOST_SLICES]]
    images_made = np.array([image for image, _ in found], np.uint8).reshape(-1, 28, 28)
    return images_made, np.array([label for _, label in found], np.int64)


KINDS: tuple[Callable[..., np.ndarray], ...] = (sign, scribble, blob, texture, joined, shape)
CHANCES = (0.45, 0.08, 0.10, 0.17, 0.13, 0.07)
