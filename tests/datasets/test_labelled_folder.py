import csv

import pytest

from digitlib.cli import main
from digitlib.datasets.labelled_folder import keep, load
from digitlib.evaluation import score_readings
from digitlib.files import SAMPLES
from digitlib.reading.recognizer import Recognizer

SEVEN = (SAMPLES / "dark_on_light.png").read_bytes()
BLANK = (SAMPLES / "blank_paper.jpg").read_bytes()


def test_kept_pictures_come_back_with_what_they_show(tmp_path):
    folder = tmp_path / "mine"
    path = keep(folder, SEVEN, " 7 ", "drawn")
    keep(folder, BLANK, "", "photo")
    assert path.read_bytes() == SEVEN and path.suffix == ".png"
    assert sorted(text for _, text in load(folder)) == ["", "7"]
    keep(folder, SEVEN, "1", "drawn")  # the same picture again: the new text counts
    assert sorted(text for _, text in load(folder)) == ["", "1"]
    with (folder / "labels.csv").open() as file:
        assert next(csv.reader(file)) == ["path", "text", "kind", "writer"]


@pytest.mark.parametrize(
    "content, text, part", [(SEVEN, "seven", "not made of digits"), (b"no", "7", "not a picture")]
)
def test_what_cannot_be_kept_gets_a_sentence_and_leaves_nothing(tmp_path, content, text, part):
    with pytest.raises(ValueError, match=part):
        keep(tmp_path / "mine", content, text, "drawn")
    assert not (tmp_path / "mine").exists()


def test_evaluate_scores_a_folder(tmp_path, capsys):
    keep(tmp_path, SEVEN, "7", "drawn")
    keep(tmp_path, BLANK, "3", "photo")
    (tmp_path / "broken.png").write_bytes(b"no")
    with (tmp_path / "labels.csv").open("a") as file:
        file.write("broken.png,5,photo,me\n")
    pictures = load(tmp_path)
    results = Recognizer().read_many([path for path, _ in pictures])
    result = score_readings(results, [text for _, text in pictures])
    assert (result["correct"], result["images"], result["accuracy"]) == (1, 3, 1 / 3)
    assert result["interval"][0] < 1 / 3 < result["interval"][1]
    assert main(["evaluate", "--data", str(tmp_path)]) == 0
    assert "1 of 3 pictures read right" in capsys.readouterr().out


def test_a_folder_without_labels_gets_a_sentence(tmp_path, capsys):
    assert main(["evaluate", "--data", str(tmp_path)]) == 1
    assert "has no labels.csv" in capsys.readouterr().err


def test_a_persons_own_columns_and_an_excel_file_survive(tmp_path):
    table = "path,text,writer,note\nother.png,3,Jürgen,my own\n"
    (tmp_path / "labels.csv").write_text(table, encoding="utf-8-sig")
    keep(tmp_path, SEVEN, "7", "drawn")
    keep(tmp_path, BLANK, "", "photo")
    rows = list(csv.DictReader((tmp_path / "labels.csv").open(encoding="utf-8")))
    assert [row["text"] for row in rows] == ["3", "7", ""]
    assert (rows[0]["writer"], rows[0]["note"]) == ("Jürgen", "my own")
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".csv", ".jpg", ".png"]
