"""Seconds for a folder of PNG files in Keras: `python one_by_one.py MODEL.h5 FOLDER one|batched`.

Importing TensorFlow and loading the model do not count.
"""

import os
import sys
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
from PIL import Image


def load(path):
    return np.asarray(Image.open(path).convert("L").resize((28, 28)), "float32")[..., None] / 255


model = tf.keras.models.load_model(sys.argv[1], compile=False)
paths = sorted(Path(sys.argv[2]).glob("*.png"))
start = time.perf_counter()
if sys.argv[3] == "one":
    for path in paths:
        int(np.argmax(model(load(path)[None], training=False)))
else:
    model.predict(np.stack([load(path) for path in paths]), batch_size=500, verbose=0)
print(time.perf_counter() - start)
