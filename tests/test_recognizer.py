import csv
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from digitlib.pictures import PictureError
from digitlib.recognizer import SAMPLES, Recognizer

ROWS = list(csv.DictReader((SAMPLES / "labels.csv").open()))


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["path"])
def test_samples_are_read_right(recognizer, row):
    reading = recognizer.read(SAMPLES / row["path"])
    assert reading.text == row["text"]
    assert 0.4 < reading.confidence <= 1


def test_a_picture_may_come_as_path_bytes_image_or_array(recognizer):
    path = SAMPLES / "dark_on_light.png"
    image = Image.open(path)
    for picture in (path, str(path), path.read_bytes(), image, np.asarray(image)):
        assert recognizer.read(picture).text == "7"


def test_a_digit_says_what_the_network_saw(recognizer):
    reading = recognizer.read(SAMPLES / "several_digits.jpg")
    assert len(reading.digits) == len(reading.text) == 5
    for digit, character in zip(reading.digits, reading.text, strict=True):
        assert str(digit.digit) == character
        assert digit.probabilities.shape == (10,) and digit.image.shape == (28, 28)
        assert digit.confidence == pytest.approx(digit.probabilities.max())
        left, top, right, bottom = digit.box
        assert 0 <= left < right <= 1000 and 0 <= top < bottom <= 420
    product = np.prod([digit.confidence for digit in reading.digits])
    assert reading.confidence == pytest.approx(product)


def test_many_are_read_in_order_and_errors_stand_in_their_place(recognizer, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_text("no")
    paths = [SAMPLES / row["path"] for row in ROWS] + [bad] + [SAMPLES / ROWS[0]["path"]] * 70
    results = list(recognizer.read_many(paths))
    assert [path for path, _ in results] == paths
    texts = [None if isinstance(r, PictureError) else r.text for _, r in results]
    assert texts == [row["text"] for row in ROWS] + [None] + [ROWS[0]["text"]] * 70


def test_reading_imports_no_tensorflow():
    code = (
        "import sys; from digitlib.recognizer import Recognizer, SAMPLES;"
        "print(Recognizer().read(SAMPLES / 'coloured.png').text,"
        " [m for m in ('tensorflow', 'keras', 'matplotlib', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "5 []", done.stderr
