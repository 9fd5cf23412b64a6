"""From a picture's colours to its ink, whatever the colours and the light.

An ink map is (height, width) float32: 0 where there is paper, 1 where there is ink.
"""

import numpy as np
from scipy import ndimage

FAINTEST = 10.0  # least contrast of ink, of 255


def find_ink(colours: np.ndarray) -> np.ndarray:
    """Return the ink map of a picture (h, w, 3) uint8; all zeros where there is no ink.

    Ink is what differs from the paper around it, in one direction of colour space: dark on light
    or light on dark. The paper's colour is first taken from the border. What is wider than any
    stroke (shadows, folds, vignettes) is then removed by a morphological opening, which unlike a
    blurred background keeps a hard shadow's edge where it is.
    """
    smooth = ndimage.gaussian_filter(colours.astype(np.float32), (0.7, 0.7, 0))
    difference = smooth - _local_paper(smooth)
    strength = np.linalg.norm(difference, axis=2)
    if strength.max() < FAINTEST:
        return np.zeros(strength.shape, np.float32)
    strong = strength > 0.6 * np.percentile(strength, 99.5)
    direction = difference[strong].mean(axis=0)
    along = smooth @ (direction / max(np.linalg.norm(direction), 1e-6))
    along = _without_shadows(along)
    noise = 1.4826 * np.median(np.abs(along - np.median(along)))
    level = _level(along)
    if level < max(FAINTEST, 5 * noise):
        return np.zeros(strength.shape, np.float32)
    return np.clip(along / level, 0, 1).astype(np.float32)


def _local_paper(colours: np.ndarray) -> np.ndarray:
    """Return the colour that prevails around each pixel, within half of the longer side."""
    height, width = colours.shape[:2]
    step = max(1, max(height, width) // 32)
    small = ndimage.uniform_filter(colours, (step, step, 0))[step // 2 :: step, step // 2 :: step]
    window = max(3, max(small.shape) // 2)
    paper = ndimage.median_filter(small, (window, window, 1), mode="nearest")
    zoom = height / small.shape[0], width / small.shape[1], 1
    return ndimage.zoom(paper, zoom, order=1, mode="nearest", grid_mode=True)


def _without_shadows(along: np.ndarray) -> np.ndarray:
    """Return a map less all that is wider than a stroke, the width found by looking at edges.

    A window narrower than the strokes leaves little of them; one that is much wider lets shadows
    pass. So the narrowest of three counts that still explains most of the picture's edges, which
    are weighed by their contrast squared: ink's edges are sharper than a shadow's.
    """
    edges = ndimage.gaussian_gradient_magnitude(along, 1.0) ** 2
    candidates, explained = [], []
    for share in (0.12, 0.2, 0.4):
        inked = along - _opened(along, share)
        inked -= np.median(inked)
        mask = inked > 0.5 * _level(inked)
        outline = ndimage.binary_dilation(mask, iterations=2) & ~ndimage.binary_erosion(
            mask, iterations=2
        )
        candidates.append(inked)
        explained.append(edges[outline].sum())
    best = max(explained)
    return next(c for c, e in zip(candidates, explained, strict=True) if e >= 0.9 * best)


def _opened(along: np.ndarray, share: float) -> np.ndarray:
    """Return what a map keeps where all narrower than a share of its longer side is removed."""
    step = max(1, max(along.shape) // 200)
    small = ndimage.uniform_filter(along, step)[::step, ::step]
    window = max(3, int(share * max(small.shape)))
    opened = ndimage.grey_opening(small, (window, window), mode="nearest")
    opened = ndimage.maximum_filter(opened, 3)  # making it small has blurred hard shadows' edges
    zoom = along.shape[0] / opened.shape[0], along.shape[1] / opened.shape[1]
    return ndimage.zoom(opened, zoom, order=1, mode="nearest", grid_mode=True)


def _level(along: np.ndarray) -> float:
    """Return how far ink is from paper: the median of what Otsu's threshold calls ink.

    N. Otsu, IEEE Trans. Systems, Man, and Cybernetics 9 (1979), 62-66.
    """
    counts, edges = np.histogram(along, 128)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    between[~np.isfinite(between)] = 0
    threshold = edges[1 + np.argmax(between)]
    return float(np.median(along[along > threshold]))
