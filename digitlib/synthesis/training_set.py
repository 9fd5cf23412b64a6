"""All that the reader's network learns from, made by code from MNIST's training images."""

import multiprocessing

import numpy as np

from digitlib.synthesis.digits import Pictures, draw_digit, look, redraw
from digitlib.synthesis.negatives import draw_negative, slices

CHUNK = 500  # images that one process makes at a time


def reader_images(images: np.ndarray, labels: np.ndarray, seed: int, copies: int) -> Pictures:
    """Return what the reader learns from: redrawn and drawn digits, and what is not a digit.

    Parameters
    ----------
    images, labels : (n, 28, 28) uint8 and (n,)
        MNIST's training images.
    seed : int
        The same seed gives the same images, on any number of cores.
    copies : int
        How often each image is redrawn. A fifth as many digits are drawn by code, a fourth as
        many pictures of no digit are added, labelled 10, and about a fifth as many slices of
        digits, some of them whole.

    Returns
    -------
    (m, 28, 28) uint8 and (m,) int
    """
    jobs = [
        (images[start : start + CHUNK], labels[start : start + CHUNK], [seed, copy, start])
        for copy in range(copies)
        for start in range(0, len(images), CHUNK)
    ]
    with multiprocessing.get_context("spawn").Pool() as pool:
        made = pool.map(_make, jobs, chunksize=1)
    return np.concatenate([m for m, _ in made]), np.concatenate([m for _, m in made])


def _make(job: tuple[np.ndarray, np.ndarray, list[int]]) -> Pictures:
    images, labels, seed = job
    rng = np.random.default_rng(seed)
    made = [look(redraw(image, label, rng)) for image, label in zip(images, labels, strict=True)]
    drawn = rng.integers(0, 10, len(images) // 5)
    made += [look(draw_digit(label, rng)) for label in drawn]
    negatives = [draw_negative(images, rng) for _ in range(len(images) // 4)]
    cut = [slices(images, labels, rng) for _ in range(len(images) // 12)]
    return (
        np.concatenate([np.stack(made + negatives), *(images for images, _ in cut)]),
        np.concatenate([labels, drawn, np.full(len(negatives), 10), *(names for _, names in cut)]),
    )
