"""Handwritten digits: find them, learn them, read them.

Importing this package is cheap. TensorFlow is imported by `digitlib.models` and
`digitlib.training`, which reading a picture does not need.
"""

__version__ = "0.1.0"
