import io
import json

import numpy as np
import pytest

from digitlib import saving, training
from digitlib.backend import keras, tf
from digitlib.datasets import load_digits
from digitlib.evaluation import probabilities
from digitlib.loading import load_network
from digitlib.pipeline import batches, random_affine


@pytest.fixture(scope="module")
def digits():
    return load_digits("uci")


@pytest.fixture(scope="module")
def trained(digits):
    recipe = training.recipe_for("fast", digits, epochs=1)
    return training.train("fast", digits, recipe, progress_file=io.StringIO())


def test_it_learns(trained):
    assert trained.card["test_accuracy"] > 0.85
    assert trained.history["val_accuracy"][-1] == pytest.approx(
        trained.card["validation_accuracy"], abs=1e-6
    )


def test_the_card_says_how_it_was_made(trained, digits):
    card = trained.card
    assert card["network"] == "fast" and card["dataset"] == "UCI digits"
    assert card["parameters"] == trained.model.count_params()
    assert len(card["dataset_sha256"]) == 64 and card["fit_seconds"] > 0
    for name in ("epochs", "batch_size", "peak_rate", "seed", "versions", "made"):
        assert name in card
    low, high = card["test_interval"]
    assert low < card["test_accuracy"] < high
    json.dumps(card)


def test_small_data_gets_more_epochs_and_mnist_does_not(digits):
    assert training.recipe_for("classic", digits, epochs=2).epochs == 20

    class Large:
        train_labels = range(60_000)

    assert training.recipe_for("classic", Large, epochs=2).epochs == 2
    assert training.recipe_for("classic", Large).batch_size == 128


@pytest.mark.parametrize(
    ("network", "changes", "words"),
    [("quick", {}, "choose classic"), ("fast", {"epochs": 0}, "epochs is 0")],
)
def test_nonsense_is_refused(digits, network, changes, words):
    with pytest.raises(ValueError, match=words):
        training.recipe_for(network, digits, **changes)


def test_the_split_is_stratified_and_complete(digits):
    recipe = training.recipe_for("fast", digits)
    learn, validate = training.split(digits, recipe)
    assert sorted([*learn, *validate]) == list(range(len(digits.train_labels)))
    shares = np.bincount(digits.train_labels[validate]) / np.bincount(digits.train_labels)
    assert np.ptp(shares) < 0.02


def test_batches_follow_from_seed_and_epoch(digits):
    recipe = training.recipe_for("classic", digits, epochs=1)
    images, labels = digits.train_images[:64], digits.train_labels[:64]

    def all_batches(recipe):
        return [(x.numpy(), y.numpy()) for x, y in batches(images, labels, recipe, 10)]

    first, second = all_batches(recipe), all_batches(recipe)
    assert len(first) == recipe.epochs * 2
    for (x, y), (u, v) in zip(first, second, strict=True):
        assert np.array_equal(x, u) and np.array_equal(y, v)
        assert x.shape == (32, 28, 28, 1) and x.min() >= 0 and x.max() <= 1
        assert np.array_equal(y.sum(axis=1), np.ones(32))
    assert not np.array_equal(first[0][0], first[2][0]), "each epoch has its own order"
    epoch_labels = np.concatenate([y.argmax(axis=1) for _, y in first[:2]])
    assert np.array_equal(np.bincount(epoch_labels), np.bincount(labels)), "each image once"


def test_ctrl_c_keeps_the_best_weights_and_says_so(digits, monkeypatch):
    recipe = training.recipe_for("fast", digits, epochs=1)
    seen = []

    class Impatient(training.KeepBest):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            seen.append((self.best, self.weights))
            if epoch == 1:
                raise KeyboardInterrupt

    monkeypatch.setattr(training, "KeepBest", Impatient)
    trained = training.train("fast", digits, recipe, progress_file=io.StringIO())
    assert trained.card["interrupted"] is True
    best, weights = max(seen, key=lambda pair: pair[0])
    assert trained.card["validation_accuracy"] == pytest.approx(best, abs=1e-6)
    for now, then in zip(trained.model.get_weights(), weights, strict=True):
        assert np.array_equal(now, then)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_saved_and_loaded_it_says_the_same(trained, digits, tmp_path, suffix):
    path = saving.save(trained.model, trained.card, tmp_path / f"model{suffix}")
    assert sorted(f.name for f in tmp_path.iterdir()) == [path.name, f"{path.name}.card.json"]
    assert json.loads(saving.card_path(path).read_text())["network"] == "fast"
    images = digits.test_images[:50]
    assert np.allclose(load_network(path)(images), probabilities(trained.model, images), atol=1e-6)


def test_tflite_says_the_same_for_any_number_of_images(trained, digits, tmp_path):
    path = saving.export_tflite(trained.model, tmp_path / "model.tflite")
    network = load_network(path)
    for count in (1, 7, 50):
        images = digits.test_images[:count]
        expected = probabilities(trained.model, images)
        assert np.allclose(network(images), expected, atol=1e-5)


def test_a_failed_save_leaves_the_old_model_whole(trained, tmp_path, monkeypatch):
    path = saving.save(trained.model, trained.card, tmp_path / "model.keras")
    before = path.read_bytes()

    def half(model, temporary):
        temporary.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(keras.Model, "save", half)
    with pytest.raises(OSError, match="No space"):
        saving.save(trained.model, trained.card, path)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["model.pt", "model", "none/model.keras"])
def test_outputs_that_cannot_be_are_refused_beforehand(tmp_path, name):
    with pytest.raises((ValueError, OSError), match="Cannot save"):
        saving.check_output(tmp_path / name)


def test_random_affine_is_a_function_of_its_seed_and_leaves_the_middle():
    images = np.zeros((4, 28, 28, 1), np.float32)
    images[:, 10:18, 10:18] = 1
    seed = tf.constant([1, 2], tf.int64)
    moved = random_affine(tf.constant(images), seed, 10, 0.1, 2).numpy()
    assert np.array_equal(moved, random_affine(tf.constant(images), seed, 10, 0.1, 2).numpy())
    other = tf.constant([1, 3], tf.int64)
    assert not np.array_equal(moved, random_affine(tf.constant(images), other, 10, 0.1, 2).numpy())
    assert np.all(moved[:, 14, 14] > 0.9) and np.all(moved[:, 0] == 0)
    still = random_affine(tf.constant(images), seed, 0, 0, 0).numpy()
    assert np.allclose(still, images, atol=1e-6)


def test_classic_is_the_promised_network_layer_for_layer():
    from digitlib.models import classic_cnn

    network = classic_cnn()
    names = [type(layer).__name__ for layer in network.layers]
    assert names == ["Conv2D", "MaxPooling2D", "Dropout", "Flatten", "Dense", "Dropout", "Dense"]
    activations = [keras.activations.serialize(network.layers[i].activation) for i in (0, 4, 6)]
    assert activations == ["relu", "relu", "softmax"]
    assert network.input_shape == (None, 28, 28, 1) and network.output_shape == (None, 10)
