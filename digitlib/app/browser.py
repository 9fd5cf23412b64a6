"""The JavaScript modules of this folder, put together for a page or a widget that loads no file."""

import re
from pathlib import Path

HERE = Path(__file__).parent
IMPORT = re.compile(r"^import [^;]*;\n", re.M)
EXPORT = re.compile(r"^export (?=(async |)function|const|class)", re.M)


def bundle(*names: str) -> str:
    """Return modules as one script, each after those that it imports.

    Their imports of each other are left out, and what they export is there under its own name, so
    no two modules may give anything the same name.
    """
    sources = [(HERE / name).read_text(encoding="utf-8") for name in names]
    return "\n".join(EXPORT.sub("", IMPORT.sub("", source)) for source in sources)
