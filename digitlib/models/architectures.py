"""The networks, one small function each; all take (n, 28, 28, 1) in 0..1 and give (n, 10).

The reader alone gives (n, 11). Keras is imported when a network is built, which takes seconds.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def classic_cnn() -> "keras.Sequential":
    """Return the network that the notebooks are about, untrained.

    Convolution with ReLU, max pooling, dropout, flatten, dense with ReLU, dropout, dense with
    softmax. The wide 5 x 5 window and the coarse pool of 3 beat the customary 3 x 3 and 2: what
    reaches the dense layer is smaller and has seen more of the stroke. It has 527,946 parameters.
    """
    from digitlib.models.backend import keras

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 5, activation="relu"),
            keras.layers.MaxPooling2D(3),
            keras.layers.Dropout(0.1),
            keras.layers.Flatten(),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10, activation="softmax"),
        ],
        name="classic_cnn",
    )


def fast_cnn() -> "keras.Sequential":
    """Return a small network that uses strides instead of pooling, untrained.

    A stride of 2 computes a quarter of the positions at once, where pooling computes them all
    and throws three quarters away; batch normalisation lets it learn at a high rate. The first
    convolution goes without: there it would cost more time than the convolution. Windows that
    stay within the image ("valid") leave out the border, which is empty.
    """
    from digitlib.models.backend import keras

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(16, 5, strides=2, activation="relu"),
            *_convolution(48, 3, strides=2, padding="valid"),
            *_convolution(96, 3, padding="valid"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ],
        name="fast_cnn",
    )


def reader_cnn() -> "keras.Sequential":
    """Return the network behind `digitlib.read`, untrained.

    Three stages of small convolutions, each stage at half the resolution of the one before; the
    mean over all positions replaces a large dense layer, so that a digit a little out of place
    reads the same. The eleventh output is the probability that the image is no digit.
    """
    from digitlib.models.backend import keras

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            *_convolution(32, 3),
            *_convolution(32, 5, strides=2),
            *_convolution(64, 3),
            *_convolution(64, 5, strides=2),
            *_convolution(128, 3),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(11, activation="softmax"),
        ],
        name="reader_cnn",
    )


def _convolution(
    filters: int, size: int, strides: int = 1, padding: str = "same"
) -> "list[keras.Layer]":
    from digitlib.models.backend import keras

    return [
        keras.layers.Conv2D(filters, size, strides=strides, padding=padding, use_bias=False),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.ReLU(),
    ]


NETWORKS = {"classic": classic_cnn, "fast": fast_cnn, "reader": reader_cnn}
