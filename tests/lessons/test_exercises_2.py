"""The checks of notebook 2's exercises, on the stand-in."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from digitlib.datasets.digits import load_digits
from digitlib.models.architectures import classic_cnn

DIGITS = load_digits("uci")
RISING = np.fliplr(np.eye(5))


def fitted(*shifts, scale=255):
    order = np.random.default_rng(0).permutation(len(DIGITS.train_labels))
    learn = order[len(order) // 4 :]
    images, labels = DIGITS.train_images[learn], DIGITS.train_labels[learn]
    moved = np.concatenate([np.roll(images, shift, axis=2) for shift in shifts])
    model = LogisticRegression(max_iter=300, tol=0.005)
    return model.fit(moved.reshape(-1, 784) / scale, np.tile(labels, len(shifts)))


def test_unanswered(said):
    for name in ("2.1", "2.2", "2.3"):
        assert said(name, None) == f"{name}: not answered yet"


@pytest.mark.parametrize(
    "window",
    [
        RISING - 0.2,
        (RISING - 0.2).tolist(),
        7 * (RISING - 0.3)[:, :, None, None],
        np.where(np.abs(np.add(*np.mgrid[-2:3, -2:3])) < 2, 1, -1),
    ],
    ids=["thin", "list", "as Keras has it", "broad"],
)
def test_a_filter_for_rising_strokes(said, window):
    assert said("2.1", window) == "2.1: right!"


def test_other_filters(said):
    assert "zero or less" in said("2.1", np.eye(5) - 0.2)
    assert "falling stroke" in said("2.1", np.eye(5))
    assert "all ink" in said("2.1", np.ones((5, 5)))
    assert "zero or less" in said("2.1", 0.2 - RISING)
    level = np.zeros((5, 5))
    level[2] = 1
    assert "a level stroke" in said("2.1", level - 0.1)
    assert "an upright stroke" in said("2.1", level.T - 0.1)


@pytest.mark.parametrize("answer", [np.eye(3), 5, "/"])
def test_no_filter(said, answer):
    assert said("2.1", answer).startswith("2.1: not yet.")


def counted(pool, **options):
    from digitlib.models.backend import keras

    layers = [
        type(layer).from_config({**layer.get_config(), **options})
        if isinstance(layer, keras.layers.Conv2D)
        else keras.layers.MaxPooling2D(pool)
        if isinstance(layer, keras.layers.MaxPooling2D)
        else layer
        for layer in classic_cnn().layers
    ]
    fresh = [type(layer).from_config(layer.get_config()) for layer in layers]
    return keras.Sequential([keras.Input((28, 28, 1)), *fresh]).count_params()


def test_parameters_agree_with_keras(said):
    right = counted(2)
    assert said("2.2", right) == said("2.2", float(right)) == said("2.2", str(right))
    assert said("2.2", right) == "2.2: right!"
    assert "24 x 24 places" in said("2.2", counted(2, padding="same"))
    assert "with a pool of 3 x 3" in said("2.2", classic_cnn().count_params())


def test_other_parameters(said):
    right = counted(2)
    assert "bias" in said("2.2", right - 32 - 256 - 10)
    assert "the convolution has" in said("2.2", right - 832)
    assert "the last layer has" in said("2.2", right - 2570)
    assert "What does a pool of 2 leave" in said("2.2", 12)
    assert said("2.2", "a million").startswith("2.2: not yet.")


def test_a_mended_linear_model(said):
    assert said("2.3", fitted(-3, 0, 3)) == "2.3: right!"
    assert said("2.3", fitted(0, 3)) == "2.3: right!"


def test_linear_models_that_are_not_mended(said):
    assert "let it learn from images that are moved" in said("2.3", fitted(0))
    assert "keep the unmoved images" in said("2.3", fitted(3))


def test_no_model(said):
    assert "the fitted model itself" in said("2.3", 0.93)
    assert said("2.3", LogisticRegression()).startswith("2.3: not yet. this answer cannot")

    class Constant:
        def predict(self, pixels):
            return np.zeros(len(pixels))

    assert "labels in order" in said("2.3", Constant())


def test_a_bare_stroke_is_told_what_it_answers_to_as_much(said):
    assert "as much to a patch that is all ink" in said("2.1", RISING)
