"""From any picture to 28 x 28 images in MNIST's look: ink, glyphs, and each glyph made regular.

Knows pictures and shapes, and no network. For ink maps see `digitlib.reading.ink`.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from digitlib.reading.glyphs import Line, Part, cut_apart, find_lines
from digitlib.reading.ink import INKED, TINY, Box, bounding_box, find_ink, plain_paper, written
from digitlib.reading.paper import SMALL, without_table
from digitlib.reading.pictures import Picture, PictureLike, open_picture

SIDE, BOX = 28, 20  # MNIST: digits fill a box of 20, and lie in 28 by their centre of mass
CANVAS = 60  # glyphs are made regular at three times the box, where a stroke is eight pixels wide
THINNEST, WIDEST = 6.0, 13.5  # strokes on that canvas; MNIST's own are mostly within


@dataclass(frozen=True, eq=False)
class Sheet:
    """What a glyph needs to know of the picture that it comes from.

    `size` is (width, height) of the upright picture, `shape` that of its ink map, `margin` how
    much the map is wider on each side than the picture, and `scale` the size of the map's pixels,
    (across, down); `inked` is how many of them are, and `contrast` how far ink is from paper in
    colour space; `photo` says that the picture is no drawing on plain paper.
    """

    size: tuple[int, int]
    shape: tuple[int, int]
    margin: int
    scale: tuple[float, float]
    inked: int
    contrast: float
    photo: bool


@dataclass(frozen=True, eq=False)
class Glyph:
    """One thing that may be a digit: its ink, and the sheet it is on."""

    part: Part
    sheet: Sheet

    @functools.cached_property
    def image(self) -> np.ndarray:
        """(28, 28) uint8, white on black as in MNIST."""
        return in_mnists_look(self.part.ink)

    @functools.cached_property
    def slices(self) -> "Line[Glyph] | None":
        """The line of slices that it can be cut into, if it may be digits that touch."""
        line = cut_apart(self.part)
        return as_glyphs(line, self.sheet) if line else None

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(left, top, right, bottom), half-open, in pixels of the upright picture."""
        return _scaled_box(self.part.box, self.sheet)

    @property
    def share(self) -> float:
        """How much of the picture's ink it has."""
        return np.count_nonzero(self.part.ink > 0.5) / self.sheet.inked

    @property
    def runs_off(self) -> bool:
        """Whether it reaches the edge of a photo."""
        sides = zip(self.part.box, self.sheet.shape, strict=True)
        return self.sheet.photo and any(s.start <= 1 or s.stop >= n - 1 for s, n in sides)

    @property
    def size(self) -> float:
        """Its height by the picture's longer side."""
        return (self.part.box[0].stop - self.part.box[0].start) / max(self.sheet.shape)


def as_glyphs(line: Line[Part], sheet: Sheet) -> Line[Glyph]:
    """Return a line's parts as glyphs on a sheet."""
    glyphs = {span: Glyph(part, sheet) for span, part in line.glyphs.items()}
    return Line(line.count, glyphs, line.small, line.slices)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture, the ink map of its writing, and the lines of what may be digits in it.

    `ink` is (h, w), 0..1, of the picture as it is worked on, at most 1000 pixels a side; `found`
    is the map of all its ink, (h, w), 0 and more.
    """

    picture: Picture
    ink: np.ndarray
    lines: list[Line[Glyph]]
    found: np.ndarray

    @property
    def rest(self) -> np.ndarray:
        """(h, w), 0..1: the ink that was not taken for writing, such as lines and frames."""
        return np.where(self.ink > 0, 0, np.minimum(self.found, 1))


def prepare(picture: PictureLike | Picture) -> Prepared:
    """Find the ink of a picture and what may be digits in it.

    See `digitlib.reading.open_picture` for what may be given, and what is raised.

    Examples
    --------
    >>> from digitlib.files import SAMPLES
    >>> prepared = prepare(SAMPLES / "several_digits.jpg")
    >>> [line.count for line in prepared.lines]  # pieces of ink
    [5]
    """
    opened = picture if isinstance(picture, Picture) else open_picture(picture)
    colours, paper = without_table(opened.colours)
    as_large, contrast = find_ink(colours)
    found, margin = _large_enough(as_large)
    ink = written(found, paper)
    height, width = (n - 2 * margin for n in ink.shape)
    sheet = Sheet(
        opened.size,
        ink.shape,
        margin,
        (opened.size[0] / width, opened.size[1] / height),
        max(1, int(np.count_nonzero(ink > 0.5))),
        contrast,
        max(ink.shape) >= SMALL and plain_paper(opened.colours) is None,
    )
    shown = slice(margin, margin + height), slice(margin, margin + width)
    lines = [as_glyphs(line, sheet) for line in find_lines(ink)]
    return Prepared(opened, ink[shown], lines, found[shown])


def _large_enough(ink: np.ndarray) -> tuple[np.ndarray, int]:
    """Enlarge an ink map of so few pixels that a stroke is hardly one of them.

    Returns it with a margin, and the margin's width: ink at the edge keeps its round shape.
    """
    factor = -(-TINY // max(ink.shape))
    if factor == 1:
        return ink, 0
    return np.clip(
        _resized(np.pad(np.minimum(ink, 1), 1), factor * (max(ink.shape) + 2)), 0, 1
    ), factor


def _scaled_box(box: Box, sheet: Sheet) -> tuple[int, int, int, int]:
    sides = list(zip(reversed(box), sheet.scale, sheet.size, strict=True))
    left, top = (max(0, int((s.start - sheet.margin) * n)) for s, n, _ in sides)
    right, bottom = (min(math.ceil((s.stop - sheet.margin) * n), most) for s, n, most in sides)
    return left, top, right, bottom


def in_mnists_look(ink: np.ndarray) -> np.ndarray:
    """Return a glyph's ink map as a (28, 28) uint8 image that MNIST might hold.

    The longer side becomes 20 pixels, strokes much thinner or wider than MNIST's are brought to
    its width, and the centre of mass comes to the middle, as Y. LeCun, L. Bottou, Y. Bengio and
    P. Haffner describe it (Proc. IEEE 86 (1998), section III.A), but for the strokes.
    """
    regular = with_stroke_width(_on_canvas(ink), THINNEST, WIDEST)
    box = bounding_box(regular > INKED)
    return _centred(_resized(regular if box is None else regular[box], BOX))


def _on_canvas(ink: np.ndarray) -> np.ndarray:
    """Return the ink with its longer side CANVAS pixels and an empty margin around it."""
    while max(ink.shape) >= 2 * CANVAS:  # the largest of four, so that thin strokes stay whole
        even = np.pad(ink, [(0, n % 2) for n in ink.shape])
        ink = np.maximum.reduce([even[i::2, j::2] for i in (0, 1) for j in (0, 1)])
    return np.pad(_resized(np.pad(ink, 1), CANVAS), 6)


def _resized(ink: np.ndarray, longer: int) -> np.ndarray:
    scale = longer / max(ink.shape)
    height, width = (max(1, round(n * scale)) for n in ink.shape)
    method = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(np.float32(ink)).resize((width, height), method))


def with_stroke_width(ink: np.ndarray, thinnest: float, widest: float) -> np.ndarray:
    """Return a glyph's ink map with its strokes brought between two widths, in its pixels.

    The width is twice the median distance from the middle of the strokes to their edge.
    """
    inside = ndimage.distance_transform_edt(ink > 0.5)
    ridge = (inside > 0) & (inside >= ndimage.maximum_filter(inside, 3))
    if not ridge.any():
        return ink
    width = 2 * float(np.median(inside[ridge])) - 0.5
    if width < thinnest:
        outside = ndimage.distance_transform_edt(ink <= 0.5)
        signed = (thinnest - width) / 2 + np.where(inside > 0, inside - 0.5, 0.5 - outside)
    elif width > widest:
        # Measured from each stroke's own middle, so that its thin parts do not vanish.
        middle = ndimage.maximum_filter(inside, int(width))
        signed = inside - np.maximum(middle - widest / 2, 0.5)
    else:
        return np.clip(ink, 0, 1)
    return np.clip(signed + 0.5, 0, 1).astype(np.float32)


def _centred(small: np.ndarray) -> np.ndarray:
    """Lay up to 20 x 20 ink into 28 x 28, its centre of mass as near the middle as it fits."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    weight = max(float(small.sum()), 1e-6)
    starts = []
    for axis, length in enumerate(small.shape):
        mean = float((small.sum(1 - axis) * np.arange(length)).sum()) / weight
        starts.append(min(max(round(SIDE / 2 - mean), 0), SIDE - length))
    (top, left), (height, width) = starts, small.shape
    image[top : top + height, left : left + width] = np.uint8(np.clip(small, 0, 1) * 255)
    return image
