"""The numbers in the notebooks' prose: each is claimed, and a changed one would be noticed."""

from pathlib import Path

import check
import claims
import nbformat
import numpy as np
import pytest
import run
from claims import Claim

ROOT = Path(__file__).parents[2]
NAMES = [path.stem for path in claims.notebooks_and_answers()]
CONSTANTS = claims.read_constants()
SEEDS = "91.2 90.8 91.6 91.0 91.4"

PROSE = """## 1. What the digits weigh

The 60,000 images of 28 x 28 pixels (1998) have a mean ink of **12.5 %**; a 7 has little. On images
moved by three pixels, `network_5` reads about <b>91</b> %. See [page 3](3.html), and ![42](42.png).
"""
CODE = """
class keras:
    class utils:
        set_random_seed = __import__("random").seed

keras.utils.set_random_seed(0)
print("moved by 3 pixels: 91.2 % read")
"""
COMPARED = Claim("01_made_up", "a mean ink of {12.5} %", r"ink: (.+) %", "", "0.05")
TRAINED = Claim("01_made_up", "reads about {91} %", r"pixels: ([\d.]+) %", SEEDS, "0.94")


def notebook(prose=PROSE, ink="12.52", read="91.2", code=CODE):
    """Return a notebook with a compared cell, one that trains, and what they printed."""
    stream = nbformat.v4.new_output
    cells = [
        nbformat.v4.new_markdown_cell(prose),
        nbformat.v4.new_code_cell(f"print('mean ink: {ink} %')"),
        nbformat.v4.new_code_cell(code, metadata={"tags": ["nbval-ignore-output"]}),
    ]
    cells[1].outputs = [stream("stream", name="stdout", text=f"mean ink: {ink} %\n")]
    cells[2].outputs = [stream("stream", name="stdout", text=f"moved by 3 pixels: {read} % read\n")]
    kernel = {"name": "python3", "display_name": "Python 3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def faults(given, *rows):
    rows = rows or (COMPARED, TRAINED)
    found = claims.faults_of_prose(given, rows, CONSTANTS)
    return found + claims.faults_of_outputs(given, rows)


def changed(claim, **fields):
    return claims.replace(claim, **fields)


def test_numbers_that_are_claimed_and_printed_pass():
    assert faults(notebook()) == []


@pytest.mark.parametrize(
    ("prose", "says"),
    [
        (PROSE.replace("12.5", "12.6"), "12.6 has no row"),
        (PROSE.replace("91", "92"), "92 has no row"),
        (PROSE.replace("60,000", "61,000"), "61,000 has no row"),
        (PROSE + "Another 17 % are doubtful.", "17 has no row"),
        (PROSE + "Another 7 % are doubtful.", "7 has no row"),
        (PROSE + "<details><summary>Answer</summary>It has 17.</details>", "17 has no row"),
        (PROSE + "| a | 17 |", "17 has no row"),
        (PROSE + "![32](a.png) Another 17.", "17 has no row"),
        (PROSE + "## 2.1 The other 17", "17 has no row"),
        (PROSE.replace("a mean ink", "an ink"), "stands 0 times"),
        (PROSE + PROSE, "stands 2 times"),
    ],
)
def test_a_number_changed_in_the_prose_is_noticed(prose, says):
    assert any(says in fault for fault in faults(notebook(prose)))


NO_NUMBERS = [
    *("`17`", "```\n17\n```", "<pre>17</pre>", "[a](17.html)", "w_17", "a<sub>17</sub>"),
    *("## 17. Title", '<b class="17">', "&#17;", "https://a.org/17", "**1.7**", "exercise 1.3"),
    *("in 2-D", "a 7"),
]


@pytest.mark.parametrize("prose", NO_NUMBERS)
def test_what_is_no_number_of_the_prose_needs_no_row(prose):
    assert faults(notebook(f"{PROSE}\n{prose}\n")) == []


@pytest.mark.parametrize("claim", [COMPARED, TRAINED])
def test_a_numeral_without_a_row_is_noticed(claim):
    [fault] = faults(notebook(), claim)
    assert "has no row" in fault


def test_a_number_changed_in_an_output_is_noticed():
    assert "but 12.56 is printed" in faults(notebook(ink="12.56"))[0]
    assert "but 93.2 is printed" in faults(notebook(read="93.2"))[0]
    assert "captures 'nan'" in faults(notebook(ink="nan"))[0]


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """Have the tools find their notebooks and tables in a folder of the test's own."""
    for module in (claims, run, check):
        monkeypatch.setattr(module, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(claims, "TABLES", tmp_path)
    return tmp_path


def test_a_number_changed_behind_the_prose_is_noticed(made_up):
    """The stored outputs are the old ones; run again, the notebook prints something else."""
    given, path = notebook(code=CODE.replace("91.2", "93.2")), made_up / "01_made_up.ipynb"
    claims.write_table(made_up / "01.csv", [COMPARED, TRAINED])
    assert faults(given) == []
    nbformat.write(given, path)
    with run.copy_of_notebooks() as folder:
        _, printed = check.run_nbval(folder, [folder / path.name], strictly=True)
    [fault] = claims.faults_of_outputs(printed.notebooks[path.stem], [COMPARED, TRAINED])
    assert "but 93.2 is printed" in fault


def test_a_pattern_matches_exactly_one_line():
    twice = changed(TRAINED, pattern=r"(\d+)\.?\d* %")
    assert "matches 2 printed lines" in faults(notebook(), COMPARED, twice)[0]
    never = changed(TRAINED, pattern="(never)")
    assert "matches 0 printed lines" in faults(notebook(), COMPARED, never)[0]


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        (changed(TRAINED, tolerance="1.2"), "the tolerance 1.2 is above 0.949"),
        (changed(TRAINED, tolerance="nan"), "the tolerance nan is above"),
        (changed(TRAINED, seeds="91 91 91"), "--seeds"),
        (changed(TRAINED, seeds=""), "--seeds"),
        (changed(TRAINED, tolerance=""), "--seeds"),
        (changed(COMPARED, tolerance="0.06"), "the tolerance 0.06 is above 0.05"),
        (changed(COMPARED, seeds=SEEDS), "--seeds"),
    ],
)
def test_the_tolerance_follows_from_the_seeds(claim, says):
    rows = {c.sentence: c for c in (COMPARED, TRAINED, claim)}.values()
    assert says in faults(notebook(), *rows)[0]


def test_what_may_differ_much_is_said_to_be_about():
    wide = changed(TRAINED, seeds="91 94 88 90 92", tolerance="6")
    assert faults(notebook(), COMPARED, wide) == []
    plain = changed(wide, sentence="reads {91} %")
    [fault] = faults(notebook(PROSE.replace("about ", "")), COMPARED, plain)
    assert "write 'about 91'" in fault


@pytest.mark.parametrize("sentence", ["reads about <b>{91}</b> %", "a mean ink of **{12.5} %**"])
def test_a_sentence_may_be_given_with_its_marks(sentence):
    [at] = claims.find_sentence(sentence, PROSE)
    assert PROSE[at:].startswith(sentence.partition("{")[2].partition("}")[0])


def test_the_number_of_an_exercise_is_its_name():
    given = notebook(PROSE + "Like 1.2, but 1.3 is none.", code=CODE + 'check("1.2", answer)')
    [fault] = faults(given)
    assert fault.startswith("1.3 has no row")


def test_a_number_has_one_row():
    assert "has two rows" in faults(notebook(), COMPARED, COMPARED, TRAINED)[0]


def test_five_seeds_are_measured(made_up):
    code = CODE.replace("91.2 %", "{91 + __import__('random').random():.2f} %").replace("t(", "t(f")
    nbformat.write(notebook(code=code), made_up / "01_made_up.ipynb")
    table = made_up / "01.csv"
    claims.write_table(table, [changed(c, seeds="", tolerance="") for c in (COMPARED, TRAINED)])
    claims.measure({"01"})
    compared, trained = claims.read_table(table)
    assert compared == COMPARED
    random = __import__("random")
    expected = [f"{91 + random.Random(seed).random():.2f}" for seed in range(5)]
    assert [float(seed) for seed in trained.seeds.split()] == [float(seed) for seed in expected]
    deviation = np.std([float(seed) for seed in expected], ddof=1)
    assert float(trained.tolerance) == pytest.approx(max(0.5, 3 * deviation), rel=1e-3)


@pytest.mark.parametrize("row", ["01_a,no number,(x),,", "01_a,{1} {2},(x),,", "01_a,{1},x,,"])
def test_a_row_that_is_no_claim_is_refused(row, tmp_path):
    (tmp_path / "01.csv").write_text(f"notebook,sentence,pattern,seeds,tolerance\n{row}\n")
    with pytest.raises(ValueError, match="01_a"):
        claims.read_table(tmp_path / "01.csv")


@pytest.mark.parametrize("path", claims.notebooks_and_answers(), ids=NAMES)
def test_the_numbers_in_the_prose_are_claimed_and_stored(path):
    rows = claims.claims_of(path)
    stored = nbformat.read(path, as_version=4)
    found = claims.faults_of_prose(stored, rows, CONSTANTS)
    assert not found + claims.faults_of_outputs(stored, rows)


def test_every_row_names_a_notebook_of_its_table():
    for table in claims.TABLES.glob("*.csv"):
        own = {name for name in NAMES if name.startswith(table.stem)}
        assert {claim.notebook for claim in claims.read_table(table)} <= own


def test_notebook_1_has_nothing_that_depends_on_training():
    path = claims.notebooks_and_answers()[0]
    assert claims.share_of_trained(nbformat.read(path, as_version=4)).startswith("0 of ")
