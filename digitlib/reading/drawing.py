"""A drawing on plain paper, read with one look: what the page in the browser does, in Python.

`digitlib/app/drawing.js` does the same, and tests hold the two together. Digits that touch, lines
on the paper, photographs, and a second look at what is doubtful are left to `digitlib.read`.
"""

import numpy as np

from digitlib.files import SHIPPED_MODEL
from digitlib.models.loading import load_network
from digitlib.reading.glyphs import Line, Part, find_lines
from digitlib.reading.imaging import in_mnists_look
from digitlib.reading.ink import drawn_ink
from digitlib.reading.recognizer import NO_DIGIT_ODDS, Digit, Reading, best_readings

NOTHING_FOUND = 0.99  # confidence that there is no digit where there is no ink
LEAST_SHARE = 0.6  # of a drawing's ink that digits have, if there are any
LEAST_TYPICAL = 0.4  # confidence, in the geometric mean over digits


def drawing_lines(grey: np.ndarray) -> list[Line[Part]]:
    """Return what may be digits in a drawing (h, w) uint8."""
    return find_lines(drawn_ink(grey))


def read_drawing(grey: np.ndarray, network=None) -> Reading:
    """Read a drawing on plain paper, (h, w) uint8.

    `network` is what `digitlib.load_network` returns; without it, it is the shipped one. The
    reading's confidence is the product of its digits'.

    Examples
    --------
    >>> from digitlib.files import SAMPLES
    >>> from digitlib.reading import open_picture
    >>> grey = open_picture(SAMPLES / "dark_on_light.png").colours[..., 0]
    >>> read_drawing(grey).text
    '7'
    """
    network = network or load_network(SHIPPED_MODEL)
    texts, digits, doubts, share = [], [], [NOTHING_FOUND], 0.0
    strong = max(1, _inked(drawn_ink(grey)))
    for line in drawing_lines(grey):
        parts = list(line.glyphs.values())
        if not parts:
            continue
        images = dict(zip(parts, [in_mnists_look(part.ink) for part in parts], strict=True))
        said = dict(zip(parts, _expected(network(np.stack(list(images.values())))), strict=True))
        kept = []
        for part, best, _ in best_readings(line, said, {})[0][1]:
            p = said[part]
            if best == 10:
                doubts.append(float(p[10]))
                continue
            kept.append(Digit(best, float(p[best]), p[:10], sides(part), images[part]))
            share += _inked(part.ink) / strong
        if kept:
            texts.append("".join(str(digit.digit) for digit in kept))
            digits += kept
    if not digits:
        return Reading("", float(np.prod(doubts)), [])
    right = [digit.confidence for digit in digits]
    if share < LEAST_SHARE or np.exp(np.mean(np.log(right))) < LEAST_TYPICAL:
        # Among much that is no digit, what looks like one is none either.
        return Reading("", 1 - float(np.prod(right)), [])
    return Reading("\n".join(texts), float(np.prod(right)), digits)


def sides(part: Part) -> tuple[int, int, int, int]:
    """Return a part's box as (left, top, right, bottom)."""
    rows, columns = part.box
    return columns.start, rows.start, columns.stop, rows.stop


def _inked(ink: np.ndarray) -> int:
    return int(np.count_nonzero(ink > 0.5))


def _expected(probs: np.ndarray) -> np.ndarray:
    """Return probabilities for what people draw, where no-digits are rarer than in training."""
    weighted = probs * np.where(np.arange(probs.shape[1]) == 10, NO_DIGIT_ODDS, 1)
    return weighted / weighted.sum(axis=1, keepdims=True)
