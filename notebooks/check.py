"""Check the five notebooks: `python notebooks/check.py [--answers]`.

They run in an empty copy of their folder, in order. On MNIST, nbval compares every stored output
but the pixels of figures, except in cells tagged nbval-ignore-output: what these print depends on
training. So notebooks with such cells run once more, and what they print is compared with the
numbers in the prose (notebooks/claims.py). The stored outputs and the prose are MNIST's, so that on
the stand-in only cells tagged nbval-check-output are compared. With --answers, the worked answers
are checked instead.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import claims
import nbformat
from run import NOTEBOOKS, copy_of_notebooks, execute

from digitlib.datasets.digits import load_digits


def run_nbval(folder: Path, paths: list[Path], strictly: bool) -> int:
    """Have nbval run notebooks in a folder and compare their outputs; return its exit status."""
    mode = "--nbval" if strictly else "--nbval-lax"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-ra", mode]
    command += ["--nbval-current-env", "--nbval-cell-timeout=900", "--timeout=900"]
    # Named one by one, and without the configured test folder: nothing but the notebooks runs.
    return subprocess.run([*command, *map(str, paths)], cwd=folder).returncode


def faults_when_run(folder: Path, paths: list[Path]) -> list[str]:
    """Run the notebooks that train; return which numbers of the prose they do not bear out."""
    faults = []
    for path in paths:
        if claims.TRAINED in path.read_text("utf-8"):
            notebook, _ = execute(folder / path.relative_to(NOTEBOOKS))
            faults += claims.faults_of_outputs(notebook, claims.claims_of(path))
    return faults


def main() -> int:
    """Run nbval over all notebooks, then those that train; 1 if anything differs."""
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
        status = run_nbval(folder, copies, strictly)
    if strictly:
        with copy_of_notebooks() as folder:
            faults = faults_when_run(folder, paths)
        print(*faults, sep="\n", end="\n" if faults else "")
        status = status or int(bool(faults))
    return status


if __name__ == "__main__":
    sys.exit(main())
