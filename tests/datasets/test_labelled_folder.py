import csv
import os
import subprocess
import sys
from pathlib import Path

import locket
import pytest

from digitlib.cli import main
from digitlib.datasets import labelled_folder
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
    names = {p.name for p in tmp_path.iterdir()} - {".lock"}
    assert sorted(Path(name).suffix for name in names) == [".csv", ".jpg", ".png"]


# As spreadsheets write it: delimiters, capitals, encodings, spaces, empty and short rows.
WRITTEN = {
    "semicolons": ("path;text;kind;writer\r\na.png;7;photo;me\r\ngrün.jpg;;;\r\n;;;\r\n", "utf-8"),
    "tabs, UTF-16": ("path\ttext\na.png\t7\ngrün.jpg\t\n", "utf-16"),
    "big-endian": ("\ufeffpath\ttext\na.png\t7\ngrün.jpg\t\n", "utf-16-be"),
    "capitals and a BOM": ("Path,TEXT \na.png,7\ngrün.jpg,\n\n", "utf-8-sig"),
    "spaces and a short row": ("text, path\n7, a.png\n, grün.jpg\n", "utf-8"),
    "short": ("path,kind,text\na.png,,7\ngrün.jpg\n", "utf-8"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_spreadsheets_write_is_read_and_stays_as_it_is_written(tmp_path, name, capsys):
    table, encoding = WRITTEN[name]
    (tmp_path / "labels.csv").write_bytes(table.encode(encoding))
    (tmp_path / "a.png").write_bytes(SEVEN)
    (tmp_path / "grün.jpg").write_bytes(BLANK)
    expected = [(tmp_path / "a.png", "7"), (tmp_path / "grün.jpg", "")]
    assert load(tmp_path) == expected
    path = keep(tmp_path, SEVEN, "1", "drawn")
    assert load(tmp_path) == [*expected, (path, "1")]
    assert capsys.readouterr().err == ""
    content = (tmp_path / "labels.csv").read_bytes()
    kind = "utf-16" if encoding == "utf-16-be" else encoding  # its bytes may come in either order
    assert content[:2] == table.encode(kind)[:2]
    assert content.decode(kind).splitlines()[1] == table.splitlines()[1].replace(", ", ",")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("path,text\na.png,7\ngrün.jpg,\n".encode("cp1252"), "line 3: this is not UTF-8"),
        ("path,text\n".encode("utf-16")[:-1], "line 1: this is not UTF-8"),
        (b"path,text\na.png," + b"7" * 140_000, "line 2: field larger than"),
        (b"name,digit\na.png,7\n", "line 1: there are no columns path and text"),
        (b"", "line 1: there are no columns path and text"),
    ],
)
def test_other_tables_are_refused_with_file_and_line_and_stay(tmp_path, content, words, capsys):
    (tmp_path / "labels.csv").write_bytes(content)
    assert main(["evaluate", "--data", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert f"{tmp_path}/labels.csv, {words}" in said and said.count("\n") == 1
    with pytest.raises(ValueError, match=words):
        keep(tmp_path, SEVEN, "7", "drawn")
    assert (tmp_path / "labels.csv").read_bytes() == content


def test_a_label_that_is_no_digit_is_told_of_with_its_line(tmp_path):
    (tmp_path / "a.png").write_bytes(SEVEN)
    (tmp_path / "labels.csv").write_text("path,text\na.png,seven\n")
    with pytest.raises(ValueError, match=r"labels.csv, line 2: 'seven' is not made of digits"):
        load(tmp_path)


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "labels.csv")
    with pytest.raises(ValueError, match=r"labels\.csv is not a file"):
        load(tmp_path)


def test_rows_without_a_picture_are_named_and_never_wrong(tmp_path, capsys):
    keep(tmp_path, SEVEN, "7", "drawn")
    with (tmp_path / "labels.csv").open("a") as file:
        file.write("gone\x1b.png,5,photo,me\n,6,photo,me\n,,,\n")
        file.writelines(f"{i}.png,5,photo,me\n" for i in range(7))
    assert main(["evaluate", "--data", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "1 of 1 pictures read right" in said.out
    named = r"line 3 (gone\x1b.png), line 4 (no path), line 6 (0.png), line 7 (1.png), line 8"
    assert named in said.err and "and 4 more." in said.err and said.err.count("\n") == 1


def test_labels_by_folder(tmp_path, capsys):
    for inside, content in {"7": SEVEN, "0": BLANK, "12": b"no", "notes": SEVEN}.items():
        (tmp_path / inside).mkdir()
        (tmp_path / inside / "x.png").write_bytes(content)
    (tmp_path / "5").mkdir()
    assert [(p.parent.name, text) for p, text in load(tmp_path)] == [
        *[("0", "0"), ("12", "12"), ("7", "7")]
    ]
    assert main(["evaluate", "--data", str(tmp_path)]) == 0
    assert "1 of 3 pictures read right" in capsys.readouterr().out
    kept = keep(tmp_path, BLANK, "", "photo")
    with (tmp_path / "labels.csv").open("a") as file:
        file.write("7/x.png,1,,\n")  # what labels.csv says counts
    texts = dict(load(tmp_path))
    assert texts[kept] == "" and texts[tmp_path / "7" / "x.png"] == "1" and len(texts) == 4


KEEPER = """
import io, sys
from PIL import Image
from digitlib.datasets.labelled_folder import keep
for i in range(25):
    file = io.BytesIO()
    Image.new("L", (20, 20), 100 * int(sys.argv[2]) + i).save(file, "PNG")
    keep(sys.argv[1], file.getvalue(), str(i), "drawn")
"""


def test_writers_at_once_lose_nothing(tmp_path):
    folder = tmp_path / "mine"
    writers = [
        subprocess.Popen([sys.executable, "-c", KEEPER, str(folder), str(number)])
        for number in range(2)
    ]
    assert [writer.wait(100) for writer in writers] == [0, 0]
    assert sorted(int(text) for _, text in load(folder)) == sorted([*range(25)] * 2)
    assert len(list(folder.glob("*.png"))) == 50


def test_a_writer_that_never_ends_is_waited_for_so_long(tmp_path, monkeypatch):
    monkeypatch.setattr(labelled_folder, "WAIT", 0.1)
    with (
        locket.lock_file(str(tmp_path / ".lock")),
        pytest.raises(TimeoutError, match=r"Another program has been writing into"),
    ):
        keep(tmp_path, SEVEN, "7", "drawn")
    assert not (tmp_path / "labels.csv").exists()
