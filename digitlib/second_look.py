"""A second look at what the network doubts: the same image, turned and stretched a little.

Averaging over small alterations is an old way to steady a classifier: D. Ciresan, U. Meier and
J. Schmidhuber (CVPR 2012) do it with whole networks. Here only doubtful images pay for it.
"""

import numpy as np
from scipy import ndimage

DOUBT = 0.95  # less than this is looked at again
FIRST_LOOK = 2  # how much the image itself counts among the altered ones
# Rows of 2 x 2 matrices: slanted, turned, narrower, wider, shorter, taller, smaller.
ALTERATIONS = (
    ((1, 0.12), (0, 1)),
    ((1, -0.12), (0, 1)),
    ((1, 0), (0.12, 1)),
    ((1, 0), (-0.12, 1)),
    ((1.1, 0), (0, 1)),
    ((0.92, 0), (0, 1)),
    ((1, 0), (0, 1.1)),
    ((1.05, 0), (0, 1.05)),
)


def look_twice(network, images: np.ndarray) -> np.ndarray:
    """Return a network's probabilities, (n, 10 or 11), for (n, 28, 28) uint8 images.

    Where the largest is below DOUBT, the mean over ALTERATIONS of the image takes their place.
    """
    probs = network(images)
    doubtful = np.flatnonzero(probs.max(axis=1) < DOUBT)
    if len(doubtful) == 0:
        return probs
    total = FIRST_LOOK * probs[doubtful]
    for matrix in ALTERATIONS:
        altered = np.stack([_about_the_middle(image, matrix) for image in images[doubtful]])
        total = total + network(altered)
    probs = probs.copy()
    probs[doubtful] = total / (FIRST_LOOK + len(ALTERATIONS))
    return probs


def _about_the_middle(image: np.ndarray, matrix) -> np.ndarray:
    middle = (np.array(image.shape) - 1) / 2
    return ndimage.affine_transform(image, matrix, middle - np.dot(matrix, middle), order=1)
