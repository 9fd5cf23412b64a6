"""Ruled and squared paper: its lines are ink too, and are taken away before digits are found."""

import numpy as np
from scipy import ndimage

FAINT = 0.15  # least ink of a line, as printed lines are pale
DARKER = 0.2  # than the line: the pen that crosses it
SMALLEST = 60  # pictures of fewer pixels a side have no room for lines


def without_rules(ink: np.ndarray) -> np.ndarray:
    """Return an ink map without the lines of ruled or squared paper.

    A line is thin, nearly level or upright, and runs from one edge of the picture to the other,
    which no stroke of a digit does. What is clearly darker on it is a stroke that crosses, and
    stays.
    """
    if min(ink.shape) < SMALLEST:
        return ink
    return _without_level_rules(_without_level_rules(ink).T).T


def _without_level_rules(ink: np.ndarray) -> np.ndarray:
    height, width = ink.shape
    edge = max(2, width // 50)
    if not ((ink[:, :edge] > FAINT).any() and (ink[:, -edge:] > FAINT).any()):
        return ink
    inked = np.uint8(ink > FAINT)
    thick = max(5, height // 40)  # more than any line has
    length = max(10, width // 8)
    # A line that climbs a little is a staircase: thickened, its steps run into each other.
    run = ndimage.maximum_filter1d(inked, 2 * (thick // 3) + 1, axis=0)
    run = ndimage.maximum_filter1d(ndimage.minimum_filter1d(run, length, axis=1), length, axis=1)
    tall = 2 * thick
    bulk = ndimage.maximum_filter1d(ndimage.minimum_filter1d(run, tall, axis=0), tall, axis=0)
    labels, count = ndimage.label((run > bulk), np.ones((3, 3)))
    rule = np.zeros(count + 1, bool)
    for i, (_, columns) in enumerate(ndimage.find_objects(labels), start=1):
        rule[i] = columns.start <= edge and columns.stop >= width - edge
    if not rule.any():
        return ink
    on_rule = rule[labels]
    on_line = ink[on_rule & (ink > FAINT)]
    if not len(on_line):
        return ink
    level = np.quantile(on_line, 0.25)  # pens cover part of it
    pen = ink > level + DARKER
    return np.where(on_rule & ~pen, 0, ink)
