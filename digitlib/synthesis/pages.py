"""Pages with digits, print, rules, frames and rings, to fit how far the reader is to be believed.

A page is drawn with digits CANVAS pixels tall, and brought to the size of a picture at the end.
One in four has no digit.
"""

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from digitlib.reading.ink import INKED, bounding_box
from digitlib.synthesis.digits import (
    CANVAS,
    Random,
    by_one_pen,
    redraw,
    touching,
)
from digitlib.synthesis.negatives import LETTERS, OTHERS, random_font, sign_ink, surfaces
from digitlib.synthesis.strokes import draw

EMPTY = 1 / 4  # share of pages without a digit
FILES = 0.2  # share of the others that are one digit alone, as data sets and programs save it
TOUCHING = 0.08  # share of rows whose digits touch; people mostly leave a gap
RAISED = 0.06  # share of rows that are powers, or fractions
ON_A_TABLE = 0.08  # share of pages that lie on something
TILTED = 0.15  # share of pages that are turned by up to eight degrees
LONGEST = 1200  # pixels of a picture's side: more takes long to make, and is read alike
# Letters of words, each as often as in a text: among others, an o is not a zero.
TEXT = "eeeeeeeeeeeettttttttaaaaaaaoooooooiiiiiinnnnnnsssssshhhhhrrrrrddddlllluuummmccwwffggyyppbvk"


def draw_page(images: np.ndarray, labels: np.ndarray, rng: Random) -> tuple[np.ndarray, str]:
    """Return a picture (h, w, 3) uint8 as people bring them, and its digits row by row, or "".

    Parameters
    ----------
    images, labels : (n, 28, 28) uint8 and (n,)
        MNIST's training images.
    rng : numpy.random.Generator
    """
    if rng.random() < EMPTY:
        return draw_empty(rng), ""
    if rng.random() < FILES:
        chosen = rng.integers(len(images), size=1)
        return as_file(images[chosen[0]], rng), str(labels[chosen[0]])
    rows, text = [], ""
    for _ in range(rng.choice([1, 1, 1, 1, 1, 1, 2, 3, 4])):
        chosen, row = _digits(images, labels, rng)
        rows.append(row)
        text += "".join(str(labels[i]) for i in chosen)
    if len(rows) == 1 and rng.random() < 0.08:  # cut to the ink
        page = np.pad(rows[0][bounding_box(rows[0] > INKED) or ...], int(rng.integers(0, 4)))
        return _photographed(page, np.zeros(page.shape, np.float32), rng), text
    page = on_paper(below_each_other(rows, rng), rng)
    return (on_a_table(page, rng) if rng.random() < ON_A_TABLE else page), text


def _digits(images: np.ndarray, labels: np.ndarray, rng: Random) -> tuple[np.ndarray, np.ndarray]:
    """Return which images a row of digits is made of, and its ink (CANVAS, w)."""
    if rng.random() < RAISED:
        return raised(images, rng)
    if rng.random() < TOUCHING:
        chosen = rng.integers(len(images), size=rng.choice([2, 2, 3]))
        return chosen, np.pad(touching(images[chosen], rng)[0], [(0, 0), (4, 4)])
    chosen = rng.integers(len(images), size=rng.choice([1, 1, 1, 2, 3, 4, 6]))
    inks = by_one_pen(images[chosen], rng)
    if rng.random() < 0.08:  # damaged, and each by a pen of its own
        inks = [redraw(images[i], labels[i], rng) for i in chosen]
    if rng.random() < 0.06:  # a word or a unit after it
        inks += [sign_ink(rng) for _ in range(rng.integers(1, 4))]
    return chosen, row_of(inks, rng)


def raised(images: np.ndarray, rng: Random) -> tuple[np.ndarray, np.ndarray]:
    """Return which images a mixed number such as 4 1/2, or a power, is made of, and its ink."""
    is_power = rng.random() < 0.4
    large, small = rng.integers(1 if is_power else 0, 3), rng.integers(1, 3)
    chosen = rng.integers(len(images), size=large + (small if is_power else 2))
    inks = [ink[:, _columns(ink)] for ink in by_one_pen(images[chosen], rng)]
    share, line = rng.uniform(0.45, 0.7), 2 * CANVAS  # where digits stand
    row, right = np.zeros((3 * CANVAS, CANVAS * (len(inks) + 2)), np.float32), 4.0

    def put(ink: np.ndarray, bottom: float) -> None:
        """Lay ink to the right of the last."""
        nonlocal right
        top, left = round(bottom) - len(ink), round(right)
        place = row[top : top + len(ink), left : left + ink.shape[1]]
        place[:] = np.maximum(place, ink)
        right += ink.shape[1]

    for ink in inks[:large]:
        put(ink, line + rng.uniform(-4, 4))
        right += rng.uniform(4, 20)
    tall = round(share * CANVAS)
    little = [_shrunk(ink, share) for ink in inks[large:]]
    for ink in little[:small] if is_power else little[:1]:
        lower = rng.uniform(-0.2, 0.8) if is_power else rng.uniform(0.6, 1)
        put(ink, line - CANVAS + tall * lower)
        right += rng.uniform(2, 10)
    if not is_power:
        slash, lean = rng.uniform(1.3, 2) * tall, rng.uniform(0.15, 0.6)
        right += rng.uniform(-2, 4)
        width, middle = max(2, 0.12 * tall), line - CANVAS / 2
        ends = np.array([(right + lean * slash, middle - slash / 2), (right, middle + slash / 2)])
        row = np.maximum(row, draw([ends], row.shape[::-1], width))
        right += lean * slash * rng.uniform(0.7, 1.1) + width
        put(little[1], line + tall * rng.uniform(0, 0.3))
    box = bounding_box(row > INKED)
    return chosen, row[box] if box else row


def _columns(ink: np.ndarray) -> slice:
    box = bounding_box(ink > INKED)
    return box[1] if box else slice(None)


def _shrunk(ink: np.ndarray, share: float) -> np.ndarray:
    size = [max(1, round(n * share)) for n in ink.shape[::-1]]
    return np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BOX))


def on_a_table(page: np.ndarray, rng: Random) -> np.ndarray:
    """Return a page (h, w, 3) uint8 as a slip of paper on something else."""
    height, width = page.shape[:2]
    around = rng.uniform(0.05, 0.5, (2, 2)) * max(height, width)
    size = (np.array([width, height]) + around.sum(axis=1)).astype(int)
    table = Image.fromarray(surfaces(rng)).resize(size, Image.Resampling.BICUBIC)
    shade = np.asarray(table, np.float32)
    shade = shade.mean() + rng.uniform(0.05, 0.6) * (shade - shade.mean())
    shade += rng.choice([rng.uniform(20, 90), rng.uniform(20, 200)]) - shade.mean()
    angle = rng.normal(0, 4)
    corner = tuple(around[:, 0].astype(int))
    slip, mask = Image.new("RGB", tuple(size)), Image.new("L", tuple(size))
    slip.paste(Image.fromarray(page), corner)
    mask.paste(255, (*corner, corner[0] + width, corner[1] + height))
    slip, mask = (one.rotate(angle, Image.Resampling.BICUBIC) for one in (slip, mask))
    blurred = ndimage.gaussian_filter(np.asarray(mask, np.float32) / 255, rng.uniform(0.4, 1.5))
    share = blurred[..., None]
    return (shade + share * (np.asarray(slip, np.float32) - shade)).clip(0, 255).astype(np.uint8)


def below_each_other(rows: list[np.ndarray], rng: Random) -> np.ndarray:
    """Return rows of writing, nearly aligned on the left, with one distance between them."""
    if len(rows) == 1:
        return rows[0]
    gap, wide = int(rng.integers(4, 80)), max(row.shape[1] for row in rows) + 40
    padded = []
    for row in rows:
        left = int(rng.integers(0, 40))
        padded += [np.pad(row, [(0, 0), (left, wide - left - row.shape[1])]),
                   np.zeros((gap, wide), np.float32)]  # fmt: skip
    return np.concatenate(padded[:-1])


def as_file(image: np.ndarray, rng: Random) -> np.ndarray:
    """Return an MNIST image as a small picture (h, w, 3) uint8, black on white at times."""
    side = int(28 * rng.choice([1, 1, 1, 2, 5, 10]))
    grey = np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))
    grey = grey if rng.random() < 0.5 else 255 - grey
    return np.repeat(grey[..., None], 3, axis=2)


def draw_empty(rng: Random) -> np.ndarray:
    """Return a picture (h, w, 3) uint8 without a digit, but not without ink.

    It holds signs or letters by hand, print, things and bars, what is printed around writing and
    nothing within, or the made-up surface of a thing; or it is a letter in a data set's size.
    """
    kind = rng.choice(["hand", "print", "things", "bars", "bare", "surface", "file"],
                      p=[0.24, 0.24, 0.12, 0.08, 0.1, 0.18, 0.04])  # fmt: skip
    if kind == "hand":
        rows = [
            row_of([sign_ink(rng) for _ in range(rng.integers(1, 8))], rng)
            for _ in range(rng.choice([1, 1, 1, 2, 3]))
        ]
        ink = below_each_other(rows, rng)
    elif kind == "print":
        ink = _print(rng)
    elif kind == "file":
        sign = Image.fromarray(np.pad(sign_ink(rng), 20)).resize((28, 28), Image.Resampling.BOX)
        return as_file((255 * np.asarray(sign)).astype(np.uint8), rng)
    elif kind == "bare":
        ink = np.zeros(rng.integers(60, 500, 2), np.float32)
    elif kind == "surface":
        picture = Image.fromarray(surfaces(rng))
        factor, stretch = np.exp(rng.uniform(0, np.log(4), 2) * [1, 0.2])
        sides = round(picture.width * factor * stretch), round(picture.height * factor)
        large = np.asarray(picture.resize(sides, Image.Resampling.BICUBIC), float)
        grain = rng.normal(0, rng.uniform(0, 12), (*large.shape[:2], 1))
        return (large + grain).clip(0, 255).astype(np.uint8)
    else:
        height, width = rng.integers(120, 500, 2)
        size = int(height), int(width)
        ink = _things(size, rng) if kind == "things" else _bars(size, rng)
        return _photographed(ink, np.zeros(size, np.float32), rng)
    return on_paper(ink, rng, bare=kind == "bare")


def on_paper(ink: np.ndarray, rng: Random, bare: bool = False) -> np.ndarray:
    """Return ink with margins, and what is printed around it, as a picture (h, w, 3) uint8."""
    margins = rng.integers(15, 110, (2, 2))
    angle = rng.uniform(-8, 8) if rng.random() < TILTED else 0
    longer = max(ink.shape + margins.sum(axis=1))
    corners = round(np.tan(np.deg2rad(abs(angle))) * longer / 2)  # cut off once it is turned
    margins += corners
    page = np.pad(ink, margins)
    around = margins[:, 0], margins[:, 0] + ink.shape
    printed = _surroundings(page.shape, around, rng, bare)
    if angle:
        shown = np.s_[corners : -corners or None, corners : -corners or None]
        page, printed = (
            np.asarray(Image.fromarray(mask).rotate(angle, Image.Resampling.BICUBIC))[shown]
            for mask in (page, printed)
        )
    return _photographed(page, printed, rng)


def _print(rng: Random) -> np.ndarray:
    """Return a letter, a sign or lines of words, printed, as an ink map."""
    if rng.random() < 0.3:
        letters = LETTERS + OTHERS
        text, size = letters[rng.integers(len(letters))], rng.uniform(50, 200)
    else:
        words = [
            "".join(TEXT[i] for i in rng.integers(len(TEXT), size=rng.integers(2, 10)))
            for _ in range(rng.integers(1, 20))
        ]
        words = [str(rng.choice([word, word.title(), word.upper()], p=[0.6, 0.3, 0.1]))
                 for word in words]  # fmt: skip
        across = rng.integers(1, 5)
        lines = [" ".join(words[i : i + across]) for i in range(0, len(words), across)]
        text, size = "\n".join(lines), np.exp(rng.uniform(np.log(14), np.log(110)))
    font, spacing = random_font(size, rng), size * rng.uniform(0.1, 0.8)
    left, top, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox(
        (0, 0), text, font=font, spacing=spacing
    )
    page = Image.new("L", (int(right - left) + 3, int(bottom - top) + 3))
    ImageDraw.Draw(page).multiline_text((1 - left, 1 - top), text, 255, font, spacing=spacing)
    return np.asarray(page, np.float32) / 255


def _things(size: tuple[int, int], rng: Random) -> np.ndarray:
    """Return blobs, discs and polygons, large and small, sharp and soft, as ink (h, w)."""
    y, x = np.mgrid[: size[0], : size[1]]
    ink = np.zeros(size, np.float32)
    for _ in range(rng.choice([1, 1, 2, 4])):
        if rng.random() < 0.4:
            cells = Image.fromarray(np.float32(rng.normal(0, 1, rng.integers(2, 20, 2))))
            field = np.asarray(cells.resize(size[::-1], Image.Resampling.BICUBIC))
            thing = field > np.quantile(field, rng.uniform(0.6, 0.97))
        else:
            middle = rng.uniform(-0.1, 1.1, 2) * size
            reach = np.exp(rng.uniform(np.log(10), np.log(250), 2))
            angle = rng.uniform(0, np.pi)
            along = np.cos(angle) * (x - middle[1]) + np.sin(angle) * (y - middle[0])
            across = np.cos(angle) * (y - middle[0]) - np.sin(angle) * (x - middle[1])
            power = rng.choice([1, 2, 8])  # a rhombus, a disc, a rectangle
            thing = abs(along / reach[0]) ** power + abs(across / reach[1]) ** power < 1
        soft = rng.choice([0, rng.uniform(1, 12)])
        shade = ndimage.gaussian_filter(thing * np.float32(rng.uniform(0.3, 1)), soft)
        ink = np.maximum(ink, shade)
    return ink


def _bars(size: tuple[int, int], rng: Random) -> np.ndarray:
    """Return posts, branches and edges, each from a side of the picture, as ink (h, w)."""
    ink = np.zeros(size, np.float32)
    for _ in range(rng.choice([1, 1, 2, 3])):
        start = np.array([rng.uniform(0, size[1]), rng.choice([-20, size[0] + 20])])
        stop = start + rng.normal(0, 0.12, 2) * size[1]
        stop[1] = rng.choice([size[0] / 2 + rng.uniform(-0.3, 0.3) * size[0],
                              size[0] - start[1]])  # fmt: skip
        width = np.exp(rng.uniform(np.log(4), np.log(0.3 * size[1])))
        bar = draw([np.array([start, stop])], (size[1], size[0]), width)
        ink = np.maximum(ink, bar * np.float32(rng.uniform(0.4, 1)))
    return ink


def row_of(inks: list[np.ndarray], rng: Random) -> np.ndarray:
    """Return ink maps side by side, in steps up and down, with gaps."""
    gap, row = rng.uniform(6, 50), []
    for ink in inks:
        columns = np.flatnonzero((ink > INKED).any(axis=0))
        if len(columns):
            row.append(np.roll(ink[:, columns[0] : columns[-1] + 1], rng.integers(-8, 9), axis=0))
            row.append(np.zeros((CANVAS, int(gap * rng.uniform(0.7, 1.3))), np.float32))
    return np.concatenate(row[:-1] or [np.zeros((CANVAS, 60), np.float32)], axis=1)


def _surroundings(shape: tuple[int, int], around: tuple, rng: Random, bare: bool) -> np.ndarray:
    """Return what is printed or drawn around the writing, as a mask of its own (h, w), 0..1.

    On a bare page there always is something, a table or a form at times.
    """
    height, width = shape
    chances = np.array([0.4, 0.13, 0.12, 0.1, 0.1, 0.07, 0.08, 0])
    if bare:
        chances = np.array([0, 0.2, 0.2, 0.15, 0.1, 0.1, 0.05, 0.2])
    kind = rng.choice(["", "rules", "squares", "frame", "cells", "ring", "underline", "table"],
                      p=chances)  # fmt: skip
    if not kind:
        return np.zeros(shape, np.float32)
    (top, left), (bottom, right) = around
    slope, lines = rng.normal(0, 0.01), []
    air = rng.uniform(3, 30)
    if kind in ("rules", "squares"):
        pitch = rng.uniform(18, 140)
        starts = np.arange(rng.uniform(0, pitch), height, pitch)
        lines = [_level(y, 0, width, slope) for y in starts]
        if kind == "squares":
            starts = np.arange(rng.uniform(0, pitch), width, pitch)
            lines += [_level(x, 0, height, -slope)[:, ::-1] for x in starts]
    elif kind == "frame":
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        middle = np.array([(left + right) / 2, (top + bottom) / 2])
        outward = np.sign(np.array(corners) - middle) * air + rng.normal(0, 1.5, (5, 2))
        lines = [np.array(corners) + outward]
    elif kind == "cells":
        lines = [_level(y, 0, width, slope) for y in (top - air, bottom + air)]
        lines += [_level(x, 0, height, -slope)[:, ::-1] for x in (left - air, right + air)]
    elif kind == "table":  # or the boxes of a form
        rows, columns = rng.integers(1, 6, 2) + 1
        ys = np.linspace(top - air, bottom + air, rows)
        xs = np.linspace(left - air, right + air, columns)
        lines = [_level(y, xs[0], xs[-1], 0) for y in ys]
        lines += [_level(x, ys[0], ys[-1], 0)[:, ::-1] for x in xs]
    elif kind == "ring":
        angle = np.linspace(0, rng.uniform(5.8, 6.8), 60) + rng.uniform(0, 6)
        reach = np.array([(right - left) / 2, (bottom - top) / 2]) * rng.uniform(1.15, 1.4)
        round_it = np.stack([np.cos(angle), np.sin(angle)], 1) * np.maximum(reach, 60)
        round_it *= np.linspace(1, rng.uniform(0.85, 1.15), 60)[:, None]  # by hand: a spiral
        lines = [round_it + ((left + right) / 2, (top + bottom) / 2)]
    else:
        lines = [_level(bottom - 8 + air, left - air, right + air, 3 * slope)]
    return draw(lines, (width, height), np.exp(rng.uniform(np.log(1.2), np.log(8))))


def _level(at: float, start: float, stop: float, slope: float) -> np.ndarray:
    return np.array([(start, at), (stop, at + slope * (stop - start))])


def _photographed(ink: np.ndarray, printed: np.ndarray, rng: Random) -> np.ndarray:
    """Return a page in colours, (h, w, 3) uint8: light on dark at times, with shade and noise."""
    paper = rng.uniform(140, 255) * (1 - rng.uniform(0, 0.15, 3))
    pen = paper * rng.uniform(0, 0.6, 3) * rng.uniform(0.1, 0.8)
    if rng.random() < 0.12:
        paper, pen = pen, paper
    rule = pen if rng.random() < 0.4 else paper + (pen - paper) * rng.uniform(0.15, 0.8)
    size = min(np.exp(rng.uniform(np.log(0.35), np.log(2.0))), LONGEST / max(ink.shape))
    tall, wide = (max(8, round(n * size)) for n in ink.shape)
    ink, printed = (
        np.asarray(Image.fromarray(np.float32(mask)).resize((wide, tall), Image.Resampling.BOX
                   if size < 1 else Image.Resampling.BICUBIC)).clip(0, 1)[..., None]
        for mask in (ink, printed)
    )  # fmt: skip
    page = paper + printed * (rule - paper)
    page = page + ink * (pen - page)
    if rng.random() < 0.75:
        y, x = np.ogrid[-0.5 : 0.5 : tall * 1j, -0.5 : 0.5 : wide * 1j]
        slope = rng.normal(0, 0.15, 2)
        page = page * (1 + slope[0] * y + slope[1] * x)[..., None]
        page = ndimage.gaussian_filter(page, rng.uniform(0.3, 1.2), axes=(0, 1))
        page = page + rng.normal(0, rng.uniform(0.3, 4), (tall, wide, 1))
    return page.clip(0, 255).astype(np.uint8)
