"""Execute the five notebooks in order: `python notebooks/run.py [--outputs]`.

They run in an empty copy of their folder, so that what a reader's notebooks have saved is not used.
Writes them, and the worked answers as they are stored, as pages with an index to build/; with
--outputs, executes the answers too and stores all outputs in the notebooks. Prints for each its
seconds and the peak memory of its kernel.
"""

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from pages import shrink_pictures, smaller_png, write_draw, write_index, write_page

from digitlib.app.widgets import ALT, still
from digitlib.datasets.digits import load_digits
from digitlib.files import PRETRAINED, SAMPLES
from digitlib.lessons import figures
from digitlib.reading.imaging import prepare
from digitlib.reading.recognizer import Recognizer

NOTEBOOKS = Path(__file__).resolve().parent
WIDGET = "application/vnd.jupyter.widget-view+json"
RUN = "Run this cell"
# Run last in each kernel, and not stored: its peak memory in MB.
PEAK_MEMORY = """
import sys
try:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak / (1024 * 1024 if sys.platform == "darwin" else 1024))
except ImportError:  # Windows
    print("nan")
"""


@contextlib.contextmanager
def copy_of_notebooks() -> Iterator[Path]:
    """Give a copy of this folder, without anything that running notebooks has left in it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "notebooks"
        for path in sorted(NOTEBOOKS.glob("**/0*.ipynb")):
            if path.parent in (NOTEBOOKS, NOTEBOOKS / "answers"):
                target = copy / path.relative_to(NOTEBOOKS)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
        yield copy


def execute(path: Path) -> tuple[nbformat.NotebookNode, float]:
    """Return a notebook with fresh outputs, and its kernel's peak memory in MB."""
    notebook = nbformat.read(path, as_version=4)
    probed = nbformat.from_dict(notebook)
    probed.cells = [*probed.cells, nbformat.v4.new_code_cell(PEAK_MEMORY)]
    client = NotebookClient(
        probed,
        timeout=900,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],  # it warns of every start on a terminal
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    peak = float(probed.cells.pop().outputs[0].text)
    for cell in probed.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = last_of_each_line(output.text)
            show_without_kernel(output)
        give_alternative_texts(cell)
    probed.metadata = {
        "kernelspec": probed.metadata["kernelspec"],
        "language_info": {"name": "python"},
    }
    return probed, peak


def give_alternative_texts(cell: nbformat.NotebookNode) -> None:
    """Write the texts in a cell's metadata ("alt", a list) beside its figures, in order.

    They stand there, as code that gave them would be no example of plain matplotlib.
    """
    texts = cell.metadata.get("alt", [])
    figures_shown = [o for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
    if texts and len(texts) != len(figures_shown):
        raise ValueError(f"cell {cell.id}: {len(texts)} texts, {len(figures_shown)} figures")
    for text, output in zip(texts, figures_shown, strict=False):
        output.metadata.setdefault("image/png", {})["alt"] = text


def show_without_kernel(output: nbformat.NotebookNode) -> None:
    """Leave of a widget what can be seen without its kernel: a picture that says what to do."""
    data = output.get("data", {})
    if data.pop(WIDGET, None) is not None and "image/png" not in data:  # one of ipywidgets' own
        data["image/png"] = still(RUN)
        output.metadata["image/png"] = {"alt": f"{ALT}: {RUN}"}


def last_of_each_line(text: str) -> str:
    """Return what a terminal would show in the end of a text with carriage returns."""
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))


def main() -> int:
    """Run all notebooks; 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--outputs", action="store_true", help="store outputs in the notebooks")
    options = parser.parse_args()
    digits = load_digits()
    if options.outputs and digits.name != "MNIST":
        parser.error("the stored outputs are MNIST's; 'digitlib data' says why it was not found")
    if digits.name != "MNIST":
        os.environ["DIGITLIB_OFFLINE"] = "1"  # tried once: the kernels need not try again
    executed, began = {}, time.perf_counter()
    with copy_of_notebooks() as copies:
        for path in sorted(NOTEBOOKS.glob("0*.ipynb")) + sorted(NOTEBOOKS.glob("answers/0*.ipynb")):
            is_answer = path.parent != NOTEBOOKS
            if is_answer and not options.outputs:
                write_page(path, nbformat.read(path, as_version=4))
                continue
            start = time.perf_counter()
            print(f"{path.stem:<24}", end="", flush=True)
            try:
                notebook, peak = execute(copies / path.relative_to(NOTEBOOKS))
            except CellExecutionError as error:
                print(f"failed:\n{error}")
                return 1
            print(f"{time.perf_counter() - start:6.1f} s   {peak:6.0f} MB", flush=True)
            shrink_pictures(notebook)
            if options.outputs:
                nbformat.write(notebook, path)
            write_page(path, notebook)
            if not is_answer:
                executed[path] = notebook
    print(f"{'all of them':<24}{time.perf_counter() - began:6.1f} s")
    if options.outputs:
        write_readme_picture()
    write_draw()
    print_summary(digits, write_index(executed))
    return 0


def write_readme_picture() -> None:
    """Write the picture that the README opens with."""
    prepared = prepare(SAMPLES / "several_digits.jpg")
    reading = Recognizer().read_prepared(prepared)
    figure = figures.reading_steps(prepared, reading, f"read as {reading.text}")
    (NOTEBOOKS / "images" / "reading.png").write_bytes(smaller_png(figures.png(figure)))


def print_summary(digits, index: Path) -> None:
    """Print which digits there were, what the shipped network reads, and where to read on."""
    sample = SAMPLES / "shadowed_photo.jpg"
    reading = Recognizer().read(sample)
    shipped = json.loads((PRETRAINED / "reader.keras.card.json").read_text())
    print(
        f"\ndigits      {digits.name}, from {digits.source}\n"
        f"shipped     {shipped['test_accuracy']:.2%} of MNIST's test images, says the card of the "
        f"{shipped['network']} network\n"
        f"sample      {sample.name} read as {reading.text!r} ({reading.confidence:.0%} sure)\n"
        f"pages       {index}"
    )


if __name__ == "__main__":
    sys.exit(main())
