import base64
import io

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from digitlib import Recognizer
from digitlib.app import answers
from digitlib.datasets import labelled_folder
from digitlib.files import SAMPLES

RECOGNIZER = Recognizer()
GOOD = (SAMPLES / "dark_on_light.png").read_bytes()
BLANK = (SAMPLES / "blank_paper.jpg").read_bytes()


def ask(folder, content=b"", **question):
    return answers.answer(question, content, RECOGNIZER, folder)


def letter_a():
    """Return a drawn A, as the pad sends it."""
    from PIL import ImageDraw

    image = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(image).line([(70, 230), (140, 40), (210, 230)], 0, 16, "curve")
    ImageDraw.Draw(image).line([(95, 160), (185, 160)], 0, 16)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_a_drawing_is_read_with_eleven_probabilities(tmp_path):
    read = ask(tmp_path, GOOD, kind="read")
    assert read["text"] == "7" and read["confidence"] > 0.9
    [digit] = read["digits"]
    assert digit["digit"] == 7 and len(digit["probabilities"]) == 11
    assert sum(digit["probabilities"]) == pytest.approx(1, abs=1e-3)
    assert len(base64.b64decode(digit["image"])) == 28 * 28
    assert read["ink"].startswith("data:image/png") and "picture" not in read
    assert ask(tmp_path, GOOD, kind="read", picture=True)["picture"].startswith("data:image/")


def test_of_a_letter_one_sees_that_the_eleventh_class_has_won(tmp_path):
    read = ask(tmp_path, letter_a(), kind="read")
    assert read["text"] == "" and read["digits"] == []
    [looked] = read["looked"]
    assert looked["digit"] == 10 and looked["probabilities"][10] == max(looked["probabilities"])


def test_blank_paper_and_what_is_no_picture(tmp_path):
    read = ask(tmp_path, BLANK, kind="read")
    assert (read["text"], read["looked"], read["rest"]) == ("", [], False)
    assert read["advice"].startswith("Nothing stands out")
    assert "is not a picture" in ask(tmp_path, b"no", kind="read")["error"]
    assert "another version" in ask(tmp_path, kind="nonsense")["error"]


def test_lines_around_the_digits_are_shown_in_another_colour(tmp_path):
    read = ask(tmp_path, (SAMPLES / "form.jpg").read_bytes(), kind="read")
    assert read["rest"] and read["advice"] == ""
    picture = Image.open(io.BytesIO(base64.b64decode(read["ink"].partition(",")[2])))
    red, green, blue = np.asarray(picture.convert("RGB"), int).transpose(2, 0, 1)
    boxes = (red > 200) & (red - green > 20) & (green - blue > 10)
    assert boxes.mean() > 0.01


def test_each_sample_to_click_is_read_right(tmp_path):
    samples = ask(tmp_path, kind="samples")["samples"]
    assert len(samples) == 5 and all(s["picture"].startswith("data:image/") for s in samples)
    said = {s["path"]: ask(tmp_path, kind="sample", path=s["path"])["text"] for s in samples}
    assert said == {s["path"]: s["text"] for s in samples}


def test_a_sample_is_one_of_the_samples(tmp_path):
    assert "error" in ask(tmp_path, kind="sample", path="../pretrained/reader.tflite")


def test_other_digits_are_test_images_and_nearly_all_are_read(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITLIB_OFFLINE", "1")
    shown = [ask(tmp_path, kind="another", index=i) for i in range(answers.TEST_IMAGES)]
    assert len({s["picture"] for s in shown}) == answers.TEST_IMAGES
    assert sum(s["text"] == s["label"] for s in shown) >= 90
    assert shown[0]["picture"] == ask(tmp_path, kind="another", index=100)["picture"]


def test_nothing_is_kept_without_a_label(tmp_path):
    assert "without a label" in ask(tmp_path, GOOD, kind="keep")["error"]
    assert "not made of digits" in ask(tmp_path, GOOD, kind="keep", text="seven")["error"]
    assert not list(tmp_path.iterdir())


def test_what_is_kept_is_listed_and_can_be_undone(tmp_path):
    first = ask(tmp_path, GOOD, kind="keep", text="1", drawn=True)
    assert first["folder"] == str(tmp_path) and first["before"] is None
    assert [row["text"] for row in first["kept"]] == ["1"]
    again = ask(tmp_path, GOOD, kind="keep", text="7", drawn=True)
    assert again["before"] == "1" and [row["text"] for row in again["kept"]] == ["7"]
    none = ask(tmp_path, BLANK, kind="keep", text="")
    assert [row["text"] for row in none["kept"]] == ["7", ""]
    assert ",drawn,me" in (tmp_path / "labels.csv").read_text()
    back = ask(tmp_path, kind="forget", path=none["path"], before=none["before"])
    assert [row["text"] for row in back["kept"]] == ["7"]
    assert not (tmp_path / none["path"]).exists()
    back = ask(tmp_path, kind="forget", path=again["path"], before="1")
    assert labelled_folder.load(tmp_path) == [(tmp_path / again["path"], "1")]
    assert "error" in ask(tmp_path, kind="forget", path="../../etc/passwd")


def test_an_unwritable_folder_gets_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    assert ask(tmp_path / "file", GOOD, kind="keep", text="7")["error"]


def photo_with_a_position(**settings) -> bytes:
    """Return a photo that holds where it was taken, in EXIF and in XMP, and lies on its side."""
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    exif[Base.Model] = "A camera"
    exif.get_ifd(IFD.GPSInfo).update({1: "N", 2: (48.0, 8.0, 30.0), 3: "E", 4: (11.0, 34.0, 0.0)})
    file = io.BytesIO()
    image = Image.open(SAMPLES / "shadowed_photo.jpg").rotate(90, expand=True)
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>GPSLatitude 48,8.5N</x:xmpmeta>"
    image.save(file, exif=exif, xmp=xmp, comment=b"at home", **settings)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_kept_photo_has_lost_its_position_and_nothing_else(tmp_path, kind):
    settings = {} if kind == "PNG" else {"quality": 90}
    content = photo_with_a_position(format=kind, **settings)
    before = Image.open(io.BytesIO(content))
    assert before.getexif().get_ifd(IFD.GPSInfo) and before.getexif()[Base.Model] == "A camera"
    kept = tmp_path / ask(tmp_path, content, kind="keep", text="6")["path"]
    after = Image.open(kept)
    assert after.format == ("JPEG" if kind == "JPEG" else "PNG")
    assert dict(after.getexif()) == ({Base.Orientation: 6} if kind == "JPEG" else {})
    assert not after.getexif().get_ifd(IFD.GPSInfo)
    stored = kept.read_bytes()
    for secret in (b"GPSLatitude", b"xmpmeta", b"A camera", b"at home"):
        assert secret not in stored, secret
    read = RECOGNIZER.read(content), RECOGNIZER.read(stored)
    assert [r.text for r in read] == ["6", "6"]
    assert read[0].confidence == pytest.approx(read[1].confidence, abs=0.02)


def test_what_is_kept_of_odd_pictures_can_be_read_again(tmp_path):
    for image in (
        Image.fromarray(np.full((40, 40), 30000, np.uint16)),
        Image.new("CMYK", (40, 40)),
        Image.new("P", (40, 40)),
        Image.new("LA", (40, 40)),
        Image.new("1", (40, 40)),
    ):
        file = io.BytesIO()
        image.save(file, "TIFF")
        path = ask(tmp_path, file.getvalue(), kind="keep", text="")["path"]
        assert Image.open(tmp_path / path).size == (40, 40)


def test_a_fault_of_ours_is_answered_too(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(answers, "prepare", lambda content: 1 / 0)
    assert ask(tmp_path, GOOD, kind="read") == {"error": "Reading it failed: ZeroDivisionError."}
    assert "ZeroDivisionError" in capsys.readouterr().err
