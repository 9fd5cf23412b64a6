"""Which ink is writing: an ink map without the lines, squares, boxes, tables and rings around it.

All is judged on an overview of at most OVERVIEW pixels, so that large pages cost little more than
small ones. Levels of ink are not limited to 1 here: a pen that crosses a pale line is darker.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

OVERVIEW = 600  # longer side, in pixels, on which lines are looked for
SMALLEST = 60  # pictures of fewer pixels a side have no room for lines
FAINT = 0.15  # least ink of a line, as printed lines are pale
THICK = 1 / 40  # of the picture's longer side: more than any line
SHORTEST = 1 / 12  # of the picture's side: least length of a run that may be a line
BESIDE_TYPICAL = 1.5  # heights of what else is there, from which a run is no stroke of a digit
TIED = 0.8  # heights from which a run between two lines belongs to their grid
DARKER = 0.3  # than the line: the pen that crosses it
HOLLOW = 0.35  # share of its box that a frame or a ring fills at most
INSIDE = 0.3  # height, by the frame's, of what it is drawn around


def writing(ink: np.ndarray) -> np.ndarray:
    """Return an ink map (h, w), 0 and more, without what is printed or drawn around the writing."""
    if min(ink.shape) < SMALLEST:
        return ink
    step = -(-max(ink.shape) // OVERVIEW)
    small = np.asarray(Image.fromarray(ink).reduce(step)) if step > 1 else ink
    gone = _frames(small > 2 * FAINT)
    inked = (small > FAINT) & ~gone
    gone |= _lines(inked, small)
    if not gone.any():
        return ink
    gone = ndimage.binary_dilation(gone, np.ones((3, 3))) & ~_kept(small, gone)
    large = gone.repeat(step, axis=0).repeat(step, axis=1)[: ink.shape[0], : ink.shape[1]]
    return np.where(large, 0, ink)


def _kept(small: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """Return ink beside what goes, which its margin must not take along."""
    return (small > 0.5) & ~gone


def _frames(inked: np.ndarray) -> np.ndarray:
    """Return what surrounds other ink and fills little of its own box."""
    labels, count = ndimage.label(inked, np.ones((3, 3)))
    found = ndimage.find_objects(labels)
    boxes = np.array([(r.start, r.stop, c.start, c.stop) for r, c in found]).reshape(-1, 4)
    filled = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    heights, widths = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]
    frames = []
    for i in np.flatnonzero((np.minimum(heights, widths) > 12) & (filled < HOLLOW * heights * widths)):
        top, bottom, left, right = boxes[i]
        within = (boxes[:, 0] > top) & (boxes[:, 1] < bottom)
        within &= (boxes[:, 2] > left) & (boxes[:, 3] < right)
        if (within & (heights > INSIDE * min(heights[i], widths[i]))).any():
            frames.append(i + 1)
    return np.isin(labels, frames)


def _lines(inked: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Return the pixels of level and upright lines, but for what crosses them."""
    runs = [_runs(inked), _runs(inked.T)]
    if not any(count for _, count in runs):
        return np.zeros_like(inked)
    labels = [runs[0][0], runs[1][0].T]
    boxes = [ndimage.find_objects(label) for label in labels]
    typical = _typical_height(inked & (labels[0] == 0) & (labels[1] == 0))
    spans = [[box[1 - axis].stop - box[1 - axis].start for box in boxes[axis]] for axis in (0, 1)]
    accepted = [
        np.array([False] + [
            span > 0.95 * inked.shape[1 - axis] or 0 < BESIDE_TYPICAL * typical < span
            for span in spans[axis]
        ])
        for axis in (0, 1)
    ]  # fmt: skip
    for _ in range(2):  # what ties accepted lines together is a line as well
        for axis in (0, 1):
            others = ndimage.maximum_filter(accepted[1 - axis][labels[1 - axis]], 5)
            for i, box in enumerate(boxes[axis], start=1):
                if accepted[axis][i] or spans[axis][i - 1] < TIED * typical:
                    continue
                ends = list(box)
                ends[1 - axis] = slice(box[1 - axis].start, box[1 - axis].start + 4)
                first = others[tuple(ends)].any()
                ends[1 - axis] = slice(box[1 - axis].stop - 4, box[1 - axis].stop)
                accepted[axis][i] = first and others[tuple(ends)].any()
    level, upright = accepted[0][labels[0]] & inked, accepted[1][labels[1]] & inked
    both = ndimage.binary_dilation(level, np.ones((3, 3)))
    both &= ndimage.binary_dilation(upright, np.ones((3, 3)))
    gone = _uncrossed(level, inked, both) | _uncrossed(upright.T, inked.T, both.T).T
    if gone.any():
        gone &= ink < np.median(ink[gone]) + DARKER
    return gone


def _runs(inked: np.ndarray) -> tuple[np.ndarray, int]:
    """Return labels (h, w) of long thin level runs, and how many there are."""
    thick = max(5, round(THICK * max(inked.shape)))
    length = max(12, round(SHORTEST * inked.shape[1]))
    # A line that climbs a little is a staircase: thickened, its steps run into each other.
    wide = ndimage.maximum_filter1d(np.uint8(inked), 3, axis=0)
    wide = ndimage.maximum_filter1d(wide, 3, axis=1)
    run = ndimage.maximum_filter1d(ndimage.minimum_filter1d(wide, length, axis=1), length, axis=1)
    if not run.any():
        return np.zeros(inked.shape, np.int32), 0
    tall = thick + 3
    bulk = ndimage.maximum_filter1d(ndimage.minimum_filter1d(run, tall, axis=0), tall, axis=0)
    return ndimage.label(run > bulk, np.ones((3, 3)))


def _typical_height(rest: np.ndarray) -> float:
    """Return how tall what else is there is, specks left out."""
    labels, _ = ndimage.label(rest, np.ones((3, 3)))
    heights = np.array([rows.stop - rows.start for rows, _ in ndimage.find_objects(labels)])
    if not len(heights) or heights.max() < 6:
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
    return line & ((tall <= most) | both)
