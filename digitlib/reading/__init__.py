"""A picture in, its text out. Needs no TensorFlow.

- `digitlib.reading.sources`: which pictures are meant by a file, a folder, a glob, an address
- `digitlib.reading.pictures`: formats; any picture, opened
- `digitlib.reading.paper`: where paper is, if it lies on a table
- `digitlib.reading.ink`: ink and paper
- `digitlib.reading.writing`: ink without ruled lines, squares and frames
- `digitlib.reading.glyphs`: pieces of ink, and lines of them
- `digitlib.reading.imaging`: 28 x 28 images in MNIST's look
- `digitlib.reading.recognizer`: which digits they are
- `digitlib.reading.advice`: why there is none, and what to do
- `digitlib.reading.drawing`: a drawing on plain paper, as the page in the browser reads it
"""

from digitlib.reading.imaging import Prepared, prepare
from digitlib.reading.pictures import open_picture
from digitlib.reading.recognizer import Digit, Reading, Recognizer, Result, read
from digitlib.reading.sources import find_pictures

__all__ = [
    "Digit", "Prepared", "Reading", "Recognizer", "Result",
    "find_pictures", "open_picture", "prepare", "read",
]  # fmt: skip
