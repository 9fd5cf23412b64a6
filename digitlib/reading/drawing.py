"""A drawing on plain paper, read with one look: what the page in the browser does, in Python.

`digitlib/app/drawing.js` does the same, and tests hold the two together. Digits that touch, lines
on the paper, photographs, and a second look at what is doubtful are left to `digitlib.read`.
"""

import numpy as np

from digitlib.files import SHIPPED_MODEL
from digitlib.models.loading import load_network
from digitlib.reading.confidence import beliefs
from digitlib.reading.glyphs import Line, Part, find_lines
from digitlib.reading.imaging import FEW_PIXELS, Glyph, in_mnists_look
from digitlib.reading.ink import drawn_ink
from digitlib.reading.recognizer import NO_DIGIT_ODDS, Reading, candidate, features


def drawing_lines(grey: np.ndarray) -> list[Line[Glyph]]:
    """Return what may be digits in a drawing (h, w) uint8, with no piece cut apart."""
    ink = drawn_ink(grey)
    longer, strong = max(ink.shape), max(1, _count(ink > 0.5))

    def glyph(part: Part) -> Glyph:
        rows, columns = part.box
        inked, half = _count(part.ink > 0.5), _count((part.ink > 0.2) & (part.ink < 0.7))
        return Glyph(
            image=in_mnists_look(part.ink),
            box=(columns.start, rows.start, columns.stop, rows.stop),
            share=inked / strong,
            faint=half / max(1, inked) if longer >= FEW_PIXELS else 0.0,
            size=(rows.stop - rows.start) / longer,
        )

    return [
        Line(
            line.count,
            {s: glyph(part) for s, part in line.glyphs.items() if s not in line.cuts},
            small=line.small,
        )
        for line in find_lines(ink)
    ]


def read_drawing(grey: np.ndarray, network=None) -> Reading:
    """Read a drawing on plain paper, (h, w) uint8.

    `network` is what `digitlib.load_network` returns; without it, it is the shipped one.

    Examples
    --------
    >>> from digitlib.files import SAMPLES
    >>> from digitlib.reading import open_picture
    >>> grey = open_picture(SAMPLES / "dark_on_light.png").colours[..., 0]
    >>> read_drawing(grey).text
    '7'
    """
    network = network or load_network(SHIPPED_MODEL)
    believed = []
    for line in drawing_lines(grey):
        images = [glyph.image for glyph in line.glyphs.values()]
        probs = _expected(network(np.stack(images))) if images else np.empty((0, 11))
        believed.append((line, dict(zip(line.glyphs, probs, strict=True))))
    found = candidate(believed)
    as_read, nothing, _ = beliefs(features(found))
    if nothing >= as_read:
        return Reading("", float(nothing), [])
    text = "\n".join("".join(str(digit.digit) for digit in line) for line in found.lines)
    return Reading(text, float(as_read), [digit for line in found.lines for digit in line])


def _count(mask: np.ndarray) -> int:
    return int(np.count_nonzero(mask))


def _expected(probs: np.ndarray) -> np.ndarray:
    """Return probabilities for what people draw, where no-digits are rarer than in training."""
    weighted = probs * np.where(np.arange(probs.shape[1]) == 10, NO_DIGIT_ODDS, 1)
    return weighted / weighted.sum(axis=1, keepdims=True)
