"""Digits as other pens, papers and cameras would have them: augmentation of ink maps.

Works on ink maps of CANVAS x CANVAS, 0..1. Every function draws its chances from the generator it
is given; their order is part of what a seed means, so a change of it changes every later picture.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from digitlib.reading.imaging import in_mnists_look, with_stroke_width
from digitlib.reading.ink import INKED, bounding_box
from digitlib.synthesis.strokes import DIGITS, Stroke, draw, smooth

CANVAS = 112
LEAST_INK = 20  # pixels; with fewer, there is nothing to degrade
Random = np.random.Generator
Pictures = tuple[np.ndarray, np.ndarray]  # images (n, 28, 28) uint8 and labels (n,)


def redraw(image: np.ndarray, label: int, rng: Random) -> np.ndarray:
    """Return an MNIST image, (28, 28) uint8, redrawn as an ink map."""
    ink = enlarge(image / np.float32(255), CANVAS)
    if rng.random() < 0.25:
        return ink
    ink = add_habits(ink, label, rng)
    return degrade(change_pen(warp(ink, rng), rng), rng)


def draw_digit(label: int, rng: Random) -> np.ndarray:
    """Return a digit drawn by code, in one of its ways, as an ink map."""
    ways = DIGITS[str(label)]
    way = ways[0] if rng.random() < 0.4 else ways[rng.integers(len(ways))]
    return degrade(change_pen(draw_sign(way, rng), rng), rng)


def draw_sign(way: list[Stroke], rng: Random) -> np.ndarray:
    """Return the strokes of a sign, written with an unsteady hand, as an ink map."""
    shape = np.array([rng.uniform(0.45, 1.1), 1.0]) * rng.uniform(55, 85)
    slant = rng.normal(0, 0.15)
    strokes = []
    for stroke in way:
        # Equal points are a corner, and stay equal.
        unique, place = np.unique(np.array(stroke, float), axis=0, return_inverse=True)
        points = smooth((unique + rng.normal(0, 0.035, unique.shape))[place.ravel()]) - 0.5
        points[:, 0] -= slant * points[:, 1]
        strokes.append(points * shape + CANVAS / 2)
    return warp(draw(strokes, (CANVAS, CANVAS), rng.uniform(4, 12)), rng)


def enlarge(ink: np.ndarray, side: int) -> np.ndarray:
    """Return an ink map resized to (side, side), smoothly."""
    image = Image.fromarray(ink.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(image), 0, 1)


def warp(ink: np.ndarray, rng: Random) -> np.ndarray:
    """Turn, slant and stretch it, and distort it elastically, as hands and cameras do."""
    side = ink.shape[0]
    angle, slant = np.clip(rng.normal(0, [0.12, 0.15]), -0.35, 0.35)
    stretch = np.exp(rng.normal(0, 0.12))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ [[stretch, 0], [slant, 1 / stretch]]
    grid = np.mgrid[0:side, 0:side] - (side - 1) / 2
    tilt = rng.normal(0, 0.0008, 2)  # perspective: one side is further away
    depth = 1 + tilt[0] * grid[0] + tilt[1] * grid[1]
    places = np.tensordot(matrix, grid, 1) / depth + (side - 1) / 2
    strength = rng.uniform(0, 4)
    for axis in (0, 1):
        places[axis] += strength * _smooth_field(side, 5, rng)
    return np.clip(ndimage.map_coordinates(ink, places, order=1), 0, 1)


def by_one_pen(images: np.ndarray, rng: Random) -> list[np.ndarray]:
    """Return MNIST images (n, 28, 28) as ink maps, often with strokes of one width."""
    inks = [warp(enlarge(image / np.float32(255), CANVAS), rng) for image in images]
    width = np.exp(rng.uniform(np.log(5), np.log(16)))
    return [with_stroke_width(i, width, width) for i in inks] if rng.random() < 0.6 else inks


def touching(images: np.ndarray, rng: Random) -> tuple[np.ndarray, np.ndarray]:
    """Return MNIST images side by side, so near that their ink meets.

    Returns
    -------
    (CANVAS, w) float32 and (CANVAS, w) int
        The ink map; and for each pixel of it the place of its image in the row, from 1, or 0.
    """
    row = np.zeros((CANVAS, 0), np.float32)
    owner = np.zeros((CANVAS, 0), np.int64)
    for place, ink in enumerate(by_one_pen(images, rng), start=1):
        columns = np.flatnonzero((ink > INKED).any(axis=0))
        if len(columns) == 0:
            continue
        ink = np.roll(ink[:, columns[0] : columns[-1] + 1], rng.integers(-8, 9), axis=0)
        depth = rng.integers(4, 40)  # pixels that the two have in common
        for shared in range(min(40, row.shape[1]) + 1):
            both = row[:, row.shape[1] - shared :][:, : ink.shape[1]]
            if ((both > 0.5) & (ink[:, : both.shape[1]] > 0.5)).sum() > depth:
                break
        left = row.shape[1] - shared
        more = [(0, 0), (0, max(0, ink.shape[1] - shared))]
        row, owner = np.pad(row, more), np.pad(owner, more)
        here = np.s_[:, left : left + ink.shape[1]]
        owner[here] = np.where(ink > row[here], place, owner[here])
        row[here] = np.maximum(row[here], ink)
    return row, owner


def _smooth_field(side: int, cells: int, rng: Random) -> np.ndarray:
    """Return smooth noise (side, side) of about unit strength, `cells` bumps across."""
    coarse = Image.fromarray(rng.normal(0, 1, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))


def add_habits(ink: np.ndarray, label: int, rng: Random) -> np.ndarray:
    """Give some ones a flag and a foot, some sevens a bar, some zeros a slash."""
    luck = rng.random()
    if label not in HABITS or luck >= HABITS[label][0]:
        return ink
    _, habit, heights = HABITS[label]
    rows, columns = np.nonzero(ink > 0.5)
    if len(rows) == 0:
        return ink
    strokes = [smooth(line) for line in habit(rows, columns, rng)]
    width = 2.2 * len(rows) / (np.ptp(rows) * heights + 1)
    return np.maximum(ink, draw(strokes, ink.shape[::-1], min(max(4.0, width), 14)))


def _middle(rows: np.ndarray, columns: np.ndarray, row: float) -> float:
    """Return the mean column of the ink near a row."""
    return columns[np.abs(rows - row) <= 2].mean()


def _flag(rows: np.ndarray, columns: np.ndarray, rng: Random) -> list:
    """Return the flag of a one, and some feet."""
    top, bottom, height = rows.min(), rows.max(), np.ptp(rows)
    start = np.array([_middle(rows, columns, top + 2), top + 3.0])
    angle = rng.uniform(0.35, 1.3)
    reach = height * rng.uniform(0.12, 0.5 if angle < 0.9 else 0.35)  # longer is a seven
    tip = start + reach * np.array([-np.sin(angle), np.cos(angle)])
    lines = [[start, (start + tip) / 2 + rng.normal(0, 2, 2), tip]]
    if rng.random() < 0.4:
        foot, half = _middle(rows, columns, bottom - 2), height * rng.uniform(0.12, 0.4)
        lines.append([(foot - half, bottom), (foot, bottom), (foot + half, bottom)])
    return lines


def _bar(rows: np.ndarray, columns: np.ndarray, rng: Random) -> list:
    row = rows.min() + np.ptp(rows) * rng.uniform(0.4, 0.6)
    if not np.any(np.abs(rows - row) <= 2):
        return []
    half = np.ptp(rows) * rng.uniform(0.12, 0.3)
    tilt = rng.normal(0, 0.15) * half
    x = _middle(rows, columns, row)
    return [[(x - half, row + tilt), (x, row), (x + half, row - tilt)]]


def _slash(rows: np.ndarray, columns: np.ndarray, rng: Random) -> list:
    top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
    return [[(right, top), ((left + right) / 2, (top + bottom) / 2), (left, bottom)]]


# How often a digit gets its habit, and how many times its height its strokes are long.
HABITS = {0: (0.06, _slash, 3), 1: (0.55, _flag, 2), 7: (0.2, _bar, 2)}


def change_pen(ink: np.ndarray, rng: Random) -> np.ndarray:
    """Write it again with another pen: thin, thick, of even width, or a few hard pixels."""
    chance = rng.random()
    if chance < 0.3:
        return ink
    if chance < 0.5:  # of even width, as drawing programs have it
        ink = with_stroke_width(ink, 2, 3)
    width = np.exp(rng.uniform(np.log(2.5), np.log(20)))
    ink = with_stroke_width(ink, width, width + 0.1)
    if rng.random() < 0.25:  # steps of a picture with few pixels
        few = int(rng.integers(18, 40))
        step = CANVAS // few
        hard = ndimage.maximum_filter(ink, step)[step // 2 :: step, step // 2 :: step]
        ink = enlarge(hard > 0.5, CANVAS)
    return ink


def degrade(ink: np.ndarray, rng: Random) -> np.ndarray:
    """Break, cut, smear or soil it, sometimes, and blur it or take most of its pixels."""
    inked = np.argwhere(ink > 0.5)
    if len(inked) < LEAST_INK:
        return ink
    ink = ink.copy()
    for chance, damage in DAMAGE:
        if rng.random() < chance:
            ink = damage(ink, inked, rng)
    chance = rng.random()
    if chance < 0.04:  # a picture of very few pixels, enlarged
        few = int(rng.integers(8, 14))
        small = Image.fromarray(ink).resize((few, few), Image.Resampling.BOX)
        ink = enlarge(np.asarray(small), CANVAS)
    elif chance < 0.4:
        ink = ndimage.gaussian_filter(ink, rng.uniform(0.5, 2.5))
    else:
        return ink
    return ink / max(ink.max(), 0.3)


# Each takes an ink map of its own to change, where it had ink at first (n, 2), and a generator.
def _gaps(ink: np.ndarray, inked: np.ndarray, rng: Random) -> np.ndarray:
    y, x = np.ogrid[0:CANVAS, 0:CANVAS]
    for _ in range(rng.integers(1, 4)):
        row, column = inked[rng.integers(len(inked))]
        ink[(y - row) ** 2 + (x - column) ** 2 < rng.uniform(2, 6) ** 2] = 0
    return ink


def _cut_by_the_edge(ink: np.ndarray, inked: np.ndarray, rng: Random) -> np.ndarray:
    (top, left), (bottom, right) = inked.min(0), inked.max(0) + 1
    cut = rng.uniform(0.03, 0.12)
    tall, wide = int(cut * (bottom - top)), int(cut * (right - left))
    sides = ink[: top + tall], ink[bottom - tall :], ink[:, : left + wide], ink[:, right - wide :]
    sides[rng.integers(4)][:] = 0
    return ink


def _rest_of_a_ruled_line(ink: np.ndarray, inked: np.ndarray, rng: Random) -> np.ndarray:
    (top, left), (bottom, right) = inked.min(0), inked.max(0) + 1
    row = rng.integers(top, min(bottom + 8, CANVAS - 3))
    ink[row : row + rng.integers(1, 4), max(0, left - 6) : right + 6] = rng.uniform(0.5, 1)
    return ink


def _specks(ink: np.ndarray, inked: np.ndarray, rng: Random) -> np.ndarray:
    (top, left), (bottom, right) = inked.min(0), inked.max(0) + 1
    for _ in range(rng.integers(1, 6)):
        row, column = rng.integers(top, bottom), rng.integers(left, right)
        ink[row : row + rng.integers(2, 6), column : column + rng.integers(2, 6)] = 1
    return ink


def _rough_paper(ink: np.ndarray, inked: np.ndarray, rng: Random) -> np.ndarray:
    return ink * np.clip(1 + 0.6 * _smooth_field(CANVAS, int(rng.integers(8, 40)), rng), 0.3, 1)


def _ragged_edges(ink: np.ndarray, inked: np.ndarray, rng: Random) -> np.ndarray:
    ink = ndimage.gaussian_filter(ink, 1.5)  # as chalk and brushes leave them
    ragged = ink + 0.15 * _smooth_field(CANVAS, int(rng.integers(20, 50)), rng) > 0.5
    return ragged.astype(np.float32)


DAMAGE = (  # with the chance of each; they add up, in this order
    (0.08, _gaps),
    (0.06, _cut_by_the_edge),
    (0.05, _rest_of_a_ruled_line),
    (0.05, _specks),
    (0.15, _rough_paper),
    (0.06, _ragged_edges),
)


def look(ink: np.ndarray) -> np.ndarray:
    """Return an ink map, bool or 0..1, as the reader would see it, (28, 28) uint8."""
    if (box := bounding_box(ink > INKED)) is None:
        return np.zeros((28, 28), np.uint8)
    return in_mnists_look(ink[box].astype(np.float32))
