"""The drawing pad and the uploader: widgets for a notebook, and a page of their own.

The widgets need the extra ``app``; the page, `digitlib app` at the shell, does not.
"""

__all__ = ["Pad", "Uploader", "drawing_pad", "uploader"]


def __getattr__(name: str):
    """Import the widgets when they are first asked for; the page does without."""
    if name in __all__:
        from digitlib.app import widgets

        return getattr(widgets, name)
    raise AttributeError(f"module 'digitlib.app' has no attribute {name!r}")
