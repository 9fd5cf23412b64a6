"""The pages of the book, as they are written from the stored notebooks."""

import base64
import contextlib
import functools
import http.server
import importlib.util
import io
import itertools
import re
import threading
from pathlib import Path

import browsing
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image, ImageChops, ImageDraw, ImageStat

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0*.ipynb"))
ANSWERS = sorted((ROOT / "notebooks" / "answers").glob("0*.ipynb"))
PATHS = [*NOTEBOOKS, *ANSWERS]
LARGEST = 3_000_000  # bytes a page


@pytest.fixture(scope="module")
def pages():
    """Return notebooks/pages.py."""
    spec = importlib.util.spec_from_file_location("pages", ROOT / "notebooks" / "pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def build(pages, tmp_path_factory):
    """Write all pages into a temporary folder, and return it."""
    pages.PAGES = tmp_path_factory.mktemp("build")
    for path in PATHS:
        pages.write_page(path, pages.read(path))
    pages.write_draw()
    pages.write_index({path: pages.read(path) for path in NOTEBOOKS})
    return pages.PAGES


def files(build):
    return sorted(build.rglob("*.html"))


def page_of(build, path):
    """Return the parsed page of a notebook."""
    file = (build / path.relative_to(ROOT / "notebooks")).with_suffix(".html")
    return parsed(file.read_text(encoding="utf-8"))


def parsed(text):
    return BeautifulSoup(text, "html.parser")


def exported(pages, cells, monkeypatch, tmp_path):
    """Return the parsed page of some cells."""
    monkeypatch.setattr(pages, "PAGES", tmp_path)
    notebook = nbformat.v4.new_notebook(cells=cells)
    return parsed(pages.write_page(NOTEBOOKS[0], notebook).read_text(encoding="utf-8"))


def test_pages_load_nothing_from_elsewhere_and_are_small(build):
    assert len(files(build)) == 12
    for file in files(build):
        assert file.stat().st_size < LARGEST
        page = parsed(file.read_text(encoding="utf-8"))
        for tag in page.find_all(["script", "img", "iframe", "source", "video", "audio", "embed"]):
            assert tag.get("src", "data:").startswith("data:"), tag.get("src")
            assert not tag.get("srcset")
        assert all(tag["href"].startswith("data:") for tag in page.find_all("link"))
        styles = "".join(tag.text for tag in page.find_all("style"))
        assert "@import" not in styles and "url(" not in styles and styles.count("{") > 50


def test_pages_have_a_title_landmarks_and_headings_in_order(build):
    titles = set()
    for file in files(build):
        page = parsed(file.read_text(encoding="utf-8"))
        assert page.html["lang"] == "en"
        titles.add(page.title.text)
        assert len(page.find_all("main")) == 1 and page.find("header").find("nav")
        levels = [int(tag.name[1]) for tag in page.find_all(re.compile(r"^h\d$"))]
        assert levels.count(1) == 1 and levels[0] == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert len(titles) == 12 and all(titles)


def test_links_lead_to_pages_and_places_that_there_are(build):
    for file in files(build):
        page = parsed(file.read_text(encoding="utf-8"))
        ids = {tag["id"] for tag in page.find_all(id=True)}
        hrefs = [tag["href"] for tag in page.find_all("a")]
        assert len(hrefs) > 5
        for href in hrefs:
            assert ".ipynb" not in href or href.startswith("https://")
            if href.startswith("#"):
                assert href[1:] in ids
            elif not href.startswith(("https://", "http://")):
                assert (file.parent / href).is_file(), href


def test_a_link_to_a_file_that_is_no_page_goes_to_the_repository(pages, monkeypatch, tmp_path):
    cells = [nbformat.v4.new_markdown_cell("# 1. A\n\n[b](../benchmarks/README.md#speed)")]
    page = exported(pages, cells, monkeypatch, tmp_path)
    found = page.find("a", string="b")["href"]
    assert found == f"{pages.REPOSITORY}/blob/main/benchmarks/README.md#speed"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_set_up_does_not_show_and_all_other_cells_do(build, path):
    first, *others = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    assert first.metadata["jupyter"]["source_hidden"]
    code = [tag.text.strip() for tag in page_of(build, path).select("main .cell > .code")]
    assert code == [cell.source.strip() for cell in others]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_outputs_that_one_predicts_are_folded_and_no_others(build, path):
    cells = nbformat.read(path, as_version=4).cells
    predicted = [
        cell.source.strip()
        for before, cell in itertools.pairwise(cells)
        if "**Predict:**" in before.source and cell.cell_type == "code" and cell.outputs
    ]
    folded = []
    for cell in page_of(build, path).select("main .cell"):
        boxes = cell.select("details")
        if not boxes:
            continue
        folded.append(cell.select_one(".code").text.strip())
        assert len(boxes) == 1 and not boxes[0].has_attr("open")
        assert boxes[0].summary.text == "Show the output"
        shown = cell.select(".output, .figure, .widget")
        assert shown and all(boxes[0] in output.parents for output in shown)
    assert folded == predicted
    assert path in ANSWERS or len(folded) >= 3


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_answers_are_folded_with_all_their_text(build, path):
    source = "\n".join(
        c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown"
    )
    boxes = [b for b in page_of(build, path).select("details") if b.summary.text == "Answer"]
    written = re.findall(r"<summary>Answer</summary>(.*?)</details>", source, re.S)
    assert len(boxes) == len(written) >= 3
    for box, text in zip(boxes, written, strict=True):
        assert not box.has_attr("open")
        words = re.findall(r"\w+", re.sub(r"<[^>]+>|[`*_]", "", text))
        assert len(words) > 5
        assert words[-1] in box.text and len(box.text) > 0.7 * len(" ".join(words))


def test_a_figure_that_is_a_cells_value_and_an_output_of_the_set_up_show(
    pages, monkeypatch, tmp_path
):
    data = {"image/png": base64.b64encode(png_of(drawing())).decode(), "text/plain": "<Figure>"}
    figure = nbformat.v4.new_output("execute_result", data)
    figure.metadata = {"image/png": {"alt": "Five lines & a ramp"}}
    said = nbformat.v4.new_output("stream", text="MNIST was not found")
    hidden = {"jupyter": {"source_hidden": True}}
    cells = [
        nbformat.v4.new_markdown_cell("# 1. A"),
        nbformat.v4.new_code_cell("secret = 1", outputs=[said], metadata=hidden),
        nbformat.v4.new_code_cell("draw()", outputs=[figure]),
    ]
    page = exported(pages, cells, monkeypatch, tmp_path)
    assert [tag["alt"] for tag in page.select(".figure img")] == ["Five lines & a ramp"]
    assert "<Figure>" not in page.text and "secret" not in page.text
    assert "MNIST was not found" in page.main.text


@pytest.mark.parametrize("gap", ["", "\n\n"])
def test_an_answer_folds_with_blank_lines_in_it_or_without(pages, gap, monkeypatch, tmp_path):
    text = f"<details><summary>Answer</summary>{gap}Forty, as 5 x 8.{gap}Not more.{gap}</details>"
    cells = [nbformat.v4.new_markdown_cell(f"# 1. A\n\n{text}\n\nAfter it.")]
    page = exported(pages, cells, monkeypatch, tmp_path)
    assert "Forty" in page.details.text and "Not more." in page.details.text
    assert "After it." not in page.details.text


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_alternative_texts_reach_the_page(build, path):
    texts = [
        output.metadata["image/png"]["alt"]
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
        # In the place of the notebook's pad, the page has one that works.
        if "image/png" in output.get("data", {}) and "drawing_pad(" not in cell.source
    ]
    page = page_of(build, path)
    assert [tag["alt"] for tag in page.select("main .cell img")] == texts
    assert all(len(tag.get("alt", "")) > 20 for tag in page.select("main img"))


def test_the_index_has_a_card_for_each_notebook_with_a_picture_of_its_own(build):
    page = parsed((build / "index.html").read_text(encoding="utf-8"))
    cards = page.select(".card")
    assert [card.h3.a["href"] for card in cards] == [f"{path.stem}.html" for path in NOTEBOOKS]
    assert len({card.img["src"] for card in cards}) == 5
    for card in cards:
        picture = Image.open(io.BytesIO(base64.b64decode(card.img["src"].split(",")[1])))
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 10  # not blank
    for card, path in zip(cards, NOTEBOOKS, strict=True):
        opening = nbformat.read(path, as_version=4).cells[0].source
        assert card.select_one("p").text in re.sub(r"[*`]", "", opening)
        assert len(card.select_one("p").text) > 40
    assert all(f"answers/{path.stem}.html" in str(page) for path in ANSWERS)
    assert "make lab" in page.text and "know some Python" in page.text


def png_of(picture, **options):
    file = io.BytesIO()
    picture.save(file, "PNG", **options)
    return file.getvalue()


def drawing():
    """Return a chart-like picture: many grey levels, and thin lines in colours."""
    ramp = np.tile(np.linspace(0, 255, 600).astype(np.uint8), (400, 1))
    picture = Image.fromarray(np.stack([ramp, ramp, ramp], axis=-1))
    pen = ImageDraw.Draw(picture)
    for i, colour in enumerate(("#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE")):
        pen.line([(20, 20 + 60 * i), (580, 70 + 60 * i)], fill=colour, width=3)
    return picture.convert("RGBA")


def test_a_palette_makes_a_picture_smaller_and_no_different_to_the_eye(pages):
    before = png_of(drawing(), dpi=(144, 144))
    after = pages.smaller_png(before)
    picture = Image.open(io.BytesIO(after))
    assert picture.mode == "P" and len(after) < len(before)
    assert round(picture.info["dpi"][0]) == 144
    difference = ImageChops.difference(picture.convert("RGB"), drawing().convert("RGB"))
    assert max(ImageStat.Stat(difference).mean) < 1.5
    line = np.asarray(picture.convert("RGB"))[45, 300].astype(int)  # the first line's own colour
    assert np.abs(line - (0xCC, 0x66, 0x77)).max() < 12
    assert pages.smaller_png(after) == after


def test_a_card_shows_the_figure_and_the_part_that_the_notebook_names(pages):
    def cell(colours, **metadata):
        picture = Image.new("RGB", (200, 100), colours[0])
        picture.paste(colours[1], (100, 0, 200, 100))
        data = {"image/png": base64.b64encode(png_of(picture)).decode()}
        output = nbformat.v4.new_output("display_data", data)
        return nbformat.v4.new_code_cell(outputs=[output], metadata=metadata)

    cells = [cell(("red", "red")), cell(("red", "blue"), card=[0.5, 0, 1, 1])]
    content = base64.b64decode(pages.card_picture(nbformat.v4.new_notebook(cells=cells)))
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    assert picture.size == pages.CARD
    middle = picture.getpixel((pages.CARD[0] // 2, pages.CARD[1] // 2))
    assert middle == (0, 0, 255)
    assert (255, 0, 0) not in {colour for _, colour in picture.getcolors(1 << 20)}


def test_a_card_goes_without_the_figures_title(pages):
    picture = Image.new("RGB", (400, 300), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((10, 10, 200, 20), fill="black")  # a line of text
    pen.rectangle((50, 22, 53, 24), fill="black")  # the tail of a letter
    pen.rectangle((10, 40, 390, 290), fill="blue")
    cut = pages.without_title(picture)
    assert cut.width == 400 and 250 < cut.height < 265
    assert {colour for _, colour in cut.getcolors()} == {(255, 255, 255), (0, 0, 255)}
    pen.rectangle((10, 20, 390, 290), fill="blue")  # no line by itself
    assert pages.without_title(picture).size == (400, 300)


@contextlib.contextmanager
def on_loopback(folder):
    """Serve a folder; yield its address."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("size", "scheme"),
    [
        pytest.param((1200, 900), "dark", id="desktop-dark"),
        pytest.param((390, 844), "light", id="phone-light"),
        pytest.param((1200, 900), "light", id="desktop-light", marks=pytest.mark.slow),
        pytest.param((390, 844), "dark", id="phone-dark", marks=pytest.mark.slow),
    ],
)
def test_pages_in_chromium(build, scheme, size):
    """Axe finds nothing, with all boxes open; nothing scrolls sideways; figures are on white."""
    from axe_playwright_python.sync_playwright import Axe

    found = []
    with on_loopback(build) as address, browsing.page_of(size) as page:
        page.emulate_media(color_scheme=scheme)
        for file in files(build):
            name = file.relative_to(build).as_posix()
            page.goto(f"{address}/{name}")
            browsing.shoot(page, f"page-{file.stem}-{scheme}-{size[0]}")
            page.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
            page.wait_for_timeout(100)
            for fault in Axe().run(page).response["violations"]:
                found.append((name, fault["id"], [n["target"] for n in fault["nodes"]][:3]))
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= size[0], f"{name} is {wide} pixels wide"
            for style in page.evaluate(
                "[...document.querySelectorAll('.figure')].map(f => getComputedStyle(f))"
                ".map(s => [s.backgroundColor, s.borderTopStyle])"
            ):
                assert style == ["rgb(255, 255, 255)", "solid"]
    assert not found, found


@pytest.mark.browser
def test_a_predicted_output_opens_at_a_click_and_by_keyboard(build):
    with on_loopback(build) as address, browsing.page_of((1200, 900)) as page:
        page.goto(f"{address}/{NOTEBOOKS[0].stem}.html")
        box = page.locator("details.predicted").first
        output = box.locator(".output, .figure").first
        assert not output.is_visible()
        box.locator("summary").click()
        assert output.is_visible()
        box.locator("summary").press("Enter")
        assert not output.is_visible()
