"""What nbval cannot see: the shape of the notebooks, and that nbval would notice a change."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import run

from digitlib import app
from digitlib.datasets.digits import load_digits

ROOT = Path(__file__).parents[2]
LONG = 600  # seconds that running a notebook may take
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]
ANSWERS = sorted((ROOT / "notebooks" / "answers").glob("0*.ipynb"))


def cells(path, kind="code"):
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind]


def test_there_are_five():
    assert NAMES == [
        "01_explore_the_data",
        "02_build_the_cnn",
        "03_train_the_cnn",
        "04_error_analysis",
        "05_predict_your_own",
    ]


class Shell:
    """Stands for IPython's, on Colab or elsewhere, and keeps what magics it is asked for."""

    def __init__(self, name):
        self.name, self.asked = name, []

    def __str__(self):
        return f"<{self.name} object>"

    def run_line_magic(self, name, line):
        self.asked.append([name, *shlex.split(line)])


@pytest.mark.parametrize("path", NOTEBOOKS + ANSWERS, ids=lambda path: path.stem)
def test_the_first_cell_sets_up_folded_and_installs_on_colab_alone(path):
    first, *others = cells(path)
    assert first.source == cells(NOTEBOOKS[0])[0].source
    lines = first.source.splitlines()
    assert len(lines) == 3 and lines[0].startswith("# @title Set up (")
    assert "Clear all outputs" in lines[0]
    assert first.metadata["jupyter"] == {"source_hidden": True}
    assert first.metadata["cellView"] == "form"
    assert not first.outputs
    assert not any(re.search(r"\bpip\b|google\.colab", cell.source) for cell in others)
    assert lines[-1].startswith("import digitlib.lessons")  # before Keras, whose settings it fixes


def test_the_setting_up_installs_what_the_notebooks_need():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    source = cells(NOTEBOOKS[0])[0].source
    here, colab = Shell("ipykernel.zmqshell"), Shell("google.colab._shell.Shell")
    for shell in (here, colab):
        exec(source, {"get_ipython": lambda shell=shell: shell})
    assert "lessons" in project["optional-dependencies"]
    wanted = f"digitlib[lessons] @ git+{project['urls']['Repository']}"
    assert (here.asked, colab.asked) == ([], [["pip", "install", "-q", wanted]])


@pytest.mark.parametrize("path", [*NOTEBOOKS, *ANSWERS], ids=lambda path: path.stem)
def test_at_most_two_lines_import_digitlib(path):
    source = "\n".join(cell.source for cell in cells(path))
    source = source.removeprefix(cells(NOTEBOOKS[0])[0].source)
    lines = re.findall(r"^\s*(?:from|import) +digitlib\b.*", source, re.M)
    assert 1 <= len(lines) <= 2
    assert not any("(" in line or "\\" in line for line in lines)  # no lines that go on


@pytest.mark.parametrize("path", NOTEBOOKS + ANSWERS, ids=lambda path: path.stem)
def test_cells_are_short_have_run_and_are_not_skipped(path):
    for cell in cells(path):
        assert len(cell.source.splitlines()) <= 25
        assert cell.execution_count is not None, "run make outputs"
        tags = cell.metadata.get("tags", [])
        assert "nbval-skip" not in tags and "NBVAL_SKIP" not in cell.source
        assert all(output.output_type != "error" for output in cell.outputs)


@pytest.mark.parametrize("path", NOTEBOOKS + ANSWERS, ids=lambda path: path.stem)
def test_stored_outputs_have_no_noise_paths_or_widget_state(path):
    notebook = nbformat.read(path, as_version=4)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            text = output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
            assert not re.search(r"(?<![\w.])/(home|root|tmp|usr|work|Users)/|[A-Z]:\\", text)
            assert "Warning" not in text
            ignored = "nbval-ignore-output" in cell.metadata.get("tags", [])
            assert ignored or output.get("name") != "stderr"


@pytest.mark.parametrize("path", NOTEBOOKS + ANSWERS, ids=lambda path: path.stem)
def test_every_figure_has_an_alternative_text(path):
    for cell in cells(path):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                assert len(output.metadata["image/png"]["alt"]) > 20


@pytest.mark.parametrize("path", NOTEBOOKS + ANSWERS, ids=lambda path: path.stem)
def test_alternative_texts_are_those_of_the_cell(path):
    for cell in cells(path):
        if "alt" in cell.metadata:
            shown = [o for o in cell.outputs if "image/png" in o.get("data", {})]
            assert cell.metadata["alt"] == [o.metadata["image/png"]["alt"] for o in shown]


def test_of_a_widget_a_picture_is_stored():
    own, ours = app.drawing_pad()._repr_mimebundle_(), {"text/plain": "VBox()", run.WIDGET: {}}
    for data, metadata in (own, (ours, {})):
        output = nbformat.v4.new_output("execute_result", data, metadata=metadata)
        run.show_without_kernel(output)
        assert set(output.data) == {"text/plain", "image/png"}
        assert "un this cell" in output.metadata["image/png"]["alt"]
    text = nbformat.v4.new_output("execute_result", {"text/plain": "7"})
    run.show_without_kernel(text)
    assert text.data == {"text/plain": "7"}


def test_a_cells_texts_go_to_its_figures_in_order():
    figure = {"image/png": "iVBORw0KGgo="}
    outputs = [nbformat.v4.new_output("display_data", figure) for _ in range(2)]
    outputs.insert(1, nbformat.v4.new_output("stream", text="1\n"))
    cell = nbformat.v4.new_code_cell(metadata={"alt": ["one", "two"]}, outputs=outputs)
    run.give_alternative_texts(cell)
    assert [o.metadata["image/png"]["alt"] for o in cell.outputs[::2]] == ["one", "two"]
    cell.metadata["alt"].append("three")
    with pytest.raises(ValueError, match="3 texts, 2 figures"):
        run.give_alternative_texts(cell)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_the_opening_says_what_is_needed(path):
    opening = cells(path, "markdown")[0].source
    for part in ("What you'll do", "What you'll learn", "What you need", "to run"):
        assert part in opening


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_the_reader_predicts_and_each_exercise_has_a_start_and_a_worked_answer(path):
    text = "\n".join(c.source for c in cells(path, "markdown"))
    assert text.count("**Predict:**") >= 3
    assert text.count("<summary>Answer</summary>") >= 3
    number = path.stem[1]
    starts = {
        name: cell.outputs[0].text
        for cell in cells(path)
        for name in re.findall(r'\bcheck\("([\d.]+)"', cell.source)
    }
    count = max(3, len(starts))
    assert starts == {
        f"{number}.{i}": f"{number}.{i}: not answered yet\n" for i in range(1, count + 1)
    }
    worked = next(p for p in ANSWERS if p.stem.startswith(path.stem[:2]))
    said = "".join(o.get("text", "") for cell in cells(worked) for o in cell.outputs)
    assert all(f"{name}: right!" in said for name in starts)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_the_end_sums_up_in_five_lines_and_says_what_to_read(path):
    text = "\n".join(c.source for c in cells(path, "markdown"))
    summary = text.split("## Summary\n")[1].split("## Exercises")[0]
    assert len(re.findall(r"^- ", summary, re.M)) == 5
    assert len(re.findall(r"^- ", text.split("## Further reading\n")[1], re.M)) >= 2


def test_notebooks_are_small():
    assert sum(path.stat().st_size for path in NOTEBOOKS + ANSWERS) < 9_000_000


@pytest.mark.parametrize(
    "path",
    # One proves it; the others take a minute more.
    [NOTEBOOKS[0], *(pytest.param(path, marks=pytest.mark.slow) for path in NOTEBOOKS[1:])],
    ids=NAMES,
)
def test_nbval_notices_an_altered_number(path, tmp_path):
    """Alter one number in the first printed output, and run only as far as that cell."""
    notebook = nbformat.read(path, as_version=4)
    first = next(i for i, c in enumerate(notebook.cells) if prints_a_number(c))
    notebook.cells = notebook.cells[: first + 1]
    untouched, altered = tmp_path / "untouched.ipynb", tmp_path / "altered.ipynb"
    notebook.cells[first].metadata["tags"] = ["nbval-check-output"]
    # The cell may print what depends on the dataset; here it is compared with itself.
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--output", untouched]
        + [write(notebook, tmp_path / "start.ipynb")],
        check=True,
        capture_output=True,
    )
    assert nbval(untouched) == 0
    notebook = nbformat.read(untouched, as_version=4)
    output = next(o for o in notebook.cells[-1].outputs if re.search(r"\d", o.get("text", "")))
    output.text = re.sub(r"\d", lambda m: str((int(m[0]) + 1) % 10), output.text, count=1)
    write(notebook, altered)
    assert nbval(altered) == 1


@pytest.mark.slow
def test_notebook_2_does_not_depend_on_how_keras_is_set_up_on_a_machine(tmp_path):
    """Run it where Keras would compute with JAX, its channels first, in half precision."""
    strange = {"backend": "jax", "image_data_format": "channels_first", "floatx": "float16"}
    (tmp_path / "keras.json").write_text(json.dumps(strange))
    environment = os.environ | {"KERAS_BACKEND": "jax", "KERAS_HOME": str(tmp_path)}
    # Under pytest, ipykernel does not pass on what native libraries write to standard error.
    environment.pop("PYTEST_CURRENT_TEST", None)
    fresh = tmp_path / NOTEBOOKS[1].name
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", NOTEBOOKS[1]]
    subprocess.run([*command, "--output", fresh], env=environment, check=True, capture_output=True)
    is_mnist, errors = load_digits().name == "MNIST", []
    for cell, stored in zip(cells(fresh), cells(NOTEBOOKS[1]), strict=True):
        tags = cell.metadata.get("tags", [])
        if "nbval-ignore-output" not in tags if is_mnist else "nbval-check-output" in tags:
            errors += [o.text for o in cell.outputs if o.get("name") == "stderr"]
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
            assert said(cell) == said(stored)
    if is_mnist:
        what = "KERAS_BACKEND=jax, image_data_format=channels_first, floatx=float16 in "
        assert len(errors) == 1 and errors[0].startswith(f"digitlib: {what}")
        assert errors[0].count("\n") == 1


def said(cell):
    """Return what a cell prints, and shows as text."""
    outputs = [output for output in cell.outputs if "image/png" not in output.get("data", {})]
    return "".join(o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in outputs)


def prints_a_number(cell):
    return any(re.search(r"\d", output.get("text", "")) for output in cell.get("outputs", []))


def write(notebook, path):
    nbformat.write(notebook, path)
    return path


def nbval(path):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval"]
    done = subprocess.run([*command, "--nbval-current-env", path], capture_output=True)
    return done.returncode
