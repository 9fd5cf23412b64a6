"""What only the notebooks use: `check` for the exercises, `figures` to show.

Importing it settles what `import keras` and `import matplotlib.pyplot` then find: Keras on
TensorFlow, in silence and with the same settings everywhere, and one style for all figures.
"""

import contextlib
import sys

from digitlib.lessons import figures, plain_keras
from digitlib.lessons.exercises import check

plain_keras.settle()
figures.set_style()
if "google.colab" in sys.modules:  # shows ipywidgets' own widgets, and others only if asked
    with contextlib.suppress(Exception):  # without the pad, FileUpload and all else still work
        from google.colab import output

        output.enable_custom_widget_manager()

__all__ = ["check", "figures"]
