"""Which ink is writing: an ink map without the lines, squares, boxes, tables and rings around it.

All is judged on an overview of at most OVERVIEW pixels, so that large pages cost little more than
small ones. Levels of ink are not limited to 1 here: a pen that crosses a pale line is darker.
"""

from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from digitlib.reading.paper import SMALL

LEAST = 32  # pixels of a side: fewer, as data sets have them, hold no lines
OVERVIEW = 600  # longer side, in pixels, on which lines are looked for
FAINT = 0.2  # least ink of a line, as printed lines are pale
THICK = 1 / 30  # of the picture's longer side: more than any line
SHORTEST = 1 / 12  # of the picture's side: least length of a run that may be a line
ACROSS = 0.95  # of a picture, or of a table, that its lines run through
# Of a tilted picture's side: where it has less room, nothing runs through it. With 1/2, 37 tilted
# squares of 60 were read, with 1/4 41.
CORNER = 1 / 4
FLAT, UNDERLINE = 4, 0.6  # width by its own height, and by that of the digits above it
LONG, LOW = 1.4, 0.3  # span by those heights, and place in its piece, of one that touches a digit
DARKER = 1.1  # times the line's ink, and FAINT: the line: the pen that crosses it
# Share of what it encloses, itself included, that a frame or a ring fills at most: 0.55 to 0.62 of
# it had 151 rows of boxes of 160 read, 0.45 of its bounding box 145.
HOLLOW = 0.6
INSIDE = 0.35  # height, by the frame's shorter side, of what it is drawn around
SPECK = 0.12  # smaller than this share of what is around it: dirt
LEAST_TILT, MOST_TILT = 1, 12  # degrees: runs are found with less; more is not looked for
SMOOTH = 2.0  # pixels: with 1, the edges of straight lines spread over four degrees, not two
PEAK = 2, 10  # half degrees, that lines spread by, and that a peak has to stand out from


def writing(ink: np.ndarray, paper: np.ndarray | None = None) -> np.ndarray:
    """Return an ink map (h, w), 0 and more, without what is printed or drawn around the writing.

    `paper` is where paper is, (h, w) bool, if not all over: its lines run from edge to edge of it.
    """
    if min(ink.shape) < LEAST:
        return ink
    if min(ink.shape) < SMALL:  # enlarged, digits a pixel or two from a line are apart from it
        height, width = ink.shape
        large = np.asarray(Image.fromarray(ink).resize((2 * width, 2 * height)))
        if (left := writing(large)) is large:
            return ink
        gone = ((large > 0) & (left == 0)).reshape(height, 2, width, 2)
        return np.where(gone.mean(axis=(1, 3)) > 0.5, 0, ink)
    step = -(-max(ink.shape) // OVERVIEW)
    small = np.asarray(Image.fromarray(ink).reduce(step)) if step > 1 else ink
    page = np.ones(small.shape, bool) if paper is None else paper[::step, ::step]
    place, inside = _upright(page, _tilt(small))
    upright = np.zeros(inside.shape, np.float32)
    upright[place] = small
    gone = _lines(upright > FAINT, upright, inside)
    gone |= _frames((upright > FAINT) & ~gone)
    if not gone.any():
        return ink
    gone = gone[place]
    # With the soft edges that a camera gives it.
    gone = ndimage.binary_dilation(gone, np.ones((3, 3))) & (gone | (small < 0.5))
    large = gone.repeat(step, axis=0).repeat(step, axis=1)[: ink.shape[0], : ink.shape[1]]
    return np.where(large, 0, ink)


def _tilt(ink: np.ndarray) -> float:
    """Return how many pixels lines go down for each one to the right; 0 where that is little.

    The edges of lines have one direction, or that at right angles to it, and a sharp peak among
    all directions; those of writing are spread.
    """
    smooth = ndimage.gaussian_filter(np.minimum(ink, 1), SMOOTH, truncate=2.0)
    down, right = np.gradient(smooth)
    strength = down**2 + right**2
    edges = strength > strength.mean()
    if not edges.any():
        return 0.0
    angles = np.rad2deg(np.arctan2(-right[edges], down[edges])) + 45
    halves = np.intp(np.round(2 * angles)) % 180  # of a degree, in a quarter of the circle
    counts = np.bincount(halves, weights=strength[edges], minlength=180)
    sharp, spread = (ndimage.gaussian_filter1d(counts, n, mode="wrap") for n in PEAK)
    angle = float(np.argmax(sharp - spread)) / 2 - 45
    return np.tan(np.deg2rad(angle)) if LEAST_TILT <= abs(angle) <= MOST_TILT else 0.0


def _upright(page: np.ndarray, tilt: float) -> tuple[Any, np.ndarray]:
    """Return where to lay the pixels of a picture so that the lines of a tilted page are level.

    Columns are moved down or up, then rows to a side: no pixel is lost, and each finds its way
    back. `page` is where the page lies, (h, w) bool, and the other where it lies then.
    """
    if not tilt:
        return ..., page
    y, x = np.indices(page.shape)
    y = y - np.intp(np.round(tilt * x))
    y -= y.min()
    x = x + np.intp(np.round(tilt * y))
    x -= x.min()
    inside = np.zeros((y.max() + 1, x.max() + 1), bool)
    inside[y, x] = page
    return (y, x), inside


def _frames(inked: np.ndarray) -> np.ndarray:
    """Return what surrounds other ink and fills little of its own box, open rings included.

    A frame is peeled off from outside, as thick as its strokes are: what touches it inside stays.
    """
    labels, boxes = _pieces(inked)
    gone = np.zeros_like(inked)
    filled = np.bincount(labels.ravel())
    for i, box in enumerate(boxes, start=1):
        sides = [side.stop - side.start for side in box]
        if min(sides) <= 12 or filled[i] > HOLLOW * np.prod(sides):
            continue
        own = np.pad(labels[box] == i, 1)
        solid = ndimage.binary_fill_holes(own)
        within = _surrounded(own)
        others = _heights(_pieces(np.pad(inked[box], 1) & ~own & within)[1])
        around_others = others[others > SPECK * sides[0]].sum() > INSIDE * min(sides)
        if around_others:  # it may be open
            solid |= within
        if filled[i] > HOLLOW * solid.sum():
            continue
        thick = 2 * np.median(_ridge(own))
        peel = own & (ndimage.distance_transform_edt(solid) <= 1.2 * thick + 1)
        inner = (np.pad(inked[box], 1) & solid & ~peel)[1:-1, 1:-1]
        if around_others or _heights(_pieces(inner)[1]).max(initial=0) > INSIDE * min(sides):
            gone[box] |= peel[1:-1, 1:-1]
    return gone


def _surrounded(own: np.ndarray) -> np.ndarray:
    """Return what has ink of a piece on three of its sides, or on all four."""
    turns = [np.rot90(np.logical_or.accumulate(np.rot90(own, n)), -n) for n in range(4)]
    return np.sum(turns, axis=0) >= 3


def _pieces(inked: np.ndarray) -> tuple[np.ndarray, list]:
    """Return the numbers (h, w) of pieces of ink, and the box of each."""
    labels, _ = ndimage.label(inked, np.ones((3, 3)))
    return labels, ndimage.find_objects(labels)


def _heights(boxes: list) -> np.ndarray:
    """Return how tall boxes are."""
    return np.array([rows.stop - rows.start for rows, _ in boxes], int)


def _ridge(own: np.ndarray) -> np.ndarray:
    """Return half the width of strokes, along their middle."""
    inside = ndimage.distance_transform_edt(own)
    return inside[(inside > 0) & (inside >= ndimage.maximum_filter(inside, 3))]


def _lines(inked: np.ndarray, ink: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the pixels of level and upright lines on a page, but for what crosses them."""
    runs = [_runs(inked), _runs(inked.T)]
    if not any(count for _, count in runs):
        return np.zeros_like(inked)
    labels = [runs[0][0], runs[1][0].T]
    boxes = [ndimage.find_objects(label) for label in labels]
    spans = [
        np.array([0] + [box[1 - axis].stop - box[1 - axis].start for box in boxes[axis]])
        for axis in (0, 1)
    ]
    through, clear = [], []
    for axis in (0, 1):
        room = inside.sum(axis=1 - axis)
        there = np.array([1] + [room[box[axis]].min() for box in boxes[axis]])
        through.append(spans[axis] > ACROSS * there)
        clear.append(np.sum(through[axis] & (there > CORNER * room.max())))
    # One may be a digit's bar; and one each way may be a 4.
    accepted = [through[axis] & (clear[axis] > 1 or sum(clear) > 2) for axis in (0, 1)]
    pieces, around = _pieces(inked)
    of = [_piece_of(labels[axis], pieces, len(boxes[axis])) for axis in (0, 1)]
    whole = [  # runs as long as the piece of ink that they are part of
        np.array([False] + [
            n > 0 and span > ACROSS * (around[n - 1][1 - axis].stop - around[n - 1][1 - axis].start)
            for n, span in zip(of[axis][1:], spans[axis][1:], strict=True)
        ])
        for axis in (0, 1)
    ]  # fmt: skip
    count = [np.bincount(of[axis][whole[axis]], minlength=len(around) + 1) for axis in (0, 1)]
    grid = (np.minimum(*count) >= 2) & (np.maximum(*count) >= 3)
    accepted = [accepted[axis] | (whole[axis] & grid[of[axis]]) for axis in (0, 1)]
    left = around
    if accepted[0].any() or accepted[1].any():
        left = _pieces(inked & ~accepted[0][labels[0]] & ~accepted[1][labels[1]])[1]
    typical = _typical_height(left)
    low = whole[0] & (spans[0] > LONG * typical) & (count[1][of[0]] == 0)
    for i in np.flatnonzero(low) if typical else ():
        around_it, run = around[of[0][i] - 1][0], boxes[0][i - 1][0]
        accepted[0][i] |= run.start > around_it.stop - LOW * (around_it.stop - around_it.start)
    gone, rest = np.zeros_like(inked), inked
    if accepted[0].any() or accepted[1].any():
        level = _line(labels[0], boxes[0], accepted[0], np.where(inked, ink, 0))
        across = [(columns, rows) for rows, columns in boxes[1]]
        upright = _line(labels[1].T, across, accepted[1], np.where(inked, ink, 0).T).T
        both = ndimage.binary_dilation(level, np.ones((3, 3)))
        both &= ndimage.binary_dilation(upright, np.ones((3, 3)))
        gone = _uncrossed(level, inked, both) | _uncrossed(upright.T, inked.T, both.T).T
        rest = inked & ~gone
        pieces, around = _pieces(rest)
    for number, (rows, columns) in enumerate(around, start=1):
        wide, tall = columns.stop - columns.start, round(typical)
        if wide > max(FLAT * (rows.stop - rows.start), UNDERLINE * typical, 12) and typical:
            above = rest[max(0, rows.start - tall) : rows.start, columns]
            below = rest[rows.stop : rows.stop + tall // 2, columns]
            if above.any() and not below.any():
                gone[rows, columns] |= pieces[rows, columns] == number
    return gone


def _line(labels: np.ndarray, boxes: list, accepted: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Return the ink of accepted level runs, but for what is darker than most of the run."""
    line = np.zeros(labels.shape, bool)
    for i in np.flatnonzero(accepted):
        own = np.where(labels[boxes[i - 1]] == i, ink[boxes[i - 1]], 0)
        line[boxes[i - 1]] |= (own > 0) & (own < DARKER * np.median(own.max(axis=0)) + FAINT)
    return line


def _piece_of(labels: np.ndarray, pieces: np.ndarray, count: int) -> np.ndarray:
    """Return for each run the piece of ink that it lies in."""
    lies = np.zeros(count + 1, np.int64)
    both = (labels > 0) & (pieces > 0)
    lies[labels[both]] = pieces[both]
    return lies


def _runs(inked: np.ndarray) -> tuple[np.ndarray, int]:
    """Return labels (h, w) of long thin level runs, and how many there are."""
    length = max(12, round(SHORTEST * inked.shape[1]))
    # A line that climbs a little is a staircase: thickened, its steps run into each other.
    wide = _dilated(_dilated(inked.T, 3).T, 3)
    run = _dilated(_eroded(wide, length), length)
    if not run.any():
        return np.zeros(inked.shape, np.int32), 0
    tall = max(10, round(THICK * max(inked.shape)))
    bulk = _dilated(_eroded(run.T, tall, "constant"), tall).T
    thin = run & ~bulk
    # A pen that crosses is a gap; a broad one is bridged where there is ink all along.
    run = _closed(thin, length // 2) | (_closed(thin, 4 * length) & run)
    return ndimage.label(run, np.ones((3, 3)))


def _closed(run: np.ndarray, gap: int) -> np.ndarray:
    """Return level runs with gaps of so many pixels filled."""
    size = gap + 1 - gap % 2
    return _eroded(_dilated(np.pad(run, [(0, 0), (gap, gap)]), size), size)[:, gap:-gap]


def _eroded(mask: np.ndarray, size: int, edge: Any = "symmetric") -> np.ndarray:
    """Return where all of `size` pixels along a row, around each of a mask (h, w), are true.

    It is `scipy.ndimage.minimum_filter1d` in a tenth of the time: each step doubles the window.
    """
    every = np.pad(mask, [(0, 0), (size // 2, size - 1 - size // 2)], mode=edge)
    done = 1
    while done < size:
        step = min(done, size - done)
        every = every[:, :-step] & every[:, step:]
        done += step
    return every


def _dilated(mask: np.ndarray, size: int) -> np.ndarray:
    """Return where any of `size` pixels along a row, around each of a mask (h, w), is true."""
    return ~_eroded(~mask, size)


def _typical_height(boxes: list) -> float:
    """Return how tall the pieces in these boxes are, specks left out."""
    heights = _heights(boxes)
    if heights.max(initial=0) < 6:
        return 0.0
    return float(np.quantile(heights[heights > 0.4 * heights.max()], 0.8))


def _uncrossed(line: np.ndarray, inked: np.ndarray, both: np.ndarray) -> np.ndarray:
    """Return a level line's pixels but for those of thicker ink; in `both` lines cross."""
    if not line.any():
        return line
    height = inked.shape[0]
    rows = np.arange(height, dtype=np.int32)[:, None]
    above = np.maximum.accumulate(np.where(inked, -1, rows), axis=0)
    below = np.minimum.accumulate(np.where(inked, height, rows)[::-1], axis=0)[::-1]
    tall = below - above - 1
    most = 1.5 * np.median(tall[line & ~both]) + 1 if (line & ~both).any() else 0
    most = min(most, max(8, THICK * max(inked.shape)))
    return line & ((tall <= most) | both)
