import csv
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from digitlib.files import PRETRAINED, SAMPLES, SHIPPED_MODEL
from digitlib.reading import prepare
from digitlib.reading import recognizer as reading
from digitlib.reading.glyphs import Line
from digitlib.reading.recognizer import Recognizer, best_readings
from digitlib.reading.sources import open_source

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
    assert 0.5 < reading.confidence < 1


def test_many_are_read_in_order_and_errors_stand_in_their_place(recognizer, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_text("no")
    paths = [SAMPLES / row["path"] for row in ROWS] + [bad] + [SAMPLES / ROWS[0]["path"]] * 70
    results = list(recognizer.read_many(paths))
    assert [result.path for result in results] == paths
    texts = [result.reading.text if result.reading else None for result in results]
    assert texts == [row["text"] for row in ROWS] + [None] + [ROWS[0]["text"]] * 70
    assert all((result.reading is None) != (result.error is None) for result in results)
    assert "is not a picture" in str(results[len(ROWS)].error)
    assert all(result.seconds > 0 for result in results)


def test_a_fault_of_ours_costs_one_picture_and_what_is_not_installed_is_raised(
    recognizer, monkeypatch
):
    paths = [SAMPLES / "dark_on_light.png", "faulty.png", SAMPLES / "coloured.png"]

    def opening(fault):
        def open_faulty(path):
            if path == "faulty.png":
                raise fault
            return open_source(path)

        monkeypatch.setattr("digitlib.reading.recognizer.open_source", open_faulty)

    opening(ZeroDivisionError("oops"))
    first, faulty, last = recognizer.read_many(paths)
    assert (first.reading.text, last.reading.text) == ("7", "5") and faulty.reading is None
    assert str(faulty.error) == "Reading faulty.png failed: ZeroDivisionError: oops."
    opening(MemoryError())
    first, lacking, last = recognizer.read_many(paths)
    assert (first.reading.text, last.reading.text) == ("7", "5") and lacking.reading is None
    assert str(lacking.error) == "There is not enough memory to read faulty.png."
    opening(ImportError)
    with pytest.raises(ImportError):
        list(recognizer.read_many(paths))


def test_addresses_are_read_in_this_process_too(recognizer):
    fsspec = pytest.importorskip("fsspec", reason="needs the extra: digitlib[bulk]")
    content = (SAMPLES / "dark_on_light.png").read_bytes()
    fsspec.filesystem("memory").pipe("/here/7.png", content)
    found, missing = recognizer.read_many(["memory://here/7.png", "memory://here/none.png"])
    assert found.reading.text == "7"
    assert "memory://here/none.png cannot be opened" in str(missing.error)


def test_a_bar_counts_the_pictures(recognizer, capsys):
    assert len(list(recognizer.read_many([SAMPLES / "coloured.png"] * 3, progress=True))) == 3
    assert "3/3" in capsys.readouterr().err


def test_workers_say_the_same_in_the_same_order(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from digitlib import Recognizer; from digitlib.files import SAMPLES\n"
        "if __name__ == '__main__':\n"
        "    paths = sorted(SAMPLES.glob('*.*g')) * 12 + [SAMPLES / 'labels.csv']\n"
        "    one, two = (list(Recognizer().read_many(paths, workers=n)) for n in (1, 2))\n"
        "    assert [r.path for r in one] == [r.path for r in two] == paths\n"
        "    said = [[(str(r.reading), str(r.error)) for r in results] for results in (one, two)]\n"
        "    assert said[0] == said[1]\n"
        "    print(len(one))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.stdout.strip() == str(12 * len(list(SAMPLES.glob("*.*g"))) + 1), done.stderr


def line_of(**shares):
    """Return a line of glyphs that are the names of their spans, and what is said of them."""
    spans = {(int(name[1]), int(name[2])): name for name in shares}
    return Line(2, spans), {name: one_of(*share) for name, share in shares.items()}


def said_of(line, said, cuts=None):
    """Return the glyphs and the text of a line's best reading."""
    (_, parts), *_ = best_readings(line, said, cuts or {})
    return [part.glyph for part in parts], "".join(str(part.name) for part in parts)


def test_pieces_are_joined_where_that_is_most_probable():
    line, two = line_of(s01=(5, 0.98), s12=(4, 0.98), s02=(10, 0.95))
    assert said_of(line, two) == (["s01", "s12"], "54")
    line, one = line_of(s01=(1, 0.98), s12=(10, 0.9), s02=(4, 0.95))
    assert said_of(line, one) == (["s02"], "4")
    comma = Line(2, {(0, 1): "s01", (0, 2): "s02"}, frozenset({1}))
    assert said_of(comma, {"s01": one_of(7, 0.98), "s02": one_of(10, 0.9)}) == (["s01"], "7")
    assert said_of(comma, {"s01": one_of(1, 0.98), "s02": one_of(4, 0.9)}) == (["s02"], "4")


def test_a_piece_is_cut_where_that_is_most_probable():
    slices, said = line_of(s01=(5, 0.98), s12=(4, 0.98))
    whole, cuts = Line(1, {(0, 1): "whole"}), {"whole": replace(slices, slices=True)}
    assert said_of(whole, said | {"whole": one_of(10, 0.95)}, cuts) == (["s01", "s12"], "54")
    assert said_of(whole, said | {"whole": one_of(2, 0.9)}, cuts) == (["whole"], "2")
    said["s01"] = one_of(10, 0.9)  # a slice has to be a digit
    assert said_of(whole, said | {"whole": one_of(10, 0.95)}, cuts) == (["whole"], "10")


def test_the_second_best_reading_of_a_line_says_something_else():
    line = Line(1, {(0, 1): "piece"})
    p = np.full(11, 0.01)
    p[[4, 10]] = 0.3, 0.61
    # A piece is what it most likely is, or nothing.
    assert [
        [part.name for part in parts] for _, parts in best_readings(line, {"piece": p}, {})
    ] == [[10]]
    line, said = line_of(s01=(5, 0.9), s12=(4, 0.9), s02=(3, 0.4))
    (best, parts), (second, other) = best_readings(line, said, {})
    assert [part.name for part in parts] == [5, 4] and [part.name for part in other] == [3]
    assert np.isclose(best - second, np.log(0.9 * 0.9 / 0.4))


def one_of(name, share):
    p = np.full(11, (1 - share) / 10)
    p[name] = share
    return p


def test_reading_imports_no_tensorflow():
    code = (
        "import sys; from digitlib import Recognizer; from digitlib.files import SAMPLES;"
        "print(Recognizer().read(SAMPLES / 'coloured.png').text,"
        " [m for m in ('tensorflow', 'keras', 'matplotlib', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "5 []", done.stderr


def test_what_looks_like_a_digit_among_much_else_is_none(recognizer):
    page = np.full((300, 600), 255, np.uint8)
    page[100:200, 40:52] = 0
    assert recognizer.read(page).text == "1"
    rows, columns = np.mgrid[0:300, 0:600]
    page[((rows - 150) / 120) ** 2 + ((columns - 400) / 150) ** 2 < 1] = 0
    reading = recognizer.read(page)
    assert reading.text == "" and reading.digits == [] and 0 <= reading.confidence <= 1


def test_a_picture_of_surfaces_is_no_writing(recognizer):
    rng = np.random.default_rng(1)
    surface = ndimage.gaussian_filter(rng.normal(0, 1, (200, 260)), 12)
    surface = np.uint8(255 * (surface - surface.min()) / np.ptp(surface))
    assert recognizer.read(surface).text == ""


def test_a_post_in_a_photo_is_no_one_and_a_stroke_on_plain_paper_is(recognizer):
    rough = np.random.default_rng(0).normal(200, 6, (300, 400)) * np.linspace(0.7, 1, 400)
    for paper, text in ((rough, ""), (np.full((300, 400), 255.0), "1")):
        paper = paper.copy()
        paper[60:, 190:215] = 50
        assert recognizer.read(np.uint8(np.clip(paper, 0, 255))).text == text


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_is_ended_or_stopped_costs_a_wait_and_a_sentence(signal_, monkeypatch):
    paths = [SAMPLES / "dark_on_light.png"] * 600
    results = Recognizer().read_many(paths, workers=2)
    assert next(results).reading.text == "7"
    monkeypatch.setattr(reading, "WAIT", 2)  # not before: processes need seconds to start
    for process in multiprocessing.active_children():
        os.kill(process.pid, signal_)
    with pytest.raises(ChildProcessError, match="predict --output reads on without it"):
        list(results)
    assert multiprocessing.active_children() == []


def test_readings_compare_by_what_was_read(recognizer):
    one, again, other = (
        recognizer.read(SAMPLES / name)
        for name in ("several_digits.jpg", "several_digits.jpg", "coloured.png")
    )
    assert one == again and hash(one) == hash(again) and one is not again
    assert one.digits == again.digits and len({*one.digits, *again.digits}) == 5
    assert one != other and one.digits[0] != one.digits[1] and len({one, again, other}) == 2
    prepared = prepare(SAMPLES / "coloured.png")
    glyph = next(iter(prepared.lines[0].glyphs.values()))
    for value in (prepared, prepared.picture, prepared.lines[0], glyph):
        assert value == value and value != replace(value) and hash(value) == hash(value)


@pytest.mark.parametrize("model", [SHIPPED_MODEL, PRETRAINED / "classic.keras"])
def test_threads_may_share_a_recognizer(model):
    """Right answers, and the process as it was: its warnings, its standard error, its files."""
    recognizer = Recognizer(model)
    pictures = [SAMPLES / name for name in ("several_digits.jpg", "coloured.png", "off_centre.png")]
    alone = [recognizer.read(picture) for picture in pictures]

    def read(first):
        return [recognizer.read(pictures[(first + i) % 3]) for i in range(12)]

    def state():
        files = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
        return list(warnings.filters), os.fstat(2).st_ino, files

    gc.collect()  # what other tests have left open is not ours
    before = state()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read, range(8)))
    assert found == [[alone[(first + i) % 3] for i in range(12)] for first in range(8)]
    assert state() == before
