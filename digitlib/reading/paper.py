"""Which part of a photo is paper, where it lies on a table or another thing."""

import numpy as np
from PIL import Image
from scipy import ndimage

# Tried on made-up slips of paper, and on bold print, of whose 3,360 digits 11 count as one.
OVERVIEW = 100  # longer side, in pixels, on which paper is looked for
BROADEST = 7  # pixels of that: strokes and rules are narrower, and do not count
EDGE = 20  # least contrast of paper and table, of 255
SMALL = 60  # pixels of a side: fewer have no room for tables, or half-inked edges
SMALLEST = 0.04  # share of the picture that paper takes up at least
NARROWEST = 0.12  # of the picture's longer side: what is narrower may be a stroke
RECTANGULAR = 0.88  # share of the narrowest rectangle around it that paper fills at least
FEWEST_INKED = 5  # pixels of the overview that strokes take up at least
FREE = 0.6  # share of the paper that broad strokes leave free at least
OFF = 0.1  # share of the picture's edge that is paper at most: a shadow's edge runs to it
TURNS = np.deg2rad(np.arange(0, 90, 3))


def without_table(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return a picture (h, w, 3) uint8 in whose middle paper lies as if it was paper all over.

    The other is where the paper lies, (h, w) bool, or None if it is all over.
    """
    height, width = colours.shape[:2]
    if min(height, width) < SMALL:
        return colours, None
    step = -(-max(height, width) // OVERVIEW)
    overview = np.asarray(Image.fromarray(colours).reduce(step))
    square = (BROADEST, BROADEST, 1)
    small = ndimage.grey_opening(ndimage.grey_closing(overview, square), square)
    strokes = np.abs(np.int16(overview) - small).max(axis=-1) > EDGE
    if (paper := _paper(small, strokes)) is None:
        return colours, None
    nearest = ndimage.distance_transform_edt(~paper, return_distances=False, return_indices=True)
    size = small.shape[1] * step, small.shape[0] * step
    around = Image.fromarray(small[tuple(nearest)]).resize(size, Image.Resampling.BILINEAR)
    inside = np.asarray(Image.fromarray(paper).resize(size))[:height, :width]
    return np.where(inside[..., None], colours, np.asarray(around)[:height, :width]), inside


def _paper(small: np.ndarray, strokes: np.ndarray) -> np.ndarray | None:
    """Return where written paper is, (h, w) bool, in a small picture (h, w, 3) without strokes."""
    contrast = ndimage.grey_dilation(small, (3, 3, 1)) - ndimage.grey_erosion(small, (3, 3, 1))
    labels, _ = ndimage.label(contrast.max(axis=-1) < EDGE)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    for label in np.argsort(-sizes)[:3]:
        if sizes[label] < SMALLEST * labels.size:
            return None
        region = ndimage.binary_fill_holes(labels == label)
        edge = np.concatenate([region[0], region[-1], region[:, 0], region[:, -1]])
        if edge.mean() > OFF:
            continue
        sides = _rectangle(region)
        narrow = sides.min() < NARROWEST * max(region.shape)
        if narrow or region.sum() < RECTANGULAR * sides.prod():
            continue
        if sizes[label] < FREE * region.sum():  # the ink of a square 0
            continue
        written = (strokes | (labels != label)) & ndimage.binary_erosion(region, iterations=2)
        if written.sum() >= FEWEST_INKED:  # inside a large 0 there is nothing
            return region
    return None


def _rectangle(region: np.ndarray) -> np.ndarray:
    """Return the sides (2,) of the smallest rectangle around a region, at any of TURNS."""
    y, x = np.nonzero(region)
    along = np.outer(np.cos(TURNS), x) + np.outer(np.sin(TURNS), y)
    across = np.outer(np.cos(TURNS), y) - np.outer(np.sin(TURNS), x)
    sides = np.ptp([along, across], axis=2) + 1
    return sides[:, sides.prod(axis=0).argmin()]
