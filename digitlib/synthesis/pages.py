"""Pages with digits, signs, rules, frames and rings, to fit how far the reader is to be believed.

A page is drawn with digits CANVAS pixels tall, and brought to the size of a picture at the end.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from digitlib.reading.imaging import with_stroke_width
from digitlib.reading.ink import bounding_box
from digitlib.synthesis.digits import CANVAS, Random, draw_sign, enlarge, redraw, warp
from digitlib.synthesis.negatives import surfaces
from digitlib.synthesis.strokes import SIGNS, draw

Points = list[np.ndarray]


def draw_page(images: np.ndarray, labels: np.ndarray, rng: Random) -> tuple[np.ndarray, str]:
    """Return a picture (h, w, 3) uint8 as people bring them, and the digits on it.

    A fourth has none: signs, or rules and frames alone, or the made-up surface of a thing.

    Parameters
    ----------
    images, labels : (n, 28, 28) uint8 and (n,)
        MNIST's training images.
    rng : numpy.random.Generator
    """
    luck = rng.random()
    if luck < 0.08:
        return surfaces(rng), ""
    if luck < 0.17:
        signs = [_sign(rng) for _ in range(rng.integers(1, 7))]
        row, text = _row(signs, rng), ""
    elif luck < 0.24:
        row, text = np.zeros((CANVAS, rng.integers(60, 500)), np.float32), ""
    elif luck < 0.36:
        chosen = rng.integers(len(images), size=rng.choice([2, 2, 3]))
        row, text = _touching(images[chosen], rng), "".join(str(labels[i]) for i in chosen)
    else:
        chosen = rng.integers(len(images), size=rng.choice([1, 1, 1, 2, 3, 4, 6]))
        inks = _by_one_pen(images[chosen], rng)
        if rng.random() < 0.08:  # damaged, and each by a pen of its own
            inks = [redraw(images[i], labels[i], rng) for i in chosen]
        text = "".join(str(labels[i]) for i in chosen)
        if rng.random() < 0.06:  # a word or a unit after it
            inks += [_sign(rng) for _ in range(rng.integers(1, 4))]
        row = _row(inks, rng)
    if rng.random() < 0.08:  # cut to the ink
        page, around = np.pad(row[bounding_box(row > 0.3) or ...], int(rng.integers(0, 4))), None
    else:
        margins = rng.integers(15, 110, (2, 2))
        page = np.pad(row, margins)
        around = margins[:, 0], margins[:, 0] + row.shape
    return _photographed(page, _surroundings(page.shape, around, rng), rng), text


def _sign(rng: Random) -> np.ndarray:
    names = sorted(SIGNS)
    return draw_sign(SIGNS[names[rng.integers(len(names))]], rng)


def _touching(images: np.ndarray, rng: Random) -> np.ndarray:
    """Return digits side by side, so near that their ink meets."""
    row = np.zeros((CANVAS, 0), np.float32)
    for ink in _by_one_pen(images, rng):
        columns = np.flatnonzero((ink > 0.3).any(axis=0))
        ink = np.roll(ink[:, columns[0] : columns[-1] + 1], rng.integers(-8, 9), axis=0)
        depth, width = rng.integers(4, 40), ink.shape[1]  # pixels that the two have in common
        reach = min(40, row.shape[1])
        for shared in range(reach + 1):
            place = row[:, row.shape[1] - shared :][:, :width]
            if ((place > 0.5) & (ink[:, : place.shape[1]] > 0.5)).sum() > depth:
                break
        wide = np.zeros((CANVAS, max(row.shape[1], row.shape[1] - shared + width)), np.float32)
        wide[:, : row.shape[1]] = row
        place = wide[:, row.shape[1] - shared :][:, :width]
        np.maximum(place, ink, out=place)
        row = wide
    return np.pad(row, [(0, 0), (4, 4)])


def _by_one_pen(images: np.ndarray, rng: Random) -> list[np.ndarray]:
    inks = [warp(enlarge(image / np.float32(255), CANVAS), rng) for image in images]
    width = np.exp(rng.uniform(np.log(5), np.log(16)))
    return [with_stroke_width(i, width, width) for i in inks] if rng.random() < 0.6 else inks


def _row(inks: list[np.ndarray], rng: Random) -> np.ndarray:
    """Return ink maps side by side, in steps up and down, with gaps."""
    gap, row = rng.uniform(6, 50), []
    for ink in inks:
        columns = np.flatnonzero((ink > 0.3).any(axis=0))
        if len(columns):
            row.append(np.roll(ink[:, columns[0] : columns[-1] + 1], rng.integers(-8, 9), axis=0))
            row.append(np.zeros((CANVAS, int(gap * rng.uniform(0.7, 1.3))), np.float32))
    return np.concatenate(row[:-1] or [np.zeros((CANVAS, 60), np.float32)], axis=1)


def _surroundings(shape: tuple[int, int], around: tuple | None, rng: Random) -> np.ndarray:
    """Return what is printed or drawn around the writing, as a mask of its own (h, w), 0..1."""
    height, width = shape
    kind = rng.choice(["", "rules", "squares", "frame", "cells", "ring", "underline"],
                      p=[0.4, 0.13, 0.12, 0.1, 0.1, 0.07, 0.08])  # fmt: skip
    if around is None or not kind:
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
    elif kind == "ring":
        angle = np.linspace(0, rng.uniform(6.1, 6.6), 60) + rng.uniform(0, 6)
        reach = np.array([(right - left) / 2, (bottom - top) / 2]) * rng.uniform(1.15, 1.4)
        round_it = np.stack([np.cos(angle), np.sin(angle)], 1) * np.maximum(reach, 60)
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
    size = np.exp(rng.uniform(np.log(0.35), np.log(2.0)))
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
