import dataclasses

import numpy as np
import pytest

from digitlib.datasets import digits as datasets


def test_uci_is_in_mnists_look():
    digits = datasets.load_digits("uci")
    assert digits.train_images.shape == (1297, 28, 28) and digits.test_images.shape == (500, 28, 28)
    assert digits.train_images.dtype == np.uint8
    assert set(np.unique(digits.train_labels)) == set(range(10))
    rows = digits.train_images.sum(axis=2) @ np.arange(28) / digits.train_images.sum(axis=(1, 2))
    assert abs(rows.mean() - 13.5) < 1
    assert digits.train_images.max(axis=(1, 2)).min() > 150


def test_auto_takes_mnist_where_it_is(small_mnist, write_idx, nowhere, capsys):
    write_idx(small_mnist, nowhere / "checkout" / "data" / "mnist")
    digits = datasets.load_digits()
    assert digits.name == "MNIST" and len(digits.train_labels) == 60
    assert capsys.readouterr().err == ""


def test_the_stand_in_is_never_silent(nowhere, capsys):
    digits = datasets.load_digits("auto")
    notice = capsys.readouterr().err
    assert digits.name == "UCI digits"
    for said in ("not MNIST", "1,797", "DIGITLIB_OFFLINE", "digitlib data", "DIGITLIB_DATA"):
        assert said in notice


def test_insisting_on_mnist_fails_with_the_reasons(nowhere):
    with pytest.raises(FileNotFoundError, match="DIGITLIB_OFFLINE is 1"):
        datasets.load_digits("mnist")


def test_an_unknown_name_is_an_error():
    with pytest.raises(ValueError, match="choose 'auto', 'mnist' or 'uci'"):
        datasets.load_digits("emnist")


def test_a_dataset_is_frozen_and_its_digest_follows_its_content():
    digits = datasets.load_digits("uci")
    with pytest.raises(dataclasses.FrozenInstanceError):
        digits.name = "other"
    altered = digits.train_labels.copy()
    altered[0] ^= 1
    other = dataclasses.replace(digits, train_labels=altered)
    assert datasets.dataset_digest(other) != datasets.dataset_digest(digits)
    assert datasets.dataset_digest(digits) == datasets.dataset_digest(datasets.load_digits("uci"))


def test_datasets_compare_as_objects_and_by_their_digest():
    digits, same = datasets.load_digits("uci"), datasets.load_digits("uci")
    assert digits == digits and digits != same and hash(digits) != hash(same)


@pytest.mark.parametrize("name", datasets.NAMES)
def test_every_name_is_that_of_a_dataset(name, small_mnist, write_idx, nowhere):
    write_idx(small_mnist, nowhere / "checkout" / "data" / "mnist")
    assert datasets.load_digits(name).name == ("UCI digits" if name == "uci" else "MNIST")


def test_the_stand_ins_pictures_stay_the_same():
    digest = "10f13878c09d04c48d1d1f741c37dc7eade3b49f42ed91cf0ae9805351146930"
    assert datasets.dataset_digest(datasets.load_digits("uci")) == digest
