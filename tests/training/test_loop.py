import dataclasses
import errno
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import types
import zipfile

import numpy as np
import pytest

from digitlib import datasets, evaluation, models
from digitlib.cli import main
from digitlib.datasets.digits import load_digits
from digitlib.models import saving
from digitlib.models.backend import keras, tf
from digitlib.models.loading import load_network, probabilities
from digitlib.synthesis.negatives import MOST_SLICES
from digitlib.training import cards, seeds
from digitlib.training import loop as training
from digitlib.training.callbacks import KeepBest
from digitlib.training.pipeline import batches, random_affine
from digitlib.training.recipes import RECIPES, recipe_for, recipe_like, rounds


@pytest.fixture(scope="module")
def digits():
    return load_digits("uci")


@pytest.fixture(scope="module")
def few(digits):
    """Return enough images for five batches of 64."""
    return dataclasses.replace(
        digits, train_images=digits.train_images[:400], train_labels=digits.train_labels[:400]
    )


def train(network, digits, recipe, **options):
    return training.train(network, digits, recipe, **({"progress_file": io.StringIO()} | options))


@pytest.fixture(scope="module")
def trained(digits):
    recipe = recipe_for("fast", digits, epochs=5)
    return training.scored(train("fast", digits, recipe), digits)


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


class Large:
    train_labels = range(60_000)


def test_small_data_gets_more_epochs_and_mnist_does_not(digits):
    assert rounds(digits) == 10
    assert recipe_for("classic", digits).epochs == 10 * recipe_for("classic", Large).epochs
    assert recipe_for("classic", digits, epochs=2).epochs == 2

    assert recipe_for("classic", Large, epochs=2).epochs == 2
    assert recipe_for("classic", Large).batch_size == 128


@pytest.mark.parametrize(
    ("network", "changes", "words"),
    [
        ("quick", {}, "choose classic"),
        ("fast", {"epochs": 0}, "epochs is 0"),
        ("fast", {"validation_fraction": 0.9, "batch_size": 1000}, "from 1 to 1"),
        ("fast", {"batch_size": 10**6}, "batch_size is 1000000"),
        ("fast", {"seed": -1}, "seed is -1"),
        ("fast", {"seed": 1.5}, "seed is 1.5; it must be a whole number from 0"),
        ("fast", {"copies": 2.0}, "copies is 2.0; it must be a whole number from 0 to 100"),
        ("fast", {"rotation": 200}, "rotation is 200; it must be a number from 0 to 180"),
        ("fast", {"peak_rate": float("nan")}, "peak_rate is nan; it must be a number from"),
    ],
)
def test_nonsense_is_refused(digits, network, changes, words):
    with pytest.raises(ValueError, match=words):
        recipe_for(network, digits, **changes)


def test_the_split_is_stratified_and_complete(digits):
    recipe = recipe_for("fast", digits)
    learn, validate = training.split(digits, recipe)
    assert sorted([*learn, *validate]) == list(range(len(digits.train_labels)))
    shares = np.bincount(digits.train_labels[validate]) / np.bincount(digits.train_labels)
    assert np.ptp(shares) < 0.02


def test_batches_follow_from_seed_and_epoch(digits):
    recipe = recipe_for("classic", digits, epochs=10)
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
    recipe = recipe_for("fast", digits, epochs=10)
    seen = []

    class Impatient(KeepBest):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            seen.append((self.best, self.weights))
            if epoch == 1:
                raise KeyboardInterrupt

    monkeypatch.setattr(training, "KeepBest", Impatient)
    trained = train("fast", digits, recipe)
    assert trained.card["interrupted"] == "by the user"
    best, weights = max(seen, key=lambda pair: pair[0])
    assert trained.card["validation_accuracy"] == pytest.approx(best, abs=1e-6)
    *kept, kernel, bias = trained.model.get_weights()
    for now, then in zip(kept, weights[:-2], strict=True):
        assert np.array_equal(now, then)
    for now, then in zip((kernel, bias), weights[-2:], strict=True):
        assert np.allclose(now * trained.card["temperature"], then, rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_saved_and_loaded_it_says_the_same(trained, digits, tmp_path, suffix):
    path = training.save(trained, tmp_path / f"model{suffix}")
    assert sorted(f.name for f in tmp_path.iterdir()) == [path.name, f"{path.name}.card.json"]
    assert json.loads(cards.card_path(path).read_text())["network"] == "fast"
    images = digits.test_images[:50]
    assert np.allclose(load_network(path)(images), probabilities(trained.model, images), atol=1e-6)


def test_a_saved_model_says_nothing_that_older_kerases_do_not_know(trained, tmp_path):
    path = training.save(trained, tmp_path / "model.keras")
    with zipfile.ZipFile(path) as archive:
        said = archive.read("config.json").decode()
    assert "kernel_size" in said and not [name for name in saving.NEWER if name in said]


def test_tflite_says_the_same_for_any_number_of_images(trained, digits, tmp_path):
    try:
        saving.check_export()
    except ValueError as error:
        pytest.skip(str(error))
    path = saving.export_tflite(trained.model, tmp_path / "model.tflite")
    network = load_network(path)
    for count in (1, 7, 50):
        images = digits.test_images[:count]
        expected = probabilities(trained.model, images)
        assert np.allclose(network(images), expected, atol=1e-5)


def test_a_failed_save_leaves_the_old_model_whole(trained, tmp_path, monkeypatch):
    path = training.save(trained, tmp_path / "model.keras")
    before = path.read_bytes()

    def half(model, temporary):
        temporary.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(keras.Model, "save", half)
    with pytest.raises(OSError, match="No space"):
        training.save(trained, path)
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
    from digitlib.models.architectures import classic_cnn

    network = classic_cnn()
    names = [type(layer).__name__ for layer in network.layers]
    assert names == ["Conv2D", "MaxPooling2D", "Dropout", "Flatten", "Dense", "Dropout", "Dense"]
    activations = [keras.activations.serialize(network.layers[i].activation) for i in (0, 4, 6)]
    assert activations == ["relu", "relu", "softmax"]
    assert network.input_shape == (None, 28, 28, 1) and network.output_shape == (None, 10)


def same_weights(model, other):
    pairs = zip(model.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def quickly(network, digits, **options):
    """Train three short epochs; dropout, augmentation and batch normalisation included."""
    recipe = recipe_for(network, digits, epochs=3, batch_size=64)
    return train(network, digits, recipe, **options)


class Killed(Exception):
    pass


@pytest.fixture(scope="module", params=["classic", "fast"])
def undisturbed(request, few):
    """Return a network's name, a run that nothing disturbed, and what its progress bar wrote."""
    progress = io.StringIO()
    run = quickly(request.param, few, deterministic=True, progress_file=progress)
    return request.param, run, progress.getvalue()


def test_a_resumed_run_ends_like_an_undisturbed_one(few, tmp_path, undisturbed):
    network, whole, _ = undisturbed

    def killed_in_the_second_epoch(history):
        if len(history["loss"]) == 2:  # before its checkpoint is written
            raise Killed

    with pytest.raises(Killed):
        quickly(network, few, folder=tmp_path, on_epoch=killed_in_the_second_epoch)
    assert sorted(f.name for f in tmp_path.iterdir()) == [".lock", cards.CHECKPOINT, "log.csv"]
    seen, progress = [], io.StringIO()
    resumed = quickly(
        network, few, folder=tmp_path, resume=True, on_epoch=seen.append, progress_file=progress
    )
    assert len(seen) == 2, "two epochs were left to do"
    assert "epoch 1/3" not in progress.getvalue() and " 15/15 " in progress.getvalue()
    assert same_weights(resumed.model, whole.model)
    assert resumed.card["validation_accuracy"] == whole.card["validation_accuracy"]
    assert resumed.card["epochs_completed"] == 3
    for name, values in whole.history.items():
        assert resumed.history[name] == pytest.approx(values, rel=1e-6)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize("undisturbed", ["fast"], indirect=True)
def test_the_same_seed_gives_the_same_weights_and_another_does_not(few, undisturbed):
    network, first, _ = undisturbed
    assert same_weights(first.model, quickly(network, few, deterministic=True).model)
    other = train(network, few, recipe_for(network, few, epochs=3, batch_size=64, seed=1))
    assert not same_weights(first.model, other.model)


@pytest.mark.parametrize("undisturbed", ["fast"], indirect=True)
def test_one_bar_shows_a_whole_run(undisturbed):
    _, run, progress = undisturbed
    assert " 15/15 " in progress and progress.count("\n") == 1
    assert all(f"epoch {n}/3" in progress for n in (1, 2, 3))
    assert f"validation {run.history['val_accuracy'][-1]:.4f}" in progress


def test_without_a_recipe_the_networks_own_is_taken_and_stdout_stays_empty(few, capsys):
    def enough(history):
        raise KeyboardInterrupt

    card = training.train("fast", few, on_epoch=enough).card
    assert recipe_like(card, few) == recipe_for("fast", few)
    out, err = capsys.readouterr()
    assert out == "" and "epoch 1/10" in err


def test_the_seeds_of_a_run_stay_as_cards_promise():
    assert seeds.pictures(3) == 3 and seeds.pictures(3, validation=True) == 1_000_003
    assert tuple(seeds.order(3, 7)) == (3, 7)
    assert tuple(seeds.augmentation(3, 7, 5, images=100)) == (3, 705)
    assert tuple(seeds.dropout(3, 2, 7)) == (3002, 7_000_000)


@pytest.fixture
def small(few, monkeypatch):
    """Let the command line find very few images as the stand-in."""
    few = dataclasses.replace(
        few, train_images=few.train_images[:150], train_labels=few.train_labels[:150]
    )
    for module in (datasets, datasets.digits):
        monkeypatch.setattr(module, "load_digits", lambda name: few)
    return few


def test_the_reader_is_trained_saved_and_exported_at_the_shell(small, tmp_path, capsys):
    try:
        saving.check_export()
    except ValueError as error:
        pytest.skip(str(error))
    options = ["--network", "reader", "--data", "uci", "--epochs", "1", "--json"]
    path = tmp_path / "reader.keras"
    assert main(["train", *options, "--output", str(path)]) == 0
    out, err = capsys.readouterr()
    card = json.loads(out)
    assert json.loads(cards.card_path(path).read_text()) == card and "epoch 1/1" in err
    learn, _ = training.split(small, recipe_like(card, small))
    copies = len(learn) + len(learn) // 5 + len(learn) // 3
    least = card["copies"] * copies
    slices, pages = len(learn) // 8 + 1, len(learn) // 12 + 1
    most = least + card["copies"] * (slices * 2 * MOST_SLICES + pages * 4)
    assert card["network"] == "reader" and least < card["images_learnt_from"] <= most
    assert "drawn by code" in card["learnt_from"] and 0 <= card["test_accuracy"] <= 1
    names = [f"reader{end}" for end in (".keras", ".keras.card.json", ".keras.log.csv", ".tflite")]
    assert sorted(f.name for f in tmp_path.iterdir()) == names
    images = small.test_images[:20]
    probs = load_network(path.with_suffix(".tflite"))(images)
    assert probs.shape == (20, 11)
    assert np.allclose(probs, load_network(path)(images), atol=1e-5)


def test_a_card_is_enough_to_repeat_its_run(trained, digits):
    card = json.loads(json.dumps(trained.card))
    assert recipe_like(card, digits) == recipe_for("fast", digits, epochs=5)
    with pytest.raises(ValueError, match="was made with"):
        recipe_like(card | {"dataset_sha256": "0"}, digits)
    with pytest.raises(ValueError, match="epochs is '12'"):
        recipe_like(card | {"epochs": "12"}, digits)
    with pytest.raises(ValueError, match="epochs is True; it must be a whole number"):
        recipe_like(card | {"epochs": True}, digits)
    for network in (["classic"], {"a": 1}, None, "x"):
        with pytest.raises(ValueError, match="is none of classic, fast, reader"):
            recipe_like(card | {"network": network}, digits)
    with pytest.raises(ValueError, match="peak_rate"):
        recipe_like({k: v for k, v in card.items() if k != "peak_rate"}, digits)


def test_what_is_no_card_is_said(tmp_path):
    path = tmp_path / "x.card.json"
    with pytest.raises(ValueError, match=r"There is no card .*; check the path"):
        cards.read_card(path)
    for content in ("[" * 100_000, "[1]", "{}", "", "\xff"):
        path.write_bytes(content.encode("latin-1"))
        with pytest.raises(ValueError, match=r"is not a card; give the \.card\.json of a saved"):
            cards.read_card(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ValueError, match="There is no card"):
        cards.read_card(path)


def test_a_card_that_is_older_than_a_setting_means_what_was_done_then(trained, digits):
    later = {"label_smoothing": 0.0, "beta_1": 0.9, "beta_2": 0.999}
    older = {name: value for name, value in trained.card.items() if name not in later}
    recipe = recipe_like(older, digits)
    assert {name: getattr(recipe, name) for name in later} == later
    assert recipe_like(trained.card, digits).beta_1 == 0.8


def test_after_label_smoothing_a_network_is_as_sure_as_it_is_right(trained, digits):
    assert trained.card["label_smoothing"] == 0.1 and 0.25 <= trained.card["temperature"] < 0.9
    _, validate = training.split(digits, recipe_like(trained.card, digits))
    images, labels = digits.train_images[validate], digits.train_labels[validate].astype(int)
    probs = probabilities(trained.model, images)
    smoothed = evaluation.with_temperature(probs, 1 / trained.card["temperature"])  # as it was
    assert evaluation.log_loss(labels, probs) < evaluation.log_loss(labels, smoothed)
    assert smoothed.max(axis=1).mean() < 0.95 < probs.max(axis=1).mean()
    assert np.array_equal(probs.argmax(axis=1), smoothed.argmax(axis=1))


@pytest.mark.parametrize(("steps", "at_once"), [(429, 39), (37, 37), (1, 1), (67, 1)])
def test_steps_taken_at_once_end_with_the_epoch(steps, at_once):
    recipe = dataclasses.replace(RECIPES["fast"], label_smoothing=0.2, beta_1=0.7, beta_2=0.8)
    model = training.compiled(models.fast_cnn(), recipe, steps)
    assert model.steps_per_execution == at_once
    assert model.loss.label_smoothing == 0.2
    assert (model.optimizer.beta_1, model.optimizer.beta_2) == (0.7, 0.8)


def test_a_checkpoint_of_another_run_is_refused_before_work_is_lost(digits, tmp_path):
    recipe = dataclasses.replace(recipe_for("fast", digits), epochs=1)
    train("fast", digits, recipe, folder=tmp_path)
    before = (tmp_path / "latest.weights.h5").read_bytes()
    with pytest.raises(ValueError, match="there network was fast, here it is classic"):
        quickly("classic", digits, folder=tmp_path, resume=True)
    other = dataclasses.replace(recipe, seed=5)
    with pytest.raises(ValueError, match="there seed was 0, here it is 5"):
        training.train("fast", digits, other, folder=tmp_path, resume=True)
    assert (tmp_path / "latest.weights.h5").read_bytes() == before


@pytest.mark.slow
def test_a_second_training_to_the_same_output_is_refused(few, tmp_path):
    """The first goes on, and neither its checkpoint nor its lock is touched."""
    recipe = recipe_for("fast", few, epochs=2, batch_size=64)
    path, folder = tmp_path / "model.keras", tmp_path / "model.keras.checkpoint"
    said = f"Another training writes to {folder}; wait for it, or choose another name for the model"

    def at_the_shell():
        options = ["--network", "fast", "--data", "uci", "--output", str(path)]
        command = [sys.executable, "-m", "digitlib", "train", *options]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (1, f"digitlib: {said}.\n")

    def meanwhile(history):
        before = {f.name: f.read_bytes() for f in folder.iterdir()}
        with pytest.raises(ValueError, match=re.escape(said)):
            train("fast", few, recipe, folder=folder)
        if len(history["loss"]) == 2:  # there is a checkpoint
            assert cards.CHECKPOINT in before
            at_the_shell()
        assert {f.name: f.read_bytes() for f in folder.iterdir()} == before

    assert (
        train("fast", few, recipe, folder=folder, on_epoch=meanwhile).card["epochs_completed"] == 2
    )
    other = dataclasses.replace(recipe, seed=1)  # the lock goes with its run
    assert training.train_to(path, "fast", few, other).card["seed"] == 1
    assert path.is_file() and not folder.exists()


def test_a_refusal_leaves_a_first_training_its_lock_before_it_has_a_checkpoint(tmp_path):
    folder = tmp_path / "model.keras.checkpoint"
    with cards.sole_run(folder):
        for _ in range(2):
            with pytest.raises(ValueError, match="Another training"), cards.sole_run(folder):
                pass
        assert [f.name for f in folder.iterdir()] == [".lock"]
    assert not folder.exists()


@pytest.mark.slow
def test_a_full_disk_leaves_the_finished_model_a_way_out(few, tmp_path, monkeypatch):
    """Saved elsewhere; and where nothing has room, saved by --resume once there is some."""
    recipe = recipe_for("fast", few, epochs=2, batch_size=64)
    path, elsewhere, full = tmp_path / "a" / "model.keras", tmp_path / "b", [tmp_path / "a"]
    for folder in (path.parent, elsewhere):
        folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    save = keras.Model.save

    def save_if_there_is_room(model, where, *args, **kwargs):
        if any(folder in where.parents for folder in full):
            raise OSError(errno.ENOSPC, "No space left on device")
        return save(model, where, *args, **kwargs)

    monkeypatch.setattr(keras.Model, "save", save_if_there_is_room)
    with pytest.raises(OSError, match="No space left on device") as caught:
        training.train_to(path, "fast", few, recipe)
    [saved] = elsewhere.glob("digitlib-*/model.keras")
    assert str(caught.value) == (
        f"Cannot save {path} (No space left on device); it is saved as {saved} instead: move it "
        "from there."
    )
    assert cards.card_path(saved).is_file()
    shutil.rmtree(saved.parent)
    full.append(elsewhere)
    with pytest.raises(OSError, match="make room there, and run the same command with --resume"):
        training.train_to(path, "fast", few, recipe, resume=True)
    assert [f.name for f in path.parent.iterdir()] == ["model.keras.checkpoint"]
    full.clear()
    trained = training.train_to(path, "fast", few, recipe, resume=True)
    assert trained.card["epochs_completed"] == 2
    assert not path.with_name("model.keras.checkpoint").exists()
    images = few.test_images[:20]
    assert np.allclose(load_network(path)(images), probabilities(trained.model, images), atol=1e-6)


def test_what_a_killed_save_left_is_removed(few, tmp_path):
    for name in (
        ".17-model.keras",
        ".17-model.keras.card.json",
        ".17-other.keras",
        ".17-my-model.keras",
        ".x-model.keras",
    ):
        (tmp_path / name).touch()
    recipe = recipe_for("fast", few, epochs=1, batch_size=64)
    training.train_to(tmp_path / "model.keras", "fast", few, recipe)
    assert {f.name for f in tmp_path.iterdir()} == {
        *("model.keras", "model.keras.card.json", "model.keras.log.csv"),
        *(".17-other.keras", ".17-my-model.keras", ".x-model.keras"),
    }


def test_a_loss_that_is_no_number_stops_the_run_with_the_last_good_weights(few, monkeypatch):
    first_weights = []

    def explode(history):
        if len(history["loss"]) == 2:
            model = first_weights[0]
            first_weights.append([w.copy() for w in model.get_weights()])
            model.set_weights([w * np.nan for w in model.get_weights()])

    compiled = training.compiled

    def remembered(*arguments):
        first_weights.append(compiled(*arguments))
        return first_weights[0]

    monkeypatch.setattr(training, "compiled", remembered)
    trained = quickly("classic", few, on_epoch=explode)
    assert trained.card["interrupted"] == "the loss was not a number"
    assert all(np.isfinite(w).all() for w in trained.model.get_weights())


def test_without_a_standard_error_it_learns_too(few, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    recipe = recipe_for("fast", few, epochs=1, batch_size=64)
    folder = tmp_path / "run"

    def in_the_way(history):  # what cannot be written would be said
        (folder / cards.CHECKPOINT).mkdir()

    done = training.train("fast", few, recipe, folder=folder, on_epoch=in_the_way)
    assert done.card["epochs_completed"] == 1


def test_a_loss_that_is_no_number_from_the_start_is_an_error(few, monkeypatch, capsys):
    def broken(*arguments):
        model = compiled(*arguments)
        model.set_weights([w * np.nan for w in model.get_weights()])
        return model

    compiled = training.compiled
    monkeypatch.setattr(training, "compiled", broken)
    with pytest.raises(ValueError, match="not a number in the first epoch; nothing was learnt"):
        quickly("fast", few)
    assert capsys.readouterr().out == ""


def test_a_full_disk_is_said_before_training(tmp_path, monkeypatch):
    usage = types.SimpleNamespace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(OSError, match="disk is full"):
        saving.check_output(tmp_path / "model.keras")


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_run(few, tmp_path, capsys):
    folder = tmp_path / "run"

    def full(history):
        if len(history["loss"]) == 1:
            shutil.rmtree(folder)
            folder.write_text("in the way")

    trained = quickly("fast", few, folder=folder, on_epoch=full)
    assert trained.card["epochs_completed"] == 3
    assert "could not be written" in capsys.readouterr().err
