"""Why no digit was found in a picture, and what to do, in a sentence or two."""

import numpy as np

from digitlib.reading.imaging import Prepared

# Height by the picture's longer side; of 169 made-up pages that were read right, none had digits
# smaller than 0.097.
SMALLEST = 0.08


def advice(prepared: Prepared) -> str:
    """Return what was seen in a picture without a digit, and what to do.

    Examples
    --------
    >>> from digitlib.files import SAMPLES
    >>> from digitlib.reading import prepare
    >>> advice(prepare(SAMPLES / "blank_paper.jpg"))
    'Nothing stands out from the paper: take a darker pen, or more light.'
    """
    pieces = [glyph for line in prepared.lines for glyph in line.pieces]
    if not pieces and prepared.ink.any():
        return "There are too many small things for writing: take plain paper."
    if not pieces and prepared.rest.any():
        return "There are only lines, or what lies around the paper: is anything written on them?"
    if not pieces:
        return "Nothing stands out from the paper: take a darker pen, or more light."
    if any(glyph.runs_off for glyph in pieces):
        return (
            "Something dark reaches the edge of the picture: leave it out, and leave some empty "
            "paper around the digits."
        )
    if np.median([glyph.size for glyph in pieces]) < SMALLEST:
        return "What is there is small: come closer, or cut the picture to the digits."
    return (
        "What is there resembles no digit: leave gaps between digits, and put nothing else into "
        "the picture."
    )
