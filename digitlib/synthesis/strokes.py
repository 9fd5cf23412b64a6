"""Digits and other signs as pen strokes, drawn by code: for the sample pictures and for training.

They stand in strokes.json: for each digit several ways of writing it, for each other sign one. A
way is a list of strokes, a stroke a list of (x, y) points in a unit square, y downwards, through
which the pen runs smoothly; a point given twice is a corner.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

Stroke = list[list[float]]

_WAYS = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
DIGITS: dict[str, list[list[Stroke]]] = _WAYS["digits"]
SIGNS: dict[str, list[Stroke]] = _WAYS["signs"]  # that no reader should take for a digit


def smooth(points: np.ndarray | list, steps: int = 12) -> np.ndarray:
    """Return a stroke's points (n, 2) joined by a Catmull-Rom spline, `steps` to each piece.

    E. Catmull, R. Rom: A class of local interpolating splines, 1974.
    """
    p = np.asarray(points, float)
    p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False):
        if np.array_equal(b, c):
            continue
        # At a corner the tangent follows the straight piece instead of cutting across.
        a = 2 * b - c if np.array_equal(a, b) else a
        d = 2 * c - b if np.array_equal(c, d) else d
        bend = (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
        pieces.append(0.5 * (2 * b + (c - a) * t + bend))
    return np.concatenate([*pieces, p[-2:-1]])


def draw(strokes: list[np.ndarray], size: tuple[int, int], width: float) -> np.ndarray:
    """Return strokes, each (n, 2) in pixels, drawn with a round pen, as (height, width) 0..1."""
    fine = 3  # drawn larger and shrunk, as Pillow's lines have hard edges
    canvas = Image.new("L", (size[0] * fine, size[1] * fine))
    pen = ImageDraw.Draw(canvas)
    radius = width * fine / 2
    for points in strokes:
        line = [tuple(point) for point in (np.asarray(points) * fine).tolist()]
        pen.line(line, fill=255, width=max(1, round(2 * radius)), joint="curve")
        for x, y in (line[0], line[-1]):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(canvas.resize(size, Image.Resampling.BOX), np.float32) / 255
