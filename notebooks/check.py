"""Check the five notebooks with nbval: `python notebooks/check.py [--answers]`.

On MNIST every stored output is compared but the pixels of figures, except in cells tagged
nbval-ignore-output. The stored outputs come from MNIST, so that on the stand-in only cells tagged
nbval-check-output are compared. Prints how many cells of each notebook were compared. With
--answers, the worked answers are checked instead.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import nbformat

from digitlib.datasets.digits import load_digits

NOTEBOOKS = Path(__file__).resolve().parent
LEAST_SHARE = 0.7


def compared_cells(path: Path, strictly: bool) -> tuple[int, int]:
    """Return how many code cells nbval compares, and how many there are."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tags = [cell.metadata.get("tags", []) for cell in code]
    if strictly:
        return sum("nbval-ignore-output" not in t for t in tags), len(code)
    return sum("nbval-check-output" in t for t in tags), len(code)


def main() -> int:
    """Run nbval over all notebooks; its exit status, or 1 where too few cells are compared."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", action="store_true", help="check the worked answers instead")
    folder = NOTEBOOKS / "answers" if parser.parse_args().answers else NOTEBOOKS
    digits = load_digits()
    strictly = digits.name == "MNIST"
    print(f"notebooks on {digits.name}, {'strict' if strictly else 'lax'}")
    if not strictly:
        os.environ["DIGITLIB_OFFLINE"] = "1"  # tried once: the kernels need not try again
    paths = sorted(folder.glob("0*.ipynb"))
    failed = False
    for path in paths:
        compared, total = compared_cells(path, strictly)
        print(f"{path.stem:<24} {compared} of {total} code cells compared")
        if strictly and compared < LEAST_SHARE * total:
            print(f"{path.name}: fewer than {LEAST_SHARE:.0%} of its cells are compared")
            failed = True
    mode = "--nbval" if strictly else "--nbval-lax"
    # Named one by one, and without the configured test folder: nothing but the notebooks runs.
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-ra", mode]
    command += ["--nbval-current-env", "--nbval-cell-timeout=900", "--timeout=900"]
    command += map(str, paths)
    status = subprocess.run(command, cwd=NOTEBOOKS.parent).returncode
    return status or int(failed)


if __name__ == "__main__":
    sys.exit(main())
