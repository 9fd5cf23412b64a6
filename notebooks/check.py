"""Check the five notebooks: `python notebooks/check.py [--answers]`.

They run in an empty copy of their folder, in order. On MNIST, nbval compares every stored output
but the pixels of figures, except in cells tagged nbval-ignore-output: what these print depends on
training, and is compared with the numbers in the prose (notebooks/claims.py). The stored outputs
and the prose are MNIST's, so that on the stand-in only cells tagged nbval-check-output are
compared. With --answers, the worked answers are checked instead.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path

import claims
import nbformat
import pytest
from run import NOTEBOOKS, copy_of_notebooks

from digitlib.datasets.digits import load_digits


class Printed:
    """A plugin of pytest that keeps the notebooks as nbval ran them, by their names."""

    def __init__(self):
        self.notebooks: dict[str, nbformat.NotebookNode] = {}

    def pytest_runtest_teardown(self, item):
        """Put what a cell printed into the place of what was stored, once that was compared."""
        item.cell.outputs = item.test_outputs or []
        self.notebooks[item.path.stem] = item.parent.nb


def run_nbval(folder: Path, paths: list[Path], strictly: bool) -> tuple[int, Printed]:
    """Have nbval run notebooks in a folder and compare their outputs; return its exit status."""
    mode, printed = "--nbval" if strictly else "--nbval-lax", Printed()
    options = ["-p", "no:cacheprovider", "-q", "-ra", mode, "--nbval-current-env"]
    options += ["--nbval-cell-timeout=900", "--timeout=900"]
    # Named one by one, and without the configured test folder: nothing but the notebooks runs.
    with contextlib.chdir(folder):
        return int(pytest.main([*options, *map(str, paths)], plugins=[printed])), printed


def main() -> int:
    """Run nbval over all notebooks; 1 if an output or a number in the prose differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", action="store_true", help="check the worked answers instead")
    answers = parser.parse_args().answers
    digits = load_digits()
    strictly = digits.name == "MNIST"
    print(f"notebooks on {digits.name}, {'strict' if strictly else 'lax'}")
    if not strictly:
        os.environ["DIGITLIB_OFFLINE"] = "1"  # tried once: the kernels need not try again
    paths = [p for p in claims.notebooks_and_answers() if (p.parent != NOTEBOOKS) == answers]
    for path in paths:
        share = claims.share_of_trained(nbformat.read(path, as_version=4))
        print(f"{path.stem:<24} {share} print what depends on training")
    with copy_of_notebooks() as folder:
        copies = [folder / path.relative_to(NOTEBOOKS) for path in paths]
        status, printed = run_nbval(folder, copies, strictly)
    for path in paths if strictly else ():
        for fault in claims.faults_of_outputs(printed.notebooks[path.stem], claims.claims_of(path)):
            print(fault)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
