"""The input pipeline: shuffled batches of augmented images, from a seed alone."""

import numpy as np

from digitlib.models.backend import tf
from digitlib.training import seeds
from digitlib.training.recipes import Recipe


def batches(
    images: np.ndarray, labels: np.ndarray, recipe: Recipe, classes: int, first_epoch: int = 0
) -> tf.data.Dataset:
    """Return the batches of a run, epoch after epoch from the first one on, as Keras wants them.

    Order and augmentation follow from seed and epoch alone. Each batch is a pair of float32
    tensors (batch, 28, 28, 1) in 0..1 and (batch, classes), one-hot.
    """
    pixels = tf.expand_dims(images, -1)
    targets = tf.constant(labels.astype(np.int32))
    seed = tf.constant(recipe.seed, tf.int64)
    amounts = recipe.rotation, recipe.scale, recipe.shift

    def one_epoch(epoch):
        order = tf.random.experimental.stateless_shuffle(
            tf.range(len(labels)), seed=tf.stack(seeds.order(seed, epoch))
        )

        def load(step, chosen):
            inputs = tf.cast(tf.gather(pixels, chosen), tf.float32) / 255
            if any(amounts):
                batch_seed = tf.stack(seeds.augmentation(seed, epoch, step, len(labels)))
                inputs = random_affine(inputs, batch_seed, *amounts)
            return inputs, tf.one_hot(tf.gather(targets, chosen), classes)

        shuffled = tf.data.Dataset.from_tensor_slices(order)
        return shuffled.batch(recipe.batch_size, drop_remainder=True).enumerate().map(load)

    return tf.data.Dataset.range(first_epoch, recipe.epochs).flat_map(one_epoch).prefetch(2)


def random_affine(images, seed, rotation: float, scale: float, shift: float):
    """Turn, stretch and move each image of a batch by its own random amounts.

    Images are (n, height, width, 1) float32; what comes in from outside is 0. The same seed, (2,)
    int64, gives the same images. `rotation` is the largest angle in degrees, `scale` the largest
    relative stretch of each axis, `shift` the largest movement in pixels; each is drawn uniformly
    from both directions.
    """
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    amount = tf.random.stateless_uniform([5, count], seed=seed, minval=-1.0, maxval=1.0)
    angle = amount[0] * (rotation * 3.14159265 / 180)
    across, down = 1 + scale * amount[1], 1 + scale * amount[2]
    cos, sin, zero = tf.cos(angle), tf.sin(angle), tf.zeros_like(angle)
    # Each row maps output positions to input positions, about the centre of the image.
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    a, b, c, d = cos / across, -sin / down, sin / across, cos / down
    move_x = centre_x - a * centre_x - b * centre_y + shift * amount[3]
    move_y = centre_y - c * centre_x - d * centre_y + shift * amount[4]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a, b, move_x, c, d, move_y, zero, zero], axis=1),
        output_shape=[height, width],
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=0.0,
    )
