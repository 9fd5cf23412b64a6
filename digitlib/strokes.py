"""Digits as pen strokes: drawn by code, for the sample pictures and for training.

Each digit has one or more ways of writing it. A way is a list of strokes, a stroke a list of
(x, y) points in a unit square, y downwards, through which the pen runs smoothly; a point given
twice is a corner.
"""

import numpy as np

WAYS = {
    "0": [
        [[(0.5, 0.0), (0.15, 0.2), (0.1, 0.6), (0.4, 1.0), (0.8, 0.75), (0.85, 0.3), (0.5, 0.0)]]
    ],
    "1": [
        [[(0.5, 0.0), (0.5, 0.5), (0.5, 1.0)]],
        [[(0.2, 0.3), (0.4, 0.17), (0.6, 0.0), (0.6, 0.0), (0.6, 0.5), (0.6, 1.0)]],
    ],
    "2": [
        [
            [(0.1, 0.25), (0.3, 0.02), (0.7, 0.05), (0.8, 0.35), (0.5, 0.7), (0.1, 1.0)]
            + [(0.1, 1.0), (0.5, 0.97), (0.9, 0.98)]
        ]
    ],
    "3": [
        [
            [(0.15, 0.1), (0.5, 0.0), (0.8, 0.2), (0.6, 0.43), (0.4, 0.47), (0.4, 0.47)]
            + [(0.75, 0.55), (0.85, 0.8), (0.5, 1.0), (0.1, 0.88)]
        ]
    ],
    "4": [
        [[(0.45, 0.0), (0.3, 0.3), (0.1, 0.62), (0.1, 0.62), (0.5, 0.62), (0.9, 0.6)]]
        + [[(0.65, 0.35), (0.65, 0.7), (0.63, 1.0)]],
        [[(0.2, 0.0), (0.17, 0.25), (0.2, 0.5), (0.45, 0.55), (0.75, 0.48)]]
        + [[(0.75, 0.05), (0.74, 0.5), (0.72, 1.0)]],
    ],
    "5": [
        [
            [(0.25, 0.0), (0.2, 0.2), (0.17, 0.42), (0.17, 0.42), (0.5, 0.36), (0.85, 0.6)]
            + [(0.7, 0.93), (0.4, 1.0), (0.1, 0.9)],
            [(0.25, 0.0), (0.5, 0.01), (0.85, 0.0)],
        ]
    ],
    "6": [
        [
            [(0.7, 0.0), (0.35, 0.25), (0.13, 0.65), (0.3, 0.97), (0.7, 0.95), (0.85, 0.7)]
            + [(0.6, 0.5), (0.3, 0.58), (0.16, 0.75)]
        ]
    ],
    "7": [
        [[(0.1, 0.03), (0.5, 0.03), (0.85, 0.0), (0.85, 0.0), (0.6, 0.45), (0.4, 1.0)]],
        [[(0.1, 0.03), (0.5, 0.03), (0.85, 0.0), (0.85, 0.0), (0.6, 0.45), (0.4, 1.0)]]
        + [[(0.3, 0.5), (0.55, 0.49), (0.8, 0.48)]],
    ],
    "8": [
        [
            [(0.75, 0.15), (0.5, 0.0), (0.22, 0.18), (0.45, 0.43), (0.75, 0.65), (0.75, 0.88)]
            + [(0.45, 1.0), (0.18, 0.85), (0.3, 0.6), (0.6, 0.42), (0.75, 0.15)]
        ]
    ],
    "9": [
        [
            [(0.8, 0.2), (0.55, 0.0), (0.2, 0.15), (0.2, 0.42), (0.5, 0.5), (0.78, 0.25)]
            + [(0.8, 0.2), (0.8, 0.2), (0.78, 0.6), (0.7, 1.0)]
        ]
    ],
}


def smooth(points, steps: int = 12) -> np.ndarray:
    """Return a stroke's points (n, 2) joined by a Catmull-Rom spline, `steps` to each piece.

    E. Catmull, R. Rom: A class of local interpolating splines, 1974.
    """
    p = np.asarray(points, float)
    p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = [
        0.5
        * (
            2 * b
            + (c - a) * t
            + (2 * a - 5 * b + 4 * c - d) * t**2
            + (3 * b - a - 3 * c + d) * t**3
        )
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
        if not np.array_equal(b, c)
    ]
    return np.concatenate([*pieces, p[-2:-1]])


def strokes(digit: str, way: int = 0) -> list[np.ndarray]:
    """Return the smooth strokes of a digit, each (n, 2) in the unit square."""
    return [smooth(stroke) for stroke in WAYS[digit][way]]
