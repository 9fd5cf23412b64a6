"""The JavaScript modules of this folder, put together for a page or a widget that loads no file."""

import json
import re
from pathlib import Path

HERE = Path(__file__).parent
IMPORT = re.compile(r"^import [^;]*;\n", re.M)
DEFAULT = re.compile(r"^export default [^;]*;\n", re.M)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.M)


def bundle(*names: str) -> str:
    """Return modules as one, each after those that it imports from.

    What a module exports is there under its own name for those that follow, and nothing else of it
    is. Of default exports that of the last module stays.
    """
    *others, last = ((HERE / name).read_text("utf-8") for name in names)
    parts = []
    for source in others:
        exports = ", ".join(EXPORT.findall(source))
        own = EXPORT.sub("", DEFAULT.sub("", IMPORT.sub("", source)))
        parts.append(f"const {{ {exports} }} = (() => {{\n{own}return {{ {exports} }};\n}})();\n")
    return "\n".join([*parts, EXPORT.sub("", IMPORT.sub("", last))])


def fitted() -> dict:
    """Return the weights of the reader's confidence, as `createReader` in live.js takes them."""
    return json.loads((HERE.parent / "reading" / "confidence.json").read_text("utf-8"))


# The page and the widgets, but for what carries their questions: page.js or widget.js.
SCRIPTS = (
    *("network.js", "layers.js", "pad.js", "answer.js", "keep.js", "drawn.js"),
    *("shrink.js", "uploaded.js"),
)
STYLES = ("pad.css", "layers.css", "live.css", "app.css")


def together(*names: str) -> str:
    """Return style sheets as one."""
    return "".join((HERE / name).read_text("utf-8") for name in names)
