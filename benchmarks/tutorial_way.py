"""One picture as most tutorials read it: `python tutorial_way.py MODEL.h5 PICTURE`."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
from PIL import Image

model = tf.keras.models.load_model(sys.argv[1], compile=False)
image = Image.open(sys.argv[2]).convert("L").resize((28, 28))
x = np.asarray(image, "float32")[None, ..., None] / 255
print(int(model.predict(x, verbose=0).argmax()))
