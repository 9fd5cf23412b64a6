"""How good is a network: scores with their uncertainty, and how sure it may be of them."""

from collections.abc import Callable, Iterable

import numpy as np


def right(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return which images are read right, (n,) bool: what cards and `digitlib evaluate` count.

    Labels are (n,), probabilities (n, 10) or (n, 11). The eleventh, where a network has it, says
    that the image is no digit. Every image here is one, so it does not count.

    >>> right(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1])).tolist()
    [True, False]
    """
    return probabilities[:, :10].argmax(axis=1) == labels


def score(
    network: Callable[[np.ndarray], np.ndarray], images: np.ndarray, labels: np.ndarray
) -> dict:
    """Return how good a network is; keys as `rate` has them.

    A network is a function such as `digitlib.load_network` returns, from images (n, 28, 28) uint8
    to probabilities (n, 10 or 11); labels are (n,).
    """
    return rate(int(right(network(images), labels).sum()), len(labels))


def rate(correct: int, total: int) -> dict:
    """Return a share as accuracy, correct, images and its 95 % interval (Wilson's).

    Raises a ValueError as `wilson_interval` does, such as where there are no images.
    """
    interval = wilson_interval(correct, total)
    return {"accuracy": correct / total, "correct": correct, "images": total, "interval": interval}


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """Return the interval that holds a true rate with 95 % confidence.

    Unlike the textbook's mean plus or minus two standard errors, it stays within 0..1 and is
    right near them, where accuracies are. E. B. Wilson, JASA 22 (1927), 209-212.

    Raises
    ------
    ValueError
        If `total` is not positive or `correct` is not within 0..total.

    Examples
    --------
    >>> "{:.3f} to {:.3f}".format(*wilson_interval(95, 100))
    '0.888 to 0.978'
    """
    from scipy.stats import binomtest

    if total <= 0 or not 0 <= correct <= total:
        said = f"{correct} correct of {total} is not a rate: expected 0 <= correct <= total."
        raise ValueError(said)
    interval = binomtest(int(correct), int(total)).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def with_temperature(probs: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities (n, k) made less sure (temperature above 1) or surer (below 1).

    The most probable class stays the same. C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, ICML 2017.

    >>> with_temperature(np.array([[0.9, 0.1]]), 2).round(2).tolist()
    [[0.75, 0.25]]
    """
    from scipy.special import softmax

    return softmax(np.log(np.clip(probs, 1e-12, 1)) / temperature, axis=1)


def log_loss(labels: np.ndarray, probs: np.ndarray) -> float:
    """Return the mean negative log-likelihood of the labels, the loss of training (cross-entropy).

    >>> round(log_loss(np.array([0]), np.array([[0.5, 0.5]])), 3)
    0.693
    """
    return float(-np.mean(np.log(np.clip(probs[np.arange(len(labels)), labels], 1e-12, 1))))


def fit_temperature(labels: np.ndarray, probs: np.ndarray) -> float:
    """Return the temperature, 0.25..4, with the least log loss on labels (n,) and (n, k).

    >>> bool(fit_temperature(np.array([0, 1]), np.array([[0.99, 0.01], [0.99, 0.01]])) > 1)
    True
    """
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log_t: log_loss(labels, with_temperature(probs, np.exp(log_t))),
        bounds=(np.log(0.25), np.log(4)),
        method="bounded",
    )
    return float(np.exp(found.x))


def in_one_line(text: str) -> str:
    return "".join(text.split())


def score_readings(results: Iterable, texts: Iterable[str]) -> dict:
    """Return how many pictures are read right, by the digits they show; keys as `rate` has them.

    `results` are such as `Recognizer.read_many` yields: those without a reading are wrong. Line
    breaks and spaces do not count.
    """
    correct = [
        result.reading is not None and in_one_line(result.reading.text) == in_one_line(text)
        for result, text in zip(results, texts, strict=True)
    ]
    return rate(sum(correct), len(correct))
