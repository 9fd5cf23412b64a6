"""How far a reading is to be believed: one logistic regression, fitted on made-up pages.

What it looks at is named in FEATURES; its weights stand in confidence.json and are made again by
`python benchmarks/confidence.py --write`.
"""

import functools
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.special import logit, softmax

FEATURES = (
    "nothing",  # 1 if no digit was found
    "blank",  # 1 if no piece of ink was found
    "all",  # log-odds of the product of the digits' probabilities
    "least",  # log-odds of the least probable digit
    "digits",  # how many, as a logarithm
    "cuts",  # digits that were cut out of a larger piece, as a share
    "cut",  # how many, as a logarithm: a chain of six is harder than a pair
    "ones",  # 1 if something was cut and all digits are ones, which strokes of letters resemble
    "refused",  # pieces that are no digit, as a logarithm
    "doubt",  # log-odds of the piece that is the most likely digit among those refused
    "left out",  # share of the ink that is in no digit
    "bars",  # share of digits that are ones which run off the edge of a photo
    "uneven",  # standard deviation of the logarithms of the digits' heights
    "contrast",  # how far ink is from paper in colour space, up to CLEAR: a shadow is nearer
)
OUTCOMES = ("as read", "no digit", "something else")
CLIP = 7.0  # log-odds beyond are alike: one in a thousand
# Contrast beyond is alike. From here to 350, of 442, a fifth of made-up pages hold no digit, beyond
# hardly any: that is an accident of theirs, and letters in black on white are no digits.
CLEAR = 200.0


def log_odds(probability: float) -> float:
    """Return log(p / (1 - p)), within CLIP of 0.

    >>> log_odds(0.5), log_odds(1.0)
    (0.0, 7.0)
    """
    return float(np.clip(logit(probability), -CLIP, CLIP))


@functools.cache
def weights() -> np.ndarray:
    """Return the weights (features and 1, outcomes) that ship with digitlib."""
    stored = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    assert tuple(stored["features"]) == FEATURES and tuple(stored["outcomes"]) == OUTCOMES
    return np.array(stored["weights"])


def beliefs(features: Sequence[float]) -> np.ndarray:
    """Return how probable each of OUTCOMES is, (3,), by the features of what was found."""
    scores = np.append(features, 1.0) @ weights()
    if features[0]:  # nothing was read, so that "as read" says "no digit"
        scores[0] = -np.inf
    return softmax(scores)
