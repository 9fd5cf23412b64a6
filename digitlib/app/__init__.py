"""The drawing pad and the button to upload pictures (the extra ``app``)."""

from digitlib.app.widgets import Pad, drawing_pad, uploader

__all__ = ["Pad", "drawing_pad", "uploader"]
