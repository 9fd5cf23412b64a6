"""From an ink map to what may be digits: pieces of ink in lines, and how they may belong together.

A digit may be drawn in pieces, and two digits may touch. Shape alone cannot tell; so each line
offers spans of neighbouring pieces, a wide piece can be cut into slices, and the network decides
which to believe.
"""

import math
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Generic, TypeVar

import numpy as np
from PIL import Image
from scipy import ndimage

from digitlib.reading.ink import INKED, SURELY, Box, bounding_box, labelled
from digitlib.reading.paper import SMALL
from digitlib.reading.writing import MOST_TILT, SPECK

LEAST_HEIGHT = 0.3  # of the tallest piece: less is a comma, a dash, or a piece of a digit
WIDE = 0.75  # width by height from which a piece may be two digits that touch
NARROWEST = 0.03  # width of a slice, by the height of the whole
# Width of a slice, and of pieces that may be one digit, by its height. The bar of a 5 may stand far
# to its right: with 1.2, five fewer of 5,000 validation images were read.
FLATTEST = 1.6
MOST_CUTS = 12
CUT_ROWS = 60  # rows of a piece that is cut, at most
BEND = 0.06  # of its height, how far a cut leaves its column
SIDEWAYS = 0.3  # ink that a cut rather crosses than move a pixel aside
# A rough pen in a picture of two tones leaves dots. Where more of the ink lies in these than DOTTED
# says, strokes are widened, and gaps of less than GAP pixels close. Varied in benchmarks/README.md.
DOTTED, GAP = 0.03, 5
MOST_PIECES = 400  # more than anybody writes on a page: a texture
NEAR = 0.15  # gap, by height, across which two pieces may be one digit
MOST_JOINED = 3  # pieces of one digit
# Of two pieces one above the other: taller by its width, they are two digits, unless they are as
# narrow as a 1; and so are those that lie above each other by less of the wider one's width.
TALL, BAR, BESIDE = 2.0, 0.25, 0.35
# Of two rows that no digit shares: by the height of the lower one, how far the upper one's digits
# may be above it and still be its exponents, and how far over its digits. Of 160 made-up pages of
# powers 73 were read with 0, with 0.3 95, with 0.4 105; of 120 pages of lines none was lost.
RAISED, OVER = 0.4, 0.1
SLOPES = np.tan(np.deg2rad(sorted(range(-MOST_TILT, MOST_TILT + 1), key=abs)))
LEVEL = 1.02  # a page counts as level unless tilted rows overlap so many times more

T = TypeVar("T")
Span = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Part:
    """Ink that may be one digit: its box in the ink map, and its own ink with a pixel around it.

    `ink` is (h + 2, w + 2) or less at the map's edges, 0..1, where the box has h rows, w columns.
    """

    box: Box
    ink: np.ndarray


@dataclass(frozen=True, eq=False)
class Line(Generic[T]):
    """Pieces side by side: `glyphs[i, j]` is what the pieces i to j - 1 make, such as a Part.

    Every piece is there alone, but for those in `small`: these are no digits by themselves. Where
    the pieces are `slices` of one connected piece, they count only if each is part of a digit.
    """

    count: int
    glyphs: dict[Span, T]
    small: frozenset[int] = frozenset()
    slices: bool = False

    @property
    def pieces(self) -> list[T]:
        """What single pieces make, left to right."""
        return [self.glyphs[i, j] for i, j in sorted(self.glyphs) if j - i == 1]


def find_lines(ink: np.ndarray) -> list[Line[Part]]:
    """Return the lines of an ink map, top to bottom, each with its pieces left to right."""
    labels, pieces, dots = _pieces(ink)
    if dots > DOTTED and min(ink.shape) >= SMALL:
        ink = ndimage.maximum_filter(ink, GAP)
        labels, pieces, _ = _pieces(ink)
    if len(pieces) > MOST_PIECES:
        return []
    pieces = _large(_merge_stacked(pieces), SPECK)
    least = LEAST_HEIGHT * max((_height(box) for box, _ in pieces), default=0)
    return [_line(ink, labels, line, least) for line in _rows(pieces)]


def _pieces(ink: np.ndarray) -> tuple[np.ndarray, list, float]:
    """Return connected components, and the share of ink that is dots.

    They are labels (h, w), and boxes with the labels in each.
    """
    labels, count = labelled(ink > INKED)
    dark = np.bincount(labels[ink > SURELY], minlength=count + 1)
    pieces = [(box, [i]) for i, box in enumerate(ndimage.find_objects(labels), start=1) if dark[i]]
    large = _large(pieces, SPECK)
    strokes = sum(dark[i] for box, [i] in large if _extent(box) > GAP)
    inked = dark[1:].sum()
    return labels, large, 1 - strokes / inked if inked else 0.0


def _large(pieces: list, share: float) -> list:
    largest = max((_extent(box) for box, _ in pieces), default=0)
    return [piece for piece in pieces if _extent(piece[0]) > share * largest]


def _height(box: Box) -> int:
    return box[0].stop - box[0].start


def _width(box: Box) -> int:
    return box[1].stop - box[1].start


def _extent(box: Box) -> int:
    return max(_height(box), _width(box))


def _overlap(a: slice, b: slice) -> int:
    """Return how much two ranges share; a gap between them counts as negative."""
    return min(a.stop, b.stop) - max(a.start, b.start)


def _joined(*boxes: Box) -> Box:
    rows, columns = (
        slice(min(s.start for s in sides), max(s.stop for s in sides))
        for sides in zip(*boxes, strict=True)
    )
    return rows, columns


def _belong_together(a: Box, b: Box) -> bool:
    """Whether a small piece lies within another, or one close above the other."""
    across = _overlap(a[1], b[1]) / min(_width(a), _width(b))
    down = _overlap(a[0], b[0]) / min(_height(a), _height(b))
    if across > 0.8 and down > 0.8:  # one inside the other, or a digit under another's roof
        return min(_height(a), _height(b)) < 0.6 * max(_height(a), _height(b))
    both, wide = _height(_joined(a, b)), _width(_joined(a, b))
    flat = min(_height(a), _height(b)) < LEAST_HEIGHT * both  # no digit alone, but the bar of one
    gap = -_overlap(a[0], b[0]) / both
    near = both <= 1.6 * max(_height(a), _height(b))
    if not (flat or near):  # the halves of an 8, of a 1, or digits of two lines
        near = gap <= 0.1 and not BAR * both < wide < both / TALL
    elif flat:
        near = near or gap <= 0.25
    else:  # or an exponent
        near = _overlap(a[1], b[1]) > BESIDE * max(_width(a), _width(b))
    return across > 0.4 and down < 0.5 and near


def _merge_stacked(pieces: list) -> list:
    pieces = sorted(pieces, key=lambda piece: -_extent(piece[0]))
    merged = []
    while pieces:
        box, members = pieces.pop(0)
        for i, (other, more) in enumerate(pieces):
            if _belong_together(box, other):
                pieces[i] = (_joined(box, other), members + more)
                pieces.sort(key=lambda piece: -_extent(piece[0]))
                break
        else:
            merged.append((box, members))
    return merged


def _rows(pieces: list) -> list[list]:
    """Sort pieces into lines, top to bottom, each from left to right; the page may be tilted."""
    slope = _slope([box for box, _ in pieces])

    def level(box: Box) -> slice:
        """Return a box's rows on the page turned upright."""
        moved = math.floor(slope * (box[1].start + box[1].stop) / 2 + 0.5)
        return slice(box[0].start - moved, box[0].stop - moved)

    rows: list[list] = []
    for piece in sorted(pieces, key=lambda piece: level(piece[0]).start + level(piece[0]).stop):
        box = piece[0]
        for row in rows:
            # Compared with the nearest piece of the row: a line of writing may climb.
            near, _ = min(row, key=lambda other: abs(other[0][1].start - box[1].start))
            if _overlap(level(box), level(near)) > 0.4 * min(_height(box), _height(near)):
                row.append(piece)
                break
        else:
            rows.append([piece])
    lines: list[list] = []
    for row in rows:
        bottom = max(level(box).stop for box, _ in lines[-1]) if lines else -np.inf
        top = min(level(box).start for box, _ in row)
        near = bottom + RAISED * max(_height(box) for box, _ in row)
        if top < near and not _above_each_other(lines[-1], row):  # exponents, and their bases
            lines[-1] += row
        else:
            lines.append(row)
    return [sorted(line, key=lambda piece: piece[0][1].start) for line in lines]


def _above_each_other(upper: list, lower: list) -> bool:
    least = OVER * max(_height(box) for box, _ in lower)
    return any(_overlap(a[1], b[1]) > least for a, _ in upper for b, _ in lower)


def _slope(boxes: list[Box]) -> float:
    """Return how far rows of boxes go down for each pixel to the right: they overlap most there."""
    if len(boxes) < 2:
        return 0.0
    sides = np.array(
        [(rows.start, rows.stop, columns.start, columns.stop) for rows, columns in boxes]
    )
    middles = sides[:, 2:].mean(axis=1)
    overlaps = []
    for slope in SLOPES:
        starts, stops = sides[:, :2].T - slope * middles
        shared = np.minimum.outer(stops, stops) - np.maximum.outer(starts, starts)
        overlaps.append(np.maximum(shared, 0).sum())
    best = int(np.argmax(overlaps))
    return float(SLOPES[best]) if overlaps[best] > LEVEL * overlaps[0] else 0.0


def _line(ink: np.ndarray, labels: np.ndarray, pieces: list, least: float) -> Line[Part]:
    """Return a line with all spans of pieces that may be a digit; alone, those above `least`."""
    small = frozenset(i for i, (box, _) in enumerate(pieces) if _height(box) <= least)
    spans = {}
    for i in range(len(pieces)):
        for j in range(i + 1, min(i + MOST_JOINED, len(pieces)) + 1):
            if j > i + 1 and not _may_be_one([box for box, _ in pieces[i:j]]):
                break
            if j > i + 1 or i not in small:
                spans[i, j] = _together(ink, labels, pieces[i:j])
    return Line(len(pieces), spans, small)


def _may_be_one(boxes: list[Box]) -> bool:
    both = _joined(*boxes)
    height = _height(both)
    gaps = (-_overlap(a[1], b[1]) for a, b in pairwise(boxes))
    return all(gap <= NEAR * height for gap in gaps) and _width(both) <= FLATTEST * height


def cut_apart(part: Part) -> Line[Part] | None:
    """Cut a wide part where digits may touch, and return the line of its slices, if there are any.

    A cut runs from top to bottom through as little ink as it finds, by dynamic programming, as in
    S. Avidan, A. Shamir: Seam carving for content-aware image resizing, 2007.
    """
    inked = part.ink > INKED
    if (box := bounding_box(inked)) is None:
        return None
    height, width = _height(box), _width(box)
    if width <= WIDE * height:
        return None
    step = -(-height // CUT_ROWS)
    small = np.asarray(Image.fromarray(np.where(inked, part.ink, 0)[box]).reduce(step))
    paths, crossed = _paths(small)
    reach = max(1, round(NARROWEST * len(small)))
    least = crossed <= ndimage.minimum_filter1d(crossed, 2 * reach + 1)
    runs, count = ndimage.label(least[reach:-reach])  # of equal columns, the middle one
    cuts = [reach + int(np.flatnonzero(runs == k).mean()) for k in range(1, count + 1)]
    cuts = sorted(sorted(cuts, key=lambda column: crossed[column])[:MOST_CUTS])
    paths = paths[cuts].reshape(-1, len(small))
    places = (paths[:, :, None] <= np.arange(small.shape[1])).sum(axis=0)
    places = places.repeat(step, axis=0).repeat(step, axis=1)[:height, :width]
    labels = np.zeros(part.ink.shape, np.int64)
    labels[box] = np.where(inked[box], places + 1, 0)
    atoms = [(b, [k]) for k, b in enumerate(ndimage.find_objects(labels), start=1) if b]
    down, right = (side.start - own.start for side, own in zip(part.box, box, strict=True))
    spans = {}
    for i, j in combinations(range(len(atoms) + 1), 2):
        if j - i == len(atoms):
            continue  # that is the whole part
        piece = _together(part.ink, labels, atoms[i:j])
        rows, columns = piece.box
        if NARROWEST * height < _width(piece.box) < FLATTEST * _height(piece.box):
            rows = slice(rows.start + down, rows.stop + down)
            columns = slice(columns.start + right, columns.stop + right)
            spans[i, j] = Part((rows, columns), piece.ink)
    return Line(len(atoms), spans, slices=True) if spans else None


def _paths(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each column a path (columns, rows) near it, and how much ink it crosses."""
    bend = max(1, round(BEND * len(ink)))
    wide = np.pad(ink, [(0, 0), (bend, bend)])
    near = np.lib.stride_tricks.sliding_window_view(wide, 2 * bend + 1, axis=1)
    total, steps = near[0], []
    for row in near[1:]:
        above = np.pad(total, [(0, 0), (1, 1)], constant_values=np.inf)
        ways = np.stack([above[:, 1:-1], above[:, :-2] + SIDEWAYS, above[:, 2:] + SIDEWAYS])
        steps.append(np.array([0, -1, 1])[ways.argmin(axis=0)])
        total = ways.min(axis=0) + row
    columns = np.arange(len(total))
    at = total.argmin(axis=1)
    paths = [at]
    for step in reversed(steps):
        at = at + step[columns, at]
        paths.append(at)
    return np.stack(paths[::-1], axis=1) + columns[:, None] - bend, total.min(axis=1)


def _together(ink: np.ndarray, labels: np.ndarray, atoms: list) -> Part:
    """Return what atoms side by side make."""
    members = [label for _, own in atoms for label in own]
    return _part(ink, labels, _joined(*(box for box, _ in atoms)), members)


def _part(ink: np.ndarray, labels: np.ndarray, box: Box, members: list[int]) -> Part:
    top, left = (max(0, s.start - 1) for s in box)
    wide = slice(top, box[0].stop + 1), slice(left, box[1].stop + 1)
    near = labels[wide]
    own = np.where((near == 0) | (near[..., None] == members).any(axis=-1), ink[wide], 0)
    if (tight := bounding_box(own > INKED)) is None:
        return Part(box, own)
    rows, columns = (
        slice(n + s.start, n + s.stop) for n, s in zip((top, left), tight, strict=True)
    )
    return Part((rows, columns), own)
