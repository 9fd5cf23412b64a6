"""A drawing on plain paper, read with one look: what the page in the browser does, in Python.

`digitlib/app/drawing.js` does the same, and tests hold the two together. Digits that touch, lines
on the paper, photographs, and a second look at what is doubtful are left to `digitlib.read`.
"""

import numpy as np

from digitlib.reading.glyphs import Line, Part, find_lines
from digitlib.reading.imaging import Glyph, in_mnists_look
from digitlib.reading.ink import drawn_ink
from digitlib.reading.recognizer import Reading, Recognizer


def drawing_lines(grey: np.ndarray) -> list[Line[Glyph]]:
    """Return what may be digits in a drawing (h, w) uint8, with no piece cut apart."""
    ink = drawn_ink(grey)
    strong = max(1, int(np.count_nonzero(ink > 0.5)))

    def glyph(part: Part) -> Glyph:
        rows, columns = part.box
        return Glyph(
            in_mnists_look(part.ink),
            (columns.start, rows.start, columns.stop, rows.stop),
            np.count_nonzero(part.ink > 0.5) / strong,
        )

    return [
        Line(
            line.count,
            {span: glyph(part) for span, part in line.glyphs.items() if span not in line.cuts},
            small=line.small,
        )
        for line in find_lines(ink)
    ]


def read_drawing(grey: np.ndarray, recognizer: Recognizer | None = None) -> Reading:
    """Read a drawing on plain paper, (h, w) uint8, with the shipped network or with another.

    Examples
    --------
    >>> from digitlib.files import SAMPLES
    >>> from digitlib.reading import open_picture
    >>> grey = open_picture(SAMPLES / "dark_on_light.png").colours[..., 0]
    >>> read_drawing(grey).text
    '7'
    """
    recognizer = recognizer or Recognizer()
    return recognizer.read_lines([drawing_lines(grey)], second_look=False)[0]
