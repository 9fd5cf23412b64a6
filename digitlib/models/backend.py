"""TensorFlow and Keras, imported in silence: `from digitlib.models.backend import keras, tf`.

As it is loaded, TensorFlow writes about processors and absent GPUs to standard error, and no
setting stops all of it. A beginner takes these lines for errors.
"""

from digitlib.files import quiet_native
from digitlib.models.settings import OURS, settle

settle()
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
keras.config.set_image_data_format(OURS["image_data_format"])
keras.config.set_floatx(OURS["floatx"])
keras.config.set_dtype_policy(OURS["floatx"])
keras.config.set_epsilon(OURS["epsilon"])

__all__ = ["keras", "tf"]
