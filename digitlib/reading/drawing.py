"""A drawing on plain paper, read with one look: what the page in the browser does, in Python.

`digitlib/app/drawing.js` does the same, and tests hold the two together. Digits that touch, lines
on the paper, photographs, and a second look at what is doubtful are left to `digitlib.read`.
Strokes in dots, as no pen on a screen leaves them, are joined here alone.
"""

import numpy as np

from digitlib.files import SHIPPED_MODEL
from digitlib.models.loading import Network, load_network
from digitlib.reading.glyphs import Line, find_lines
from digitlib.reading.imaging import Glyph, Sheet, as_glyphs
from digitlib.reading.ink import drawn_ink
from digitlib.reading.recognizer import Reading, candidate, expected, reading_of


def drawing_lines(grey: np.ndarray) -> list[Line[Glyph]]:
    """Return what may be digits in a drawing (h, w) uint8."""
    ink, contrast = drawn_ink(grey)
    inked = max(1, int(np.count_nonzero(ink > 0.5)))
    sheet = Sheet(ink.shape[::-1], ink.shape, 0, (1.0, 1.0), inked, contrast, photo=False)
    return [as_glyphs(line, sheet) for line in find_lines(ink)]


def read_drawing(grey: np.ndarray, network: Network | None = None) -> Reading:
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
    lines = drawing_lines(grey)
    glyphs = [glyph for line in lines for glyph in line.glyphs.values()]
    if not glyphs:
        return reading_of(candidate([], {}, {}))
    said = expected(network(np.stack([glyph.image for glyph in glyphs])))
    return reading_of(candidate(lines, dict(zip(glyphs, said, strict=True)), {}))
