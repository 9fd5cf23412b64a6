"""The page that reads in the browser alone, held to Python and driven in a real Chromium."""

import importlib.util
import itertools
import json
import re
from pathlib import Path

import browsing
import numpy as np
import pytest
from PIL import Image, ImageDraw

from digitlib.app import browser, weights
from digitlib.datasets.digits import load_digits
from digitlib.errors import ModelError
from digitlib.files import PRETRAINED
from digitlib.models.loading import load_network
from digitlib.reading import confidence, glyphs, imaging, ink, recognizer
from digitlib.reading.drawing import drawing_lines, read_drawing
from digitlib.synthesis.strokes import DIGITS, draw, smooth

ROOT = Path(__file__).parents[2]
LARGEST = 1_500_000  # bytes of the page
PHONE, TABLET, DESKTOP = (390, 844), (820, 1180), (1280, 900)
SEVEN = [(0.3, 0.25), (0.7, 0.25), (0.45, 0.8)]

# The names of things in the reader that lie on each other, or are wider than their place.
OVERLAPS = """() => {
  const all = [...document.querySelectorAll('.digitlib-live > *:not(.digitlib-status)')];
  const boxes = all.map((each) => [each.className, each.getBoundingClientRect()]);
  const over = all.filter((each) => each.scrollWidth > each.clientWidth).map((e) => e.className);
  for (const [name, a] of boxes) {
    for (const [other, b] of boxes) {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (name < other && across > 1 && down > 1) over.push(`${name} on ${other}`);
    }
  }
  return over;
}"""

# The pad's picture, two frames from now.
SOON = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
  done(document.querySelector(".digitlib-canvas").toDataURL()))))"""


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module")
def in_browser():
    """Return benchmarks/in_browser.py."""
    return module(ROOT / "benchmarks" / "in_browser.py")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Write the page to draw on and that of notebook 5; return their folder."""
    pages = module(ROOT / "notebooks" / "pages.py")
    pages.PAGES = tmp_path_factory.mktemp("site")
    pages.write_draw()
    fifth = pages.chapters()[4]
    pages.write_page(fifth, pages.read(fifth))
    return pages.PAGES


# Without a browser


def test_constants_of_the_script_are_pythons():
    script = (browser.HERE / "drawing.js").read_text(encoding="utf-8")
    found = dict(re.findall(r"\b([A-Z_]{3,}) = ([\d.]+|Math\.log\([\d.]+\))[,;]", script))
    assert found.pop("NO_DIGIT") == "10"
    for name, text in found.items():
        value = np.log(float(text[9:-1])) if text.startswith("Math") else float(text)
        named = [
            getattr(room, name)
            for room in (confidence, glyphs, imaging, ink, recognizer)
            if hasattr(room, name) and not isinstance(getattr(room, name), type)
        ]
        assert value in named, name
    assert len(found) == 26


def test_no_layer_is_left_out_in_silence(monkeypatch):
    odd = ("LSTM", {"name": "odd"}, [])
    monkeypatch.setattr(weights, "_stored", lambda path: iter([odd]))
    with pytest.raises(ModelError, match="has a layer LSTM"):
        weights.exported()


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("ReLU", {"max_value": 6}, "ReLU with a limit"),
        ("BatchNormalization", {}, "BatchNormalization that follows no convolution"),
        ("Activation", {"activation": "elu"}, "with the activation elu"),
        ("MaxPooling2D", {"pool_size": [2, 2], "strides": [1, 1], "padding": "valid"}, "overlap"),
    ],
)
def test_nor_a_setting_that_the_page_does_not_know(monkeypatch, kind, settings, words):
    dense = ("Dense", {"units": 3, "activation": "linear", "use_bias": True}, [np.ones((2, 3))] * 2)
    monkeypatch.setattr(weights, "_stored", lambda path: iter([dense, (kind, settings, [])]))
    with pytest.raises(ModelError, match=words):
        weights.exported()


def test_weights_are_those_of_the_file_in_16_bits():
    kept = weights.exported(PRETRAINED / "classic.keras")
    count = sum(sum(layer.get("weights", [])) for layer in kept["layers"])
    assert count == 527_946  # as the network's card says
    assert len(json.dumps(weights.exported())) < 0.6 * LARGEST


def test_a_comparison_sees_what_differs(in_browser):
    """Each share falls where one of the two is made a little wrong."""
    pictures = list(in_browser.drawings(3))

    def read(grey, image=0, probability=0.0, sure=0.0, text=""):
        reading = read_drawing(grey)
        seen = [glyph for line in drawing_lines(grey) for glyph in line.glyphs.values()]
        return {
            "text": reading.text + text,
            "confidence": reading.confidence + sure,
            "ms": 1.0,
            "digits": [{"probabilities": d.probabilities + probability} for d in reading.digits],
            "looked": [{"box": g.box, "image": g.image.ravel() + image} for g in seen],
        }

    shares = ("pieces", "pixels", "answers", "probabilities", "confidence")
    same = in_browser.compare(pictures, read)
    assert [same[share] for share in shares] == [1, 1, 1, 1, 1]
    assert in_browser.compare(pictures, lambda g: read(g, image=3))["pixels"] < 0.5
    assert in_browser.compare(pictures, lambda g: read(g, probability=0.02))["probabilities"] == 0
    assert in_browser.compare(pictures, lambda g: read(g, sure=0.02))["confidence"] == 0
    wrong = in_browser.compare(pictures, lambda g: read(g, text="1" if g is pictures[0] else ""))
    assert wrong["answers"] == 2 / 3


def test_a_drawing_in_python_is_not_cut_and_not_looked_at_again(in_browser):
    touching = np.full((100, 160), 255, np.uint8)
    touching[20:80, [*range(20, 28), *range(120, 128)]] = 0  # two ones, and a bar between
    touching[46:54, 20:128] = 0
    [line] = imaging.prepare(touching).lines
    assert line.glyphs[0, 1].slices
    asked = []

    def doubting(images):
        asked.append(len(images))
        return np.tile(np.array([0, 0.6, 0.4] + 8 * [0], np.float32), (len(images), 1))

    reading = read_drawing(next(in_browser.drawings(1)), doubting)
    assert (reading.text, asked) == ("1", [1])


def tilted():
    """Return two rows of three ones, that go down by ten degrees."""
    grey = np.full((300, 400), 255, np.uint8)
    for left in (20, 230, 380):
        for top in (40, 120):
            start = top + round(left * np.tan(np.deg2rad(10)))
            grey[start : start + 50, left : left + 8] = 0
    return grey


def powers():
    """Return 1 to the power of 1, twice, with exponents that hardly overlap their bases."""
    grey = np.full((200, 300), 255, np.uint8)
    for left in (40, 180):
        grey[80:160, left : left + 10] = 0
        grey[30:86, left + 40 : left + 48] = 0
    return grey


def fraction():
    """Return one half, 1/2, whose slash resembles a one."""
    picture = Image.new("L", (260, 200), 255)
    pen = ImageDraw.Draw(picture)
    pen.line([(62, 40), (60, 90)], 0, 9)
    pen.line([(150, 30), (100, 170)], 0, 9)
    two = [smooth(stroke) * (40, 52) + (150, 110) for stroke in DIGITS["2"][0]]
    grey = np.asarray(picture, float)
    return np.uint8(grey * (1 - draw(two, (260, 200), 8)))


def test_rows_of_a_tilted_drawing_and_a_fraction():
    assert read_drawing(tilted()).text == "111\n111"
    assert read_drawing(fraction()).text == "12"
    assert read_drawing(powers()).text == "1111"


# In Chromium


@pytest.mark.browser
def test_script_and_python_agree(in_browser):
    """A sample of 150; benchmarks/in_browser.py measures 3,000."""
    samples = {
        "drawings": [*in_browser.drawings(100), tilted(), fraction(), powers()],
        "images": load_digits().test_images[:50],
    }
    with in_browser.reader_in_chromium() as read:
        for pictures in samples.values():
            found = in_browser.compare(pictures, read)
            assert found["pieces"] == 1
            assert found["pixels"] >= 0.999
            assert found["answers"] >= 0.998
            assert found["probabilities"] >= 0.998
            assert found["confidence"] >= 0.998


@pytest.mark.browser
@pytest.mark.parametrize("name", ["reader", "classic"])
def test_the_forward_pass_gives_what_the_network_gives(name):
    images = load_digits().test_images[:40]
    expected = load_network(PRETRAINED / f"{name}.tflite")(images)
    with browsing.page_of(DESKTOP) as page:
        page.add_script_tag(content=browser.bundle("network.js"))
        stages = page.evaluate(
            """([exported, images]) => {
              const network = loadNetwork(exported);
              return images.map((image) => forward(network, image).map((stage) =>
                [stage.name, stage.height, stage.width, stage.channels, stage.values.length,
                 Array.from(stage.channels < 12 ? stage.values : [])]));
            }""",
            [weights.exported(PRETRAINED / f"{name}.keras"), images.reshape(40, -1).tolist()],
        )
    assert np.abs(np.array([each[-1][-1] for each in stages]) - expected).max() < 0.01
    shapes = [stage[1:4] for stage in stages[0]]
    if name == "classic":
        assert shapes[:3] == [[24, 24, 32], [8, 8, 32], [1, 1, 2048]]
    else:
        assert shapes[:2] == [[28, 28, 32], [14, 14, 32]] and shapes[-2:] == [
            [1, 1, 128],
            [1, 1, 11],
        ]
    assert all(height * width * n == count for _, height, width, n, count, _ in stages[0])


def opened(page, site, name="draw.html"):
    """Open a page from disk."""
    page.goto((site / name).as_uri())
    page.locator(".digitlib-layers li").first.wait_for()


def text_of(page):
    return page.locator(".digitlib-text").inner_text()


def layers_of(page):
    """Return the pictures of the layers, as data."""
    return page.evaluate(
        "[...document.querySelectorAll('.digitlib-layers canvas')].map(c => c.toDataURL())"
    )


@pytest.mark.browser
def test_the_page_answers_while_one_draws_and_its_layers_light_up(site):
    assert (site / "draw.html").stat().st_size < LARGEST
    with browsing.page_of(DESKTOP) as page:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        opened(page, site)
        dark = layers_of(page)
        browsing.draw(page, SEVEN, lift=False)
        page.wait_for_function("document.querySelector('.digitlib-text').textContent == '7'")
        during = layers_of(page)
        assert len(during) == 7
        assert all(before != after for before, after in zip(dark, during, strict=True))
        assert page.locator(".digitlib-status").text_content() == ""  # is said when the pen lifts
        page.mouse.up()
        page.wait_for_function("document.querySelector('.digitlib-status').textContent")
        assert page.locator(".digitlib-status").text_content().startswith("7, ")
        assert page.locator("tr.best th").inner_text() == "7"
        page.locator(".digitlib-clear").click()
        page.wait_for_function("document.querySelector('.digitlib-text').textContent == ''")
        assert layers_of(page) == dark
        assert asked == [(site / "draw.html").as_uri()]


@pytest.mark.browser
def test_several_digits_and_each_of_them_looked_into(site):
    with browsing.page_of(DESKTOP) as page:
        opened(page, site)
        for left in (0.05, 0.4, 0.72):
            points = [(left + 0.6 * (x - 0.3), 0.5 * y + 0.2) for x, y in SEVEN]
            browsing.draw(page, points)
        page.wait_for_function("document.querySelector('.digitlib-text').textContent == '777'")
        digits = page.locator(".digitlib-digits button")
        pressed = (
            "[...document.querySelectorAll('.digitlib-digits button')].map(b => b.ariaPressed)"
        )
        assert page.evaluate(pressed) == ["false", "false", "true"]
        last = layers_of(page)
        digits.first.click()
        assert page.evaluate(pressed) == ["true", "false", "false"]
        assert layers_of(page) != last


@pytest.mark.browser
def test_the_page_by_touch(site):
    with browsing.page_of(PHONE) as page:
        opened(page, site)
        session = page.context.new_cdp_session(page)

        def touch(kind, *points):
            points = [{"x": x, "y": y} for x, y in points]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        corners = [browsing.place_of(page, *point) for point in SEVEN]
        top = page.evaluate("scrollY")
        touch("touchStart", corners[0])
        for begin, end in itertools.pairwise(corners):
            for share in np.linspace(0, 1, 9)[1:]:
                touch("touchMove", tuple(np.array(begin) * (1 - share) + np.array(end) * share))
        touch("touchEnd")
        page.wait_for_function("document.querySelector('.digitlib-text').textContent == '7'")
        assert page.evaluate("scrollY") == top  # the page stayed where it was


@pytest.mark.browser
def test_every_example_is_read_right_by_keyboard(site):
    with browsing.page_of(DESKTOP) as page:
        opened(page, site)
        for digit in "0123456789":
            button = page.get_by_role("button", name=digit, exact=True)
            button.focus()
            page.keyboard.press("Enter")
            page.wait_for_function(
                "d => document.querySelector('.digitlib-status').textContent.startsWith(d + ',')",
                arg=digit,
            )


@pytest.mark.browser
@pytest.mark.parametrize(
    ("size", "scheme"),
    [
        pytest.param(PHONE, "light", id="phone-light"),
        pytest.param(DESKTOP, "dark", id="desktop-dark"),
        pytest.param(PHONE, "dark", id="phone-dark", marks=pytest.mark.slow),
        pytest.param(DESKTOP, "light", id="desktop-light", marks=pytest.mark.slow),
        pytest.param(TABLET, "light", id="tablet-light", marks=pytest.mark.slow),
        pytest.param(TABLET, "dark", id="tablet-dark", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(site, size, scheme):
    from axe_playwright_python.sync_playwright import Axe

    with browsing.page_of(size) as page:
        page.emulate_media(color_scheme=scheme)
        for name in ("draw.html", "05_predict_your_own.html"):
            opened(page, site, name)
            browsing.draw(page, SEVEN)
            page.wait_for_function("document.querySelector('.digitlib-text').textContent == '7'")
            page.wait_for_timeout(1500)  # until all layers are lit, or axe sees them fade
            browsing.shoot(page, f"live-{name[:4]}-{scheme}-{size[0]}")
            found = Axe().run(page).response["violations"]
            assert not found, [(f["id"], [n["target"] for n in f["nodes"]]) for f in found]
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
            assert page.evaluate(OVERLAPS) == []
            small = page.evaluate(
                "[...document.querySelectorAll('#live button')].map(b => b.getBoundingClientRect())"
                ".filter(b => Math.min(b.width, b.height) < 44).length"
            )
            assert small == 0


@pytest.mark.browser
def test_less_motion_for_who_asks_for_it(site):
    moving = "() => document.getAnimations().length"
    with browsing.page_of(DESKTOP) as page:
        for wish, some in (("no-preference", True), ("reduce", False)):
            page.emulate_media(reduced_motion=wish)
            opened(page, site)
            page.get_by_role("button", name="3", exact=True).click()
            page.wait_for_function("document.querySelector('.digitlib-text').textContent == '3'")
            assert (page.evaluate(moving) > 0) == some
            # An example is drawn stroke by stroke, or at once.
            page.locator(".digitlib-clear").click()
            page.get_by_role("button", name="8", exact=True).click()
            early = page.evaluate(SOON)
            page.wait_for_function("document.querySelector('.digitlib-status').textContent[0] == 8")
            assert (page.evaluate(SOON) != early) == some


@pytest.mark.browser
def test_without_javascript_the_page_says_what_one_would_see(site):
    with browsing.page_of(DESKTOP) as page:
        without = page.context.browser.new_context(java_script_enabled=False).new_page()
        for name in ("draw.html", "05_predict_your_own.html"):
            without.goto((site / name).as_uri())
            assert "which needs JavaScript" in without.locator("#live").inner_text()


def test_the_page_of_notebook_5_has_the_pad_in_the_place_of_the_widget(site):
    page = (site / "05_predict_your_own.html").read_text(encoding="utf-8")
    assert page.count('id="live"') == 1
    code, live = page.index("drawing_pad"), page.index('id="live"')
    assert "Something to use" not in page[code:live]
    draw = (site / "draw.html").read_text(encoding="utf-8")
    assert draw.count('id="live"') == 1
