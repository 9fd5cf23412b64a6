"""What is installed, rather than what lies in a checkout: a wheel, built and used elsewhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
USE = """
import pathlib, sys, digitlib
from digitlib import files
assert pathlib.Path(digitlib.__file__).is_relative_to(sys.argv[1]), digitlib.__file__
assert digitlib.read(files.SAMPLES / "several_digits.jpg").text == "20619"
assert {path.name for path in files.PRETRAINED.iterdir()} >= {
    "classic.keras", "classic.keras.card.json", "reader.keras", "reader.tflite", "out_of_fold.npz"
}
from digitlib import app, bulk, lessons, synthesis, training
assert "canvas" in app.drawing_pad()._esm and "canvas" in app.drawing_pad()._css
from digitlib.app import server
assert "createDrawing" in server.page()
assert (files.PRETRAINED.parent / "py.typed").is_file()
"""


def test_a_wheel_reads_a_picture_and_has_its_parts(tmp_path):
    source, site, elsewhere = tmp_path / "source", tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "digitlib", source / "digitlib", ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "-q"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, source]
    subprocess.run([*pip, *build], check=True)
    [wheel] = tmp_path.glob("digitlib-*.whl")
    install = ["install", "--no-deps", "--no-index", "--target", site, wheel]
    subprocess.run([*pip, *install], check=True)
    environment = os.environ | {"PYTHONPATH": str(site)}
    run = {"cwd": elsewhere, "env": environment, "check": True}
    subprocess.run([sys.executable, "-c", USE, site], **run)
    sample = site / "digitlib" / "samples" / "dark_on_light.png"
    done = subprocess.run(
        [sys.executable, "-m", "digitlib", "predict", sample], capture_output=True, text=True, **run
    )
    assert done.stdout.split("\t")[1] == "7"
