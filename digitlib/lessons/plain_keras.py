"""What `import keras` finds in a notebook: Keras with digitlib's settings, imported in silence."""

import importlib
import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from digitlib.files import quiet_native
from digitlib.models import settings

BACKEND = "digitlib.models.backend"


class QuietFinder(PathFinder):
    """Finds Keras as Python does, but has it loaded in silence, and set up by `BACKEND`."""

    @classmethod
    def find_spec(cls, fullname: str, path=None, target=None) -> ModuleSpec | None:
        """Return where Keras lies, or None for any other module."""
        spec = super().find_spec(fullname, path, target) if fullname == "keras" else None
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_in_silence(module: ModuleType) -> None:
                with quiet_native():
                    load(module)
                    importlib.import_module(BACKEND)

            spec.loader.exec_module = load_in_silence  # type: ignore[method-assign]
        return spec


def settle() -> None:
    """Settle what `import keras` gives from now on; nothing is loaded before it is asked for."""
    if "keras" in sys.modules:
        importlib.import_module(BACKEND)
        return
    settings.settle()  # the environment is read while Keras is loaded; BACKEND comes after that
    if QuietFinder not in sys.meta_path:
        sys.meta_path.insert(0, QuietFinder)
