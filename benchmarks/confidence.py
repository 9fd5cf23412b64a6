"""Fit how far a reading is to be believed: `python benchmarks/confidence.py [--write]`.

Pages made up by `digitlib.synthesis.pages` from MNIST's training images are read, and the weights
of `digitlib.reading.confidence` fitted to what came of it. Prints how well they do on other pages
of the same making. With --write, the weights replace those that ship.
"""

import argparse
import json
import multiprocessing
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from digitlib.datasets import load_digits
from digitlib.reading import confidence
from digitlib.reading.imaging import prepare
from digitlib.reading.recognizer import candidate, features, shared
from digitlib.synthesis.pages import draw_page

PAGES, CHUNK, SEED = 9_600, 100, 7
PENALTY = 1e-4  # on the squares of the weights: with so many pages, hardly needed


def read_pages(seed: int) -> list[tuple[list[float], int]]:
    """Return features and outcome, one of three, of CHUNK pages."""
    mnist, rng, found = load_digits("mnist"), np.random.default_rng([SEED, seed]), []
    for _ in range(CHUNK):
        colours, text = draw_page(mnist.train_images, mnist.train_labels, rng)
        lines = prepare(colours).lines
        best = candidate(lines, *shared().believe(lines))
        said = "".join(str(digit.digit) for line in best.lines for digit in line)
        found.append((features(best), 1 if not text else 0 if said == text else 2))
    return found


def chances(weights: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Return how probable each outcome is, (n, 3), as `confidence.beliefs` has it."""
    scores = inputs @ weights
    scores[inputs[:, 0] > 0, 0] = -np.inf
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return scores / scores.sum(axis=1, keepdims=True)


def fit(inputs: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Return the weights (features and 1, outcomes) that make the outcomes most probable."""
    shape = inputs.shape[1], len(confidence.OUTCOMES)
    scale = inputs.std(axis=0) + 1e-9
    scale[-1] = 1
    actual = np.eye(shape[1])[outcomes]
    scaled = inputs / scale

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        p = chances(weights, scaled)
        slope = scaled.T @ (p - actual) / len(p) + 2 * PENALTY * weights
        surprise = -np.log(np.maximum((p * actual).sum(axis=1), 1e-12)).mean()
        return surprise + PENALTY * (weights**2).sum(), slope.ravel()

    start = np.zeros(shape[0] * shape[1])
    return minimize(loss, start, jac=True, method="L-BFGS-B").x.reshape(shape) / scale[:, None]


def calibration_error(right: np.ndarray, sure: np.ndarray, bins: int = 10) -> float:
    """Return the mean gap between confidence and rate, over bins of equal count."""
    parts = np.array_split(np.argsort(sure, kind="stable"), bins)
    return sum(abs(right[i].mean() - sure[i].mean()) * len(i) for i in parts) / len(sure)


def main() -> None:
    """Fit, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="replace the weights that ship")
    parser.add_argument("--pages", type=int, default=PAGES)
    options = parser.parse_args()
    with multiprocessing.get_context("spawn").Pool() as pool:
        read = pool.map(read_pages, range(options.pages // CHUNK), chunksize=1)
    pages = [page for chunk in read for page in chunk]
    inputs = np.array([[*features, 1.0] for features, _ in pages])
    outcomes = np.array([outcome for _, outcome in pages])
    cut = len(pages) * 3 // 4
    weights = fit(inputs[:cut], outcomes[:cut])
    p, actual = chances(weights, inputs[cut:]), outcomes[cut:]
    answer = p[:, :2].argmax(axis=1)
    right, sure = answer == actual, p[np.arange(len(p)), answer]
    certain = sure >= 0.9
    print(
        f"{len(right)} pages not fitted on: {right.mean():.1%} right; right and at least 90 % sure "
        f"{(right & certain).mean():.1%}, wrong and as sure {(~right & certain).mean():.1%}; "
        f"calibration error {calibration_error(right, sure):.3f}"
    )
    for name, row in zip([*confidence.FEATURES, "1"], weights, strict=True):
        print(f"{name:<10}", *(f"{weight:8.3f}" for weight in row))
    if options.write:
        stored = {
            "made by": "python benchmarks/confidence.py --write",
            "features": confidence.FEATURES,
            "outcomes": confidence.OUTCOMES,
            "weights": fit(inputs, outcomes).round(4).tolist(),
        }
        path = Path(confidence.__file__).with_suffix(".json")
        path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
