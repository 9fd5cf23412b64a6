"""Training that is stopped from outside, at random moments, and goes on."""

import json
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from digitlib.models.loading import load_network

SHORT = ["--epochs", "20", "--batch-size", "128"]
LONG = ["--epochs", "60"]


def command(path, length, *more):
    start = [sys.executable, "-m", "digitlib", "train", "--network", "fast", "--data", "uci"]
    return [*start, *length, "--deterministic", "--output", str(path), *more]


def heed_ctrl_c():
    """Undo that a shell which runs the tests in the background has them ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def epochs_logged(path):
    log = path.with_name(f"{path.name}.checkpoint") / "log.csv"
    return len(log.read_text().splitlines()) - 1 if log.exists() else 0


def stopped(path, length, how, is_time):
    """Start or go on, send a signal when it is time; return the exit status."""
    errors = path.with_suffix(".errors")
    with errors.open("w") as file:
        process = subprocess.Popen(
            command(path, length, "--resume"),
            stdout=subprocess.DEVNULL,
            stderr=file,
            preexec_fn=heed_ctrl_c,
        )
        end = time.monotonic() + 300
        while process.poll() is None and not is_time():
            assert time.monotonic() < end, "it hangs"
            time.sleep(0.02)
        process.send_signal(how)
        process.wait(timeout=300)
    assert "Traceback" not in errors.read_text()
    return process.returncode


def undisturbed(path, length):
    """Train a model without a break; return its path, and the seconds that it took."""
    start = time.monotonic()
    subprocess.run(command(path, length), check=True, capture_output=True)
    return path, time.monotonic() - start


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return undisturbed(tmp_path_factory.mktemp("undisturbed") / "model.keras", SHORT)[0]


@pytest.mark.slow
def test_a_killed_and_a_terminated_run_end_as_if_they_had_not_been(tmp_path, whole):
    path = tmp_path / "model.keras"
    for how, epochs in ((signal.SIGKILL, 4), (signal.SIGTERM, 10)):
        assert stopped(path, SHORT, how, lambda n=epochs: epochs_logged(path) >= n) == -how
        assert not path.exists()
    ends_like(whole, path, SHORT)


@pytest.mark.slow
def test_fifty_signals_at_random_moments(tmp_path):
    whole, seconds = undisturbed(tmp_path / "whole.keras", LONG)
    path = tmp_path / "model.keras"
    rng = random.Random(0)
    found = dict.fromkeys((signal.SIGKILL, signal.SIGTERM, signal.SIGINT), 0)
    for _ in range(50):
        how = rng.choice(list(found))
        end = time.monotonic() + rng.uniform(0.1, 0.5) * seconds
        status = stopped(path, LONG, how, lambda end=end: time.monotonic() > end)
        # Ctrl-C ends it in good order: with what it has, or with a word and 130.
        folder = path.with_name(f"{path.name}.checkpoint")
        heeded = status == 130 or (status == 0 and folder.exists())
        found[how] += heeded if how == signal.SIGINT else status == -how
        if path.exists():  # it came to an end; what is there has to be whole
            assert load_network(path)(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)
            path.unlink()
    print({how.name: count for how, count in found.items()}, "of 50 signals found it running")
    assert sum(found.values()) > 25 and min(found.values()) >= 5
    ends_like(whole, path, LONG)


def ends_like(whole, path, length):
    """Go on to the end, and compare with the run that nothing disturbed, to the last bit."""
    subprocess.run(command(path, length, "--resume"), check=True, capture_output=True)
    images = np.random.default_rng(0).integers(0, 256, (50, 28, 28)).astype(np.uint8)
    assert np.array_equal(load_network(path)(images), load_network(whole)(images))
    card = json.loads(path.with_name("model.keras.card.json").read_text())
    assert card["epochs_completed"] == int(length[1]) and card["interrupted"] is False


def test_ctrl_c_keeps_the_best_weights_so_far(tmp_path):
    path = tmp_path / "model.keras"
    process = subprocess.Popen(
        command(path, ["--epochs", "500"]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=heed_ctrl_c,
    )
    log = tmp_path / "model.keras.checkpoint" / "log.csv"
    end = time.monotonic() + 120
    while not (log.exists() and len(log.read_text().splitlines()) > 2):
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 0 and b"Traceback" not in error
    assert b"--resume goes on from there" in error
    assert load_network(path)(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)
