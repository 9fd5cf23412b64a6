"""TensorFlow and Keras, imported in silence: `from digitlib.models.backend import keras, tf`.

As it is loaded, TensorFlow writes about processors and absent GPUs to standard error, and no
setting stops all of it. A beginner takes these lines for errors.
"""

import os

from digitlib.files import quiet_native

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
with quiet_native():
    import keras
    import tensorflow as tf

    tf.constant(0)  # the first operation looks for devices, and writes about those too
tf.get_logger().setLevel("ERROR")  # no advice on retracing where several networks are trained

__all__ = ["keras", "tf"]
