"""How good is a network: scores with their uncertainty, and where it goes wrong.

Works on labels and probabilities as plain arrays.
"""

import numpy as np


def right(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return which images are read right, (n,) bool: the one definition that every score uses.

    Parameters
    ----------
    probabilities : (n, 10) or (n, 11)
        The eleventh, where a network has it, says that the image is no digit. Every image here is
        one, so it does not count.
    labels : (n,)

    Examples
    --------
    >>> right(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1])).tolist()
    [True, False]
    """
    return probabilities[:, :10].argmax(axis=1) == labels


def score(network, images: np.ndarray, labels: np.ndarray) -> dict:
    """Return how good a network is; keys as `rate` has them.

    Parameters
    ----------
    network : callable
        From images to probabilities (n, 10 or 11), such as `digitlib.load_network` returns.
    images : (n, 28, 28) uint8
    labels : (n,)
    """
    return rate(int(right(network(images), labels).sum()), len(labels))


def rate(correct: int, total: int) -> dict:
    """Return a share as accuracy, correct, images and its 95 % interval (Wilson's)."""
    return {
        "accuracy": correct / total,
        "correct": correct,
        "images": total,
        "interval": wilson_interval(correct, total),
    }


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
        raise ValueError(
            f"{correct} correct of {total} is no rate: expected 0 <= correct <= total."
        )
    interval = binomtest(int(correct), int(total)).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def mcnemar(right: np.ndarray, other_right: np.ndarray) -> tuple[int, int, float]:
    """Compare two models on the same images.

    Images that both read right or both read wrong say nothing about which is better; of the
    others, each model should win about half, if they are equally good. Q. McNemar, Psychometrika
    12 (1947), 153-157; exact, by the binomial distribution.

    Parameters
    ----------
    right, other_right : (n,) bool
        Which images each model reads right.

    Returns
    -------
    only_first, only_second : int
        Images that one model alone reads right.
    p : float
        How probable so uneven a split, or a more uneven one, would be by chance.
    """
    from scipy.stats import binomtest

    only_first = int(np.sum(right & ~other_right))
    only_second = int(np.sum(~right & other_right))
    if only_first + only_second == 0:
        return 0, 0, 1.0
    p = binomtest(only_first, only_first + only_second, 0.5).pvalue
    return only_first, only_second, float(p)


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return the (10, 10) counts: row, what the digit is; column, what it was read as."""
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (np.asarray(labels, int), np.asarray(predicted, int)), 1)
    return confusion


def precision_recall(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each class's precision and recall, (10,) each; 0 where a class never occurs."""
    right = np.diag(confusion)
    read_as, present = confusion.sum(axis=0), confusion.sum(axis=1)
    return right / np.maximum(read_as, 1), right / np.maximum(present, 1)


def most_confused(confusion: np.ndarray, count: int) -> list[tuple[int, int, int]]:
    """Return the `count` largest off-diagonal entries as (label, read as, how often)."""
    errors = confusion.copy()
    np.fill_diagonal(errors, 0)
    order = np.argsort(-errors, axis=None, kind="stable")[:count]
    rows, columns = np.unravel_index(order, errors.shape)
    return [(int(r), int(c), int(errors[r, c])) for r, c in zip(rows, columns, strict=True)]


def most_confident_mistakes(labels: np.ndarray, probs: np.ndarray, count: int) -> np.ndarray:
    """Return the indices of wrong answers, the most confident first."""
    wrong = np.flatnonzero(probs.argmax(axis=1) != labels)
    order = np.argsort(-probs[wrong].max(axis=1), kind="stable")
    return wrong[order[:count]]


def reliability(right: np.ndarray, confidence: np.ndarray, bins: int = 10) -> np.ndarray:
    """Return mean confidence, share right and count, (k, 3), of k filled bins of confidence.

    Parameters
    ----------
    right : (n,) bool
    confidence : (n,)
        In 0..1; the bins have equal width.
    """
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    return np.array(
        [
            (confidence[places == b].mean(), right[places == b].mean(), np.sum(places == b))
            for b in np.unique(places)
        ]
    )


def calibration_error(right: np.ndarray, confidence: np.ndarray, bins: int = 10) -> float:
    """Return the expected calibration error, 0..1: how far confidence is from the share right.

    M. P. Naeini, G. F. Cooper, M. Hauskrecht, AAAI 2015.
    """
    means, shares, counts = reliability(right, confidence, bins).T
    return float(np.sum(np.abs(means - shares) * counts) / np.sum(counts))


def with_temperature(probs: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities (n, k) made less sure (temperature above 1) or surer (below 1).

    The most probable class stays the same. C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, ICML 2017.
    """
    scores = np.log(np.clip(probs, 1e-12, 1)) / temperature
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def log_loss(labels: np.ndarray, probs: np.ndarray) -> float:
    """Return the mean negative log-likelihood of the labels: the loss of training."""
    return float(-np.mean(np.log(np.clip(probs[np.arange(len(labels)), labels], 1e-12, 1))))


def fit_temperature(labels: np.ndarray, probs: np.ndarray) -> float:
    """Return the temperature, 0.25..4, with the least log loss on labels (n,) and (n, k)."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log_t: log_loss(labels, with_temperature(probs, np.exp(log_t))),
        bounds=(np.log(0.25), np.log(4)),
        method="bounded",
    )
    return float(np.exp(found.x))


def score_readings(results, texts) -> dict:
    """Return how many pictures are read right, by the digits they show; keys as `rate` has them.

    `results` are such as `Recognizer.read_many` yields: those without a reading are wrong. Line
    breaks do not count.
    """
    correct = [
        result.reading is not None and result.reading.text.replace("\n", "") == text
        for result, text in zip(results, texts, strict=True)
    ]
    return rate(sum(correct), len(correct))
