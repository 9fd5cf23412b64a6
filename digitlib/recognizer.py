"""Picture in, reading out: `Recognizer().read("photo.jpg").text`. Needs no TensorFlow."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digitlib.imaging import Glyph, Prepared, prepare
from digitlib.loading import load_network
from digitlib.pictures import PictureError

PRETRAINED = Path(__file__).parent / "pretrained"
SAMPLES = Path(__file__).parent / "samples"
SHIPPED_MODEL = PRETRAINED / "reader.tflite"
NOTHING_FOUND = 0.99  # confidence that there is no digit where there is no ink
BATCH = 64


@dataclass(frozen=True)
class Digit:
    """One digit that was read.

    `probabilities` is (10,), `confidence` the largest of them; `box` is (left, top, right,
    bottom), half-open, in pixels of the upright picture; `image` is the (28, 28) uint8 that the
    network saw.
    """

    digit: int
    confidence: float
    probabilities: np.ndarray
    box: tuple[int, int, int, int]
    image: np.ndarray


@dataclass(frozen=True)
class Reading:
    r"""What a picture says: its lines joined by "\n", or "" where there is no digit.

    `confidence` is the probability that `text` is right: the product over its digits, or, where
    there is none, the probability that there is none.
    """

    text: str
    confidence: float
    digits: list[Digit]


class Recognizer:
    """Reads digits in pictures.

    Parameters
    ----------
    model : str or Path, optional
        A saved network (`digitlib.loading.load_network`); the shipped one unless given.
    """

    def __init__(self, model: str | Path | None = None):
        self._network = load_network(model or SHIPPED_MODEL)

    def read(self, picture) -> Reading:
        """Read a picture: a path, bytes, a Pillow image or an array.

        Raises
        ------
        digitlib.pictures.PictureError
            If it cannot be read as a picture.
        """
        return self.read_prepared(prepare(picture))

    def read_prepared(self, prepared: Prepared) -> Reading:
        """Read a picture that `digitlib.imaging.prepare` has prepared."""
        return self._read_lines([prepared.lines])[0]

    def read_many(self, paths: Iterable) -> Iterator[tuple[object, Reading | PictureError]]:
        """Yield each path, in order, with its reading or the error that stands in its place."""
        batch: list[tuple] = []
        for path in paths:
            try:
                batch.append((path, prepare(path).lines))
            except PictureError as error:
                batch.append((path, error))
            if len(batch) == BATCH:
                yield from self._read_batch(batch)
                batch = []
        yield from self._read_batch(batch)

    def _read_batch(self, batch: list[tuple]) -> Iterator[tuple]:
        readable = [lines for _, lines in batch if not isinstance(lines, PictureError)]
        readings = iter(self._read_lines(readable))
        for path, lines in batch:
            yield path, (lines if isinstance(lines, PictureError) else next(readings))

    def _read_lines(self, pictures: list[list[list[Glyph]]]) -> list[Reading]:
        """Return the reading of each picture, with one call of the network for them all."""
        glyphs = [glyph for lines in pictures for line in lines for glyph in line]
        if not glyphs:
            return [Reading("", NOTHING_FOUND, []) for _ in pictures]
        probs = iter(self._network(np.stack([glyph.image for glyph in glyphs])))
        return [
            _reading([[(glyph, next(probs)) for glyph in line] for line in lines])
            for lines in pictures
        ]


def _reading(lines: list[list[tuple[Glyph, np.ndarray]]]) -> Reading:
    texts, digits, doubts = [], [], [NOTHING_FOUND]
    for line in lines:
        kept = []
        for glyph, probs in line:
            best = int(probs.argmax())
            if best == 10:
                doubts.append(float(probs[10]))
            else:
                kept.append(Digit(best, float(probs[best]), probs[:10], glyph.box, glyph.image))
        if kept:
            texts.append("".join(str(digit.digit) for digit in kept))
            digits += kept
    right = [digit.confidence for digit in digits] or doubts
    return Reading("\n".join(texts), float(np.prod(right)), digits)
