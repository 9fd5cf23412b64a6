import numpy as np

from digitlib.reading.recognizer import ALTERATIONS, FIRST_LOOK, look_twice


def test_only_doubtful_images_are_looked_at_again():
    asked = []

    def network(images):
        asked.append(len(images))
        probs = np.zeros((len(images), 10))
        sure = images.max(axis=(1, 2)) == 255
        probs[:, 3] = np.where(sure, 0.99, 0.6)
        probs[:, 5] = 1 - probs[:, 3]
        return probs

    images = np.zeros((3, 28, 28), np.uint8)
    images[0, 10:18, 10:18], images[1:, 10:18, 10:18] = 255, 100
    probs = look_twice(network, images)
    assert asked == [3] + [2] * len(ALTERATIONS)
    assert np.allclose(probs.sum(axis=1), 1) and np.allclose(probs[:, 3], [0.99, 0.6, 0.6])


def test_the_mean_counts_the_image_itself_too():
    calls = []

    def network(images):
        calls.append(images)
        first = len(calls) == 1
        return np.tile([0.9, 0.1] if first else [0.0, 1.0], (len(images), 1))

    [probs] = look_twice(network, np.ones((1, 28, 28), np.uint8))
    assert np.isclose(probs[0], 0.9 * FIRST_LOOK / (FIRST_LOOK + len(ALTERATIONS)))
    assert all(image.shape == (1, 28, 28) for image in calls)
