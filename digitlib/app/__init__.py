"""The drawing pad and the uploader: widgets for a notebook, and a page of their own.

The widgets need the extra ``app``. The page, `digitlib app` at the shell, reads without it; to keep
pictures and to show a network's layers it needs that extra, too, and for test images ``train``.
"""

__all__ = ["Pad", "Uploader", "drawing_pad", "uploader"]


def __getattr__(name: str):
    """Import the widgets when they are first asked for; the page does without."""
    if name in __all__:
        from digitlib.app import widgets

        return getattr(widgets, name)
    raise AttributeError(f"module 'digitlib.app' has no attribute {name!r}")
