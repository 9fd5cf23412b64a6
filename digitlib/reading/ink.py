"""From a picture's colours to its ink, whatever the colours and the light.

An ink map is (height, width) float32: 0 where there is paper, 1 where there is ink. Before it is
known which ink is writing, the darkest may have more than 1.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from digitlib.reading.writing import writing

# Of full ink. A piece is what is connected above the lower one and has a pixel above the higher
# one (a hysteresis threshold): the soft edges of strokes belong to it, and a smudge is none.
INKED, SURELY = 0.3, 0.55
FAINTEST = 10.0  # least contrast of ink, of 255
TINY = 20  # pixels of the longer side: fewer have no room for shadows, and are enlarged
PLAIN = 12  # largest difference, of 255, along the edge of a picture that counts as one colour
CUT_OFF = 0.15  # share of the edge that strokes may cross on plain paper
BROAD = 0.4  # contact with the picture's edge, by extent: more than a stroke that runs into it
FILLED = 0.4  # share of its box that a shadow fills, and a digit does not
LEAST_REST = 0.1  # extent of what remains, by the picture's longer side
TWO_TONES = 0.92  # share of a picture's variance that paper and ink explain, if that is all
# Of the ink before lines were taken away. On 270 made-up pages writing had 0.98 and more, and the
# paper between lines 0.01.
LEAST_LEFT = 0.1
FRAME = 0.3  # share of one side of the picture that shows what is beside the paper
OVERVIEW = 200  # longer side, in pixels, of the small picture on which light and paper are judged
EXPLAINED = 0.98  # share of the best window's edges that a narrower window has to explain
WINDOWS = (0.16, 0.25, 0.4)  # candidates for what is wider than any stroke, of the longer side

Box = tuple[slice, slice]  # rows and columns of a map


def find_ink(colours: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the ink map of a picture (h, w, 3) uint8, lines and frames too, 0 and more.

    The other is its contrast: how far ink is from paper in colour space, 0 to 442.

    Ink is what differs from the paper around it, in one direction of colour space: dark on light
    or light on dark. What is wider than any stroke (shadows, folds, vignettes) is removed by a
    morphological opening, which unlike blurring leaves a hard shadow's edge where it is.
    """
    if max(colours.shape) < TINY:
        return _ink_on(np.median(_edge(colours), axis=0), colours)
    if (paper := plain_paper(colours)) is not None:
        return _ink_on(paper, colours)
    step = -(-max(colours.shape) // OVERVIEW)
    overview = np.asarray(Image.fromarray(colours).reduce(step), np.float32)
    nothing = np.zeros(colours.shape[:2], np.float32), 0.0
    if (direction := _direction(overview)) is None:
        return nothing
    if step == 1 and _is_inverted(overview @ direction):
        direction = -direction
    surface = _surface(overview @ direction)
    along = np.float32(colours) @ direction  # of two kinds of numbers, it is four times slower
    if step > 1:
        _smooth(along)
    along -= _stretched(surface, along.shape)
    sample = along[::step, ::step]
    middle = np.median(sample)
    level = _level(sample - middle)
    if level < FAINTEST:
        return nothing
    along = (along - middle) / level
    return _without_borders(np.maximum(along, 0)), level


def drawn_ink(grey: np.ndarray) -> tuple[np.ndarray, float]:
    """Return what `find_ink` does of a drawing (h, w) uint8 on paper of one grey, but 0..1."""
    difference = grey - np.median(_edge(grey))
    if np.abs(difference).max() < FAINTEST:
        return np.zeros(grey.shape, np.float32), 0.0
    if -difference.min() > difference.max():
        difference = -difference
    along = np.maximum(difference, 0)
    level = _level(along)
    return np.minimum(along / level, 1).astype(np.float32), 3**0.5 * level


def plain_paper(colours: np.ndarray) -> np.ndarray | None:
    """Return the colour (3,) of a picture's edge, if it is the same but for a stroke or two."""
    ring = _edge(colours).astype(np.float32)
    paper = np.median(ring, axis=0)
    off = (np.abs(ring - paper) > PLAIN / 2).any(axis=1)
    return None if off.mean() > CUT_OFF else paper


def _without_borders(ink: np.ndarray) -> np.ndarray:
    """Return the ink map without what lies broadly along the picture's edge.

    That is what a shadow leaves where it narrows towards the edge, and what is beside the paper.
    It stays if nothing of any size would remain, and so do strokes, which do not fill their box.
    """
    if not (_edge(ink) > INKED).any():
        return ink
    labels, count = labelled(ink > INKED)
    sides = np.array([[s.stop - s.start for s in b] for b in ndimage.find_objects(labels)])
    extents = sides.max(axis=1, initial=0)
    contact = np.bincount(_edge(labels), minlength=count + 1)[1:]
    filled = np.bincount(labels.ravel(), minlength=count + 1)[1:] > FILLED * sides.prod(axis=-1)
    broad = (contact > BROAD * extents) & filled
    if not broad.any() or max(extents[~broad], default=0) < LEAST_REST * max(ink.shape):
        return ink
    return np.where(np.concatenate([[False], broad])[labels], 0, ink)


def labelled(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Return `scipy.ndimage.label` of pieces that may touch by a corner; margins are free."""
    labels = np.zeros(mask.shape, np.int32)
    if (box := bounding_box(mask)) is None:
        return labels, 0
    labels[box], count = ndimage.label(mask[box], np.ones((3, 3)))
    return labels, count


def bounding_box(mask: np.ndarray) -> Box | None:
    """Return the smallest box that holds all that is true in a mask (h, w), if anything is."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _edge(colours: np.ndarray) -> np.ndarray:
    """Return the outermost pixels of a picture or map, (n, 3) or (n,)."""
    return np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])


def _ink_on(paper: np.ndarray, colours: np.ndarray) -> tuple[np.ndarray, float]:
    """Return what `find_ink` does where paper is of one colour, as drawing programs make it."""
    difference = colours - np.float32(paper)
    strength = _strength(difference)
    strongest = float(strength.max())
    if strongest < FAINTEST:
        return np.zeros(strength.shape, np.float32), 0.0
    direction = _common(difference[strength > 0.6 * strongest])
    along = np.maximum(difference @ direction, 0)
    level = max(_level(along), 1e-6)
    return along / level, level


def written(ink: np.ndarray, paper: np.ndarray | None = None) -> np.ndarray:
    """Return which ink is writing, 0..1; its level is taken anew where something else was."""
    if (left := writing(ink, paper)) is not ink:
        level = _level(left)
        left = left / level if level > LEAST_LEFT else np.zeros_like(left)
    return np.minimum(left, 1)


def _smooth(array: np.ndarray) -> None:
    """Smooth a map (h, w) in place by 1, 2, 1 each way: a Gaussian of 0.7 pixels, and cheaper."""
    for along in (array, array.T):
        along[1:-1] = (along[:-2] + 2 * along[1:-1] + along[2:]) / 4


def _stretched(array: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    if array.shape == shape:
        return array
    return np.asarray(Image.fromarray(array).resize(shape[::-1], Image.Resampling.BILINEAR))


def _direction(overview: np.ndarray) -> np.ndarray | None:
    """Return the unit vector (3,) in colour space that leads from paper to ink, if there is one.

    Paper is the colour that prevails within half of the longer side around each pixel.
    """
    step = -(-max(overview.shape) // 16)
    tiny = ndimage.uniform_filter(overview, (step, step, 0))[step // 2 :: step, step // 2 :: step]
    window = max(3, max(tiny.shape[:2]) // 2)
    around = ndimage.median_filter(tiny, (window, window, 1), mode="nearest")
    channels = [_stretched(around[..., i], overview.shape[:2]) for i in range(3)]
    difference = overview - np.stack(channels, axis=-1)
    strength = _strength(difference)
    if strength.max() < FAINTEST:
        return None
    return _common(difference[strength >= 0.6 * np.quantile(strength, 0.995)])


def _is_inverted(along: np.ndarray) -> bool:
    """Whether most of a small picture's edge is what counts as ink, and it has two tones.

    Then it is cut to strokes so broad that they, and not paper, prevail around them.
    """
    if along.max() <= along.min():
        return False
    _, middles, cut, explained = _otsu(along)
    return explained > TWO_TONES and np.mean(_edge(along) > middles[cut]) > 0.5


def _strength(differences: np.ndarray) -> np.ndarray:
    """Return how long colour differences (h, w, 3) are; `numpy.linalg.norm` is ten times slower."""
    return np.sqrt(np.square(differences) @ np.ones(3, np.float32))


def _common(differences: np.ndarray) -> np.ndarray:
    """Return the unit vector (3,) of what colour differences (n, 3), none of them 0, share.

    Where inks are opposite (black and white on grey), that of the strongest counts.
    """
    lengths = np.linalg.norm(differences, axis=1)
    mean = differences.mean(axis=0)
    if np.linalg.norm(mean) < 0.5 * lengths.mean():
        strongest = differences[np.argmax(lengths)]
        mean = differences[differences @ strongest > 0].mean(axis=0)
    return (mean / np.linalg.norm(mean)).astype(np.float32)


def _surface(along: np.ndarray) -> np.ndarray:
    """Return the paper under the ink: a map less all that is as narrow as a stroke.

    How wide strokes are is found by looking at edges. A window narrower than the strokes leaves
    little of them; one that is much wider lets shadows pass. So the narrowest counts that still
    explains most of the picture's edges, which are weighed by their contrast squared: ink's edges
    are sharper than a shadow's.
    """
    edges = ndimage.gaussian_gradient_magnitude(along, 1.0, truncate=2.0) ** 2
    side = max(along.shape)
    around = 2 * max(1, side // 60) + 1
    surfaces, explained = [], []
    for share in WINDOWS:
        window = max(5, round(share * side))
        surface = ndimage.grey_opening(along, (window, window), mode="reflect")
        # The overview has blurred the edges of hard shadows a little.
        surface = np.minimum(along, ndimage.maximum_filter(surface, 3))
        inked = along - surface
        mask = np.uint8(inked > 0.5 * _level(inked))
        outline = ndimage.maximum_filter(mask, around) != ndimage.minimum_filter(mask, around)
        surfaces.append(surface)
        explained.append(edges[outline].sum())
    best = max(explained)
    surface = next(s for s, e in zip(surfaces, explained, strict=True) if e >= EXPLAINED * best)
    if (frame := _frame(along - surface)) is not None:
        surface = np.where(frame, along, surface)
    return surface + _slow(along - surface)


def _slow(inked: np.ndarray) -> np.ndarray:
    """Return the slow changes of light that an opening leaves: the mean of the paper around."""
    paper = np.float32(ndimage.minimum_filter(inked < 0.5 * _level(inked), 5))
    reach = max(inked.shape) / 20
    weight = ndimage.gaussian_filter(paper, reach, truncate=2.0)
    return ndimage.gaussian_filter(inked * paper, reach, truncate=2.0) / np.maximum(weight, 0.01)


def _frame(inked: np.ndarray) -> np.ndarray | None:
    """Return where the picture's edge shows the table or a shadow beside the paper, if it does.

    That is ink in a corner which takes up much of one side, and is not all the ink there is.
    """
    labels, count = ndimage.label(inked > 0.4 * _level(inked))
    if count < 2:
        return None
    sides = labels[0], labels[-1], labels[:, 0], labels[:, -1]
    corners = {int(labels[row, column]) for row in (0, -1) for column in (0, -1)} - {0}
    frames = {i for i in corners if any((side == i).sum() > FRAME * len(side) for side in sides)}
    boxes = ndimage.find_objects(labels)
    rest = [rows.stop - rows.start for i, (rows, _) in enumerate(boxes, 1) if i not in frames]
    if not frames or max(rest, default=0) < 0.1 * max(inked.shape):
        return None
    return ndimage.maximum_filter(np.isin(labels, list(frames)), 5)


def _level(values: np.ndarray) -> float:
    """Return how far ink is from paper: the median of what Otsu's threshold calls ink."""
    if values.max() <= values.min():
        return 0.0
    counts, middles, cut, _ = _otsu(values)
    ink = np.cumsum(counts[cut:])
    return float(middles[cut + np.searchsorted(ink, ink[-1] / 2)])


def _otsu(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, int, float]:
    """Return a histogram's counts and middles, where it splits in two, and how well.

    The latter is the share of the variance that the two means explain.
    N. Otsu, IEEE Trans. Systems, Man, and Cybernetics 9 (1979), 62-66.
    """
    low, high = float(values.min()), float(values.max())
    bins = np.intp((values.ravel() - low) * (127.999 / (high - low)))
    counts = np.bincount(bins, minlength=128)
    middles = low + (np.arange(128) + 0.5) * ((high - low) / 128)
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    means = sums / np.maximum(below, 1), (sums[-1] - sums) / np.maximum(above, 1)
    between = below * above * (means[0] - means[1]) ** 2
    cut = int(np.argmax(between)) + 1
    return counts, middles, cut, float(between.max() / (below[-1] ** 2 * values.var()))
