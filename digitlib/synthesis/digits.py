"""Training pictures for the reader: digits as other pens, papers and cameras would have them.

Works on ink maps of CANVAS x CANVAS. MNIST's digits are bent, drawn with another pen, given the
flags, feet and bars that MNIST hardly has, and damaged; some are drawn by code. All then go
through `digitlib.reading.imaging.in_mnists_look`, as any picture does. Every function draws its
chances from the generator it is given.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from digitlib.reading.imaging import in_mnists_look, with_stroke_width
from digitlib.synthesis.strokes import DIGITS, draw, smooth

CANVAS = 112
Random = np.random.Generator


def redraw(image: np.ndarray, label: int, rng: Random) -> np.ndarray:
    """Return an MNIST image, (28, 28) uint8, redrawn as an ink map."""
    ink = enlarge(image / np.float32(255), CANVAS)
    if rng.random() < 0.25:
        return ink
    ink = add_habits(ink, label, rng)
    return damage(repen(bend(ink, rng), rng), rng)


def draw_digit(label: int, rng: Random) -> np.ndarray:
    """Return a digit drawn by code, in one of its ways, as an ink map."""
    ways = DIGITS[str(label)]
    way = ways[0] if rng.random() < 0.4 else ways[rng.integers(len(ways))]
    return damage(repen(draw_sign(way, rng), rng), rng)


def draw_sign(way: list, rng: Random) -> np.ndarray:
    """Return the strokes of a sign, written with an unsteady hand, as an ink map."""
    shape = np.array([rng.uniform(0.45, 1.1), 1.0]) * rng.uniform(55, 85)
    slant = rng.normal(0, 0.15)
    strokes = []
    for stroke in way:
        points = np.array(stroke, float)
        # Equal points are a corner, and stay equal.
        unique, place = np.unique(points, axis=0, return_inverse=True)
        points = (unique + rng.normal(0, 0.035, unique.shape))[place.ravel()]
        points = smooth(points) - 0.5
        points[:, 0] -= slant * points[:, 1]
        strokes.append(points * shape + CANVAS / 2)
    return bend(draw(strokes, (CANVAS, CANVAS), rng.uniform(4, 12)), rng)


def enlarge(ink: np.ndarray, side: int) -> np.ndarray:
    """Return an ink map resized to (side, side), smoothly."""
    image = Image.fromarray(np.float32(ink)).resize((side, side), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(image), 0, 1)


def bend(ink: np.ndarray, rng: Random) -> np.ndarray:
    """Turn, slant, stretch and warp, as hands and cameras do.

    The warp is that of P. Simard, D. Steinkraus, J. Platt (ICDAR 2003): smooth random movement.
    """
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


def _smooth_field(side: int, cells: int, rng: Random) -> np.ndarray:
    """Return smooth noise (side, side) of about unit strength, `cells` bumps across."""
    coarse = Image.fromarray(rng.normal(0, 1, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))


def add_habits(ink: np.ndarray, label: int, rng: Random) -> np.ndarray:
    """Give some ones a flag and a foot, some sevens a bar, some zeros a slash."""
    share = {0: 0.06, 1: 0.55, 7: 0.2}.get(label, 0.0)
    if rng.random() >= share:
        return ink
    rows, columns = np.nonzero(ink > 0.5)
    if len(rows) == 0:
        return ink
    top, bottom = rows.min(), rows.max()
    height = bottom - top

    def middle(row):
        return columns[np.abs(rows - row) <= 2].mean()

    lines = []
    if label == 1:
        start = np.array([middle(top + 2), top + 3.0])
        angle = rng.uniform(0.35, 1.3)
        reach = height * rng.uniform(0.12, 0.5 if angle < 0.9 else 0.35)  # longer is a seven
        tip = start + reach * np.array([-np.sin(angle), np.cos(angle)])
        bow = (start + tip) / 2 + rng.normal(0, 2, 2)
        lines.append([start, bow, tip])
        if rng.random() < 0.4:
            foot, half = middle(bottom - 2), height * rng.uniform(0.12, 0.4)
            lines.append([(foot - half, bottom), (foot, bottom), (foot + half, bottom)])
    elif label == 7:
        row = top + height * rng.uniform(0.4, 0.6)
        if not np.any(np.abs(rows - row) <= 2):
            return ink
        half = height * rng.uniform(0.12, 0.3)
        tilt = rng.normal(0, 0.15) * half
        x = middle(row)
        lines.append([(x - half, row + tilt), (x, row), (x + half, row - tilt)])
    else:
        left, right = columns.min(), columns.max()
        lines.append([(right, top), ((left + right) / 2, (top + bottom) / 2), (left, bottom)])
    width = max(4.0, 2.2 * len(rows) / (height * (3 if label == 0 else 2) + 1))
    drawn = draw([smooth(line) for line in lines], ink.shape[::-1], min(width, 14))
    return np.maximum(ink, drawn)


def repen(ink: np.ndarray, rng: Random) -> np.ndarray:
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


def damage(ink: np.ndarray, rng: Random) -> np.ndarray:
    """Break, cut, smear or soil it, sometimes; what is left of paper lines belongs here too."""
    side = ink.shape[0]
    rows, columns = np.nonzero(ink > 0.5)
    if len(rows) < 20:
        return ink
    ink = ink.copy()
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    y, x = np.ogrid[0:side, 0:side]
    if rng.random() < 0.08:  # gaps
        for _ in range(rng.integers(1, 4)):
            at = rng.integers(len(rows))
            radius = rng.uniform(2, 6)
            ink[(y - rows[at]) ** 2 + (x - columns[at]) ** 2 < radius**2] = 0
    if rng.random() < 0.06:  # cut by the edge of the picture
        cut = rng.uniform(0.03, 0.12)
        tall, wide = int(cut * (bottom - top)), int(cut * (right - left))
        gone = (
            np.s_[: top + tall],
            np.s_[bottom - tall :],
            np.s_[:, : left + wide],
            np.s_[:, right - wide :],
        )
        ink[gone[rng.integers(4)]] = 0
    if rng.random() < 0.05:  # what is left of a ruled line
        row = rng.integers(top, min(bottom + 8, side - 3))
        ink[row : row + rng.integers(1, 4), max(0, left - 6) : right + 6] = rng.uniform(0.5, 1)
    if rng.random() < 0.05:  # specks
        for _ in range(rng.integers(1, 6)):
            row, column = rng.integers(top, bottom), rng.integers(left, right)
            ink[row : row + rng.integers(2, 6), column : column + rng.integers(2, 6)] = 1
    if rng.random() < 0.15:  # dry pens and rough paper
        ink *= np.clip(1 + 0.6 * _smooth_field(side, int(rng.integers(8, 40)), rng), 0.3, 1)
    if rng.random() < 0.06:  # ragged edges, as chalk and brushes leave them
        ink = ndimage.gaussian_filter(ink, 1.5)
        ink = np.float32(ink + 0.15 * _smooth_field(side, int(rng.integers(20, 50)), rng) > 0.5)
    chance = rng.random()
    if chance < 0.04:  # a picture of very few pixels, enlarged
        few = int(rng.integers(8, 14))
        small = Image.fromarray(ink).resize((few, few), Image.Resampling.BOX)
        ink = enlarge(np.asarray(small), side)
        ink /= max(ink.max(), 0.3)
    elif chance < 0.4:
        ink = ndimage.gaussian_filter(ink, rng.uniform(0.5, 2.5))
        ink /= max(ink.max(), 0.3)
    return ink


def look(ink: np.ndarray) -> np.ndarray:
    """Return an ink map as the reader would see it, (28, 28) uint8."""
    rows, columns = (np.flatnonzero((ink > 0.3).any(axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((28, 28), np.uint8)
    return in_mnists_look(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
