"""Does benchmarks/ablation.py change what it says, and nothing else?"""

import csv
import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from digitlib.files import SAMPLES
from digitlib.reading import confidence, glyphs, paper, recognizer, writing

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def ablation():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        return importlib.import_module("ablation")


@pytest.fixture(scope="module")
def pictures():
    with (SAMPLES / "labels.csv").open(newline="", encoding="utf-8") as file:
        return [((SAMPLES / r["path"]).read_bytes(), r["text"]) for r in csv.DictReader(file)]


def test_without_a_change_the_reader_reads_as_ever(ablation, pictures):
    readings = [recognizer.read(file) for file, _ in pictures]
    texts = [text.replace("\n", "") for _, text in pictures]
    right = [r.text.replace("\n", "") == t for r, t in zip(readings, texts, strict=True)]
    sure = [r.confidence >= 0.9 for r in readings]
    assert ablation.judge(pictures, []).tolist() == [np.transpose([right, sure]).tolist()]


def test_each_change_alone_is_noticed_and_then_undone(ablation, pictures):
    absurd = [
        ablation.Change(writing, "SPECK", "", 2.0),  # larger than the largest piece
        ablation.Change(recognizer, "DOUBT", "", 0.95),  # as it is
        ablation.Change(recognizer, "NO_DIGIT_ODDS", "", 1e9),
    ]
    asis, speck, same, none = ablation.judge(pictures, absurd)
    blank = [not text for _, text in pictures]
    assert asis[:, 0].sum() > sum(blank) + 4 and (same == asis).all()
    assert speck[:, 0].tolist() == none[:, 0].tolist() == blank
    assert (ablation.judge(pictures, [])[0] == asis).all()


def test_a_name_is_changed_where_it_was_imported_and_not_where_another_has_it(ablation):
    clip, narrowest, another = confidence.CLIP, paper.NARROWEST, glyphs.NARROWEST
    with (
        ablation.changed(confidence, "CLIP", -1.0),
        ablation.changed(paper, "NARROWEST", -1.0),
    ):
        assert confidence.CLIP == recognizer.CLIP == paper.NARROWEST == -1
        assert another == glyphs.NARROWEST
    assert confidence.CLIP == recognizer.CLIP == clip
    assert narrowest == paper.NARROWEST and another == glyphs.NARROWEST


def test_no_number_is_forgotten_and_each_change_is_one(ablation):
    changes = ablation.all_changes()
    for module in ablation.MODULES:
        source = inspect.getsource(module)
        written = set(re.findall(r"^([A-Z][A-Z_]+)(?:, [A-Z_]+)? = [-\d(n]", source, re.MULTILINE))
        names = {change.name for change in changes if change.module is module}
        written = {name for name in written if ablation.is_number(getattr(module, name))}
        assert written - ablation.NOT_CHANGED <= names
    for change in changes:
        assert not np.array_equal(change.value, getattr(change.module, change.name)), change


def test_the_reader_reads_on_with_each_change(ablation):
    changes = ablation.all_changes()
    form = (SAMPLES / "form.jpg").read_bytes()
    assert ablation.judge([(form, "")], changes).shape == (1 + len(changes), 1, 2)


@pytest.mark.parametrize(
    ("said", "text", "distance"),
    [("412", "412", 0), ("", "412", 3), ("412", "", 3), ("42", "412", 1), ("4129", "1129", 1)],
)
def test_edit_distance(ablation, said, text, distance, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    peers = importlib.import_module("peers")
    assert peers.edit_distance(said, text) == peers.edit_distance(text, said) == distance
    assert peers.least_sure([("a4", 0.9), ("b", 0.1), ("1 2", 0.8)]) == ("412", 0.8)


def test_what_is_remembered_hides_no_rule_that_is_off(ablation):
    """A stage that is remembered while its own rule is off would be as it was: nothing moves."""
    hidden = [
        name
        for _, name, rests_on in ablation.STAGES
        for module, rules in ablation.RULES.items()
        if name in rules and module not in rests_on
    ]
    assert hidden == []
