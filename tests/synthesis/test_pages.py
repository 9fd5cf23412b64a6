import numpy as np
import pytest

from digitlib.datasets import load_digits
from digitlib.synthesis import digits as augmentation
from digitlib.synthesis import pages


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def drawn(digits, seed, count):
    rng = np.random.default_rng(seed)
    return [pages.draw_page(digits.train_images, digits.train_labels, rng) for _ in range(count)]


def test_pages_follow_from_their_seed(digits):
    once, again, other = (drawn(digits, seed, 10) for seed in (3, 3, 4))
    for (colours, text), (same, same_text) in zip(once, again, strict=True):
        assert text == same_text and np.array_equal(colours, same)
    assert [text for _, text in once] != [text for _, text in other]


def test_pages_are_pictures_and_a_quarter_have_no_digit(digits):
    made = drawn(digits, 5, 120)
    assert all(c.ndim == 3 and c.shape[2] == 3 and c.dtype == np.uint8 for c, _ in made)
    assert all(min(c.shape[:2]) >= 8 for c, _ in made)
    empty = sum(not text for _, text in made)
    assert 16 <= empty <= 44  # three standard errors around a quarter


def test_what_is_written_are_the_digits_that_the_text_names(monkeypatch, digits):
    """Each page is drawn of the images that its text names, in their order."""
    shown = []
    by_one_pen, as_file = augmentation.by_one_pen, pages.as_file

    def noted(images, rng):
        shown.append(images)
        return by_one_pen(images, rng)

    def noted_file(image, rng):
        shown.append([image])
        return as_file(image, rng)

    for module in (pages, augmentation):  # where digits touch, they are written there
        monkeypatch.setattr(module, "by_one_pen", noted)
    monkeypatch.setattr(pages, "as_file", noted_file)
    names = {image.tobytes(): str(label) for image, label in
             zip(digits.train_images, digits.train_labels, strict=True)}  # fmt: skip
    rng, texts = np.random.default_rng(6), []
    for _ in range(40):
        _, text = pages.draw_page(digits.train_images, digits.train_labels, rng)
        assert text == "".join(names[image.tobytes()] for row in shown for image in row)
        texts.append(text)
        shown.clear()
    assert max(map(len, texts)) > 6  # more than a row


def test_an_empty_page_shows_no_image(monkeypatch, digits):
    def never(*arguments):
        raise AssertionError("a page without digits has been given one")

    for name in ("by_one_pen", "redraw", "touching", "as_file"):
        monkeypatch.setattr(pages, name, never)
    rng = np.random.default_rng(7)
    seen = [pages.draw_empty(rng) for _ in range(30)]
    assert sum(picture.std() > 3 for picture in seen) > 24  # they are not blank either


def test_letters_and_signs_hold_no_digit():
    assert not any(character.isdigit() for character in pages.LETTERS + pages.OTHERS + pages.TEXT)


@pytest.mark.parametrize("seed", range(6))
def test_a_power_or_a_fraction_has_the_ink_of_its_digits_at_two_heights(digits, seed):
    chosen, ink = pages.raised(digits.train_images, np.random.default_rng(seed))
    assert 2 <= len(chosen) <= 4 and ink.min() >= 0 and ink.max() <= 1
    rows = np.flatnonzero((ink > 0.3).any(axis=1))
    assert len(rows) == len(ink) and len(ink) > 0.8 * pages.CANVAS


def test_a_slip_on_a_table_shows_the_page_and_something_else_all_around():
    page = np.full((120, 200, 3), 230, np.uint8)
    for seed in range(6):
        shown = pages.on_a_table(page, np.random.default_rng(seed))
        assert shown.dtype == np.uint8 and shown.shape[2] == 3
        assert (np.array(shown.shape[:2]) > page.shape[:2]).all()
        is_page = (abs(shown.astype(int) - 230) < 3).all(axis=-1)
        assert 0.8 * page[..., 0].size < is_page.sum()
