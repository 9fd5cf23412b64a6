import numpy as np
import pytest

from digitlib import evaluation
from digitlib.evaluation import score_readings
from digitlib.reading import Reading, Result


def test_wilson_interval_against_published_values():
    # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    assert evaluation.wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert evaluation.wilson_interval(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert evaluation.wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert evaluation.wilson_interval(29, 29) == pytest.approx((0.8830, 1.0), abs=5e-5)


@pytest.mark.parametrize(("correct", "total"), [(1, 0), (-1, 5), (6, 5)])
def test_wilson_interval_of_nonsense(correct, total):
    with pytest.raises(ValueError, match="not a rate"):
        evaluation.wilson_interval(correct, total)


def test_no_images_have_no_rate():
    with pytest.raises(ValueError, match="0 correct of 0 is not a rate"):
        score_readings([], [])


def test_line_breaks_do_not_count_on_either_side():
    results = [Result("x", Reading("1\n2", 1.0, []), None)] * 2
    assert score_readings(results, ["12", "1\n2"])["correct"] == 2


def test_score_ignores_what_is_not_a_digit():
    def network(images):
        return np.eye(11)[[3, 4, 10]]

    result = evaluation.score(network, np.zeros((3, 28, 28)), np.array([3, 5, 0]))
    assert (result["correct"], result["images"]) == (2, 3)
    assert result["accuracy"] == pytest.approx(2 / 3)


def test_temperature_undoes_what_made_a_model_too_sure():
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (4000, 10))
    honest = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(10, p=p) for p in honest])
    too_sure = evaluation.with_temperature(honest, 0.5)
    assert np.allclose(too_sure.sum(axis=1), 1)
    assert np.array_equal(too_sure.argmax(axis=1), honest.argmax(axis=1))
    temperature = evaluation.fit_temperature(labels, too_sure)
    assert temperature == pytest.approx(2, abs=0.1)
    mended = evaluation.with_temperature(too_sure, temperature)
    assert evaluation.log_loss(labels, mended) < evaluation.log_loss(labels, too_sure)


def test_log_loss_is_that_of_scikit_learn():
    from sklearn.metrics import log_loss

    probs = np.random.default_rng(0).dirichlet(np.ones(10), 50)
    labels = np.arange(50) % 10
    expected = log_loss(labels, probs, labels=range(10))
    assert evaluation.log_loss(labels, probs) == pytest.approx(expected)
