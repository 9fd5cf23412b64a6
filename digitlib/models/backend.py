"""TensorFlow and Keras, imported in silence: `from digitlib.models.backend import keras, tf`.

Keras takes its settings from the environment and from a file in the home folder; digitlib's are
always the same. As it is loaded, TensorFlow writes about processors and absent GPUs to standard
error, and no setting stops all of it. A beginner takes these lines for errors.
"""

import os

from digitlib.files import quiet_native

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
with quiet_native():
    import keras
    import tensorflow as tf

    tf.constant(0)  # the first operation looks for devices, and writes about those too
if keras.config.backend() != "tensorflow":
    raise ImportError(
        f"Keras was imported with the backend {keras.config.backend()!r}, and digitlib needs "
        "'tensorflow'; import digitlib.models.backend before keras."
    )
tf.get_logger().setLevel("ERROR")  # no advice on retracing where several networks are trained
keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")
keras.config.set_dtype_policy("float32")
keras.config.set_epsilon(1e-7)

__all__ = ["keras", "tf"]
