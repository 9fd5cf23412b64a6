"""The pages of the book: notebooks and worked answers as HTML, an index, and a page to draw on.

A page is one file that loads nothing from elsewhere. Outputs that a reader is asked to predict are
folded, and so are the answers. `python notebooks/pages.py` writes them all from the notebooks as
they are stored, into build/site/.
"""

import base64
import html
import io
import json
import re
import sys
import tomllib
from pathlib import Path

import jinja2
import nbformat
import numpy as np
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from PIL import Image

from digitlib.app import browser
from digitlib.app.weights import exported
from digitlib.synthesis.strokes import DIGITS, smooth

NOTEBOOKS = Path(__file__).resolve().parent
PAGES = NOTEBOOKS.parent / "build"  # main() has them elsewhere
PROJECT = tomllib.loads((NOTEBOOKS.parent / "pyproject.toml").read_text("utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Repository"]
CARD = (720, 420)  # pixels of a picture on the index: twice what it is shown at
GAP = 4  # blank rows below a figure's title; between a letter and its dot or tail there are fewer
CSS_DPI = 96  # CSS pixels an inch
PREDICT = "**Predict:**"
PAD = "drawing_pad("  # in the source of a cell in whose place the page has a live pad


def title(notebook: NotebookNode) -> str:
    """Return a notebook's first line, without its mark."""
    return notebook.cells[0].source.splitlines()[0].lstrip("# ")


def short_title(notebook: NotebookNode) -> str:
    """Return a notebook's title up to the colon, without its number."""
    return re.sub(r"^\d+\. ", "", title(notebook).split(":")[0])


def chapters() -> list[Path]:
    """Return the paths of the five notebooks, in order."""
    return sorted(NOTEBOOKS.glob("0*.ipynb"))


def answers_to(path: Path) -> Path:
    """Return the path of the worked answers to a notebook."""
    return next((NOTEBOOKS / "answers").glob(f"{path.name[:2]}*.ipynb"))


# Pictures


def smaller_png(content: bytes) -> bytes:
    """Return a PNG as one with a palette of 256 colours: the same to the eye, a third of the bytes.

    The resolution is kept; a picture that would not become smaller comes back as it was.
    """
    picture = Image.open(io.BytesIO(content))
    if picture.mode == "P":
        return content
    dpi = picture.info.get("dpi")
    colours = on_white(picture)
    palette = colours.quantize(256, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
    file = io.BytesIO()
    palette.save(file, "PNG", optimize=True, **({"dpi": dpi} if dpi else {}))
    return min(file.getvalue(), content, key=len)


def on_white(picture: Image.Image) -> Image.Image:
    """Return a picture in RGB, white where it is transparent."""
    picture = picture.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def shrink_pictures(notebook: NotebookNode) -> None:
    """Give every PNG among a notebook's outputs a palette."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                content = smaller_png(base64.b64decode(data["image/png"]))
                data["image/png"] = base64.b64encode(content).decode()


def css_width(png: str) -> int:
    """Return how wide a PNG, in base64, is to be shown: its inches in CSS pixels."""
    picture = Image.open(io.BytesIO(base64.b64decode(png)))
    return round(picture.width * CSS_DPI / picture.info.get("dpi", (CSS_DPI,))[0])


# Pages


def folded(notebook: NotebookNode) -> NotebookNode:
    """Return a copy whose code cells say, in `metadata.page`, what the page does with them.

    "hidden": the code is not shown, as for the set-up cell. "predicted": the output is folded, as
    the cell before asks the reader to predict it. "live": a pad that works in the page takes the
    output's place.
    """
    copy = nbformat.from_dict(notebook)
    for before, cell in zip([None, *copy.cells], copy.cells, strict=False):
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            cell.metadata["page"] = "hidden"
        elif cell.cell_type == "code" and PAD in cell.source:
            cell.metadata["page"] = "live"
        elif before and before.cell_type == "markdown" and PREDICT in before.source:
            cell.metadata["page"] = "predicted"
    return copy


def write_page(path: Path, notebook: NotebookNode) -> Path:
    """Write an executed notebook as a page to build/, with links to the other pages."""
    notebook = folded(notebook)
    shrink_pictures(notebook)
    target = PAGES / path.relative_to(NOTEBOOKS).with_suffix(".html")
    exporter = HTMLExporter(
        template_file=str(NOTEBOOKS / "page.html.j2"),
        exclude_anchor_links=True,
        filters={"css_width": css_width, "live": lambda _: live()},
    )
    resources = {"metadata": {"name": title(notebook)}, "book": book(path)}
    page, _ = exporter.from_notebook_node(notebook, resources)
    return write(target, finished(page, path))


def book(path: Path | None = None) -> dict:
    """Return what the templates need to know of the whole book; `path` is the page's notebook."""
    paths = chapters()
    up = "../" if path and path.parent != NOTEBOOKS else ""
    entries = [
        {"number": p.name[1], "href": f"{up}{p.stem}.html", "title": short_title(read(p))}
        for p in paths
    ]
    number = int(path.name[:2]) - 1 if path else None
    is_answer = bool(up)
    return {
        "css": (NOTEBOOKS / "page.css").read_text("utf-8"),
        "chapters": entries,
        "number": number,
        "is_answer": is_answer,
        "up": up,
        "repository": REPOSITORY,
        "answers": f"answers/{answers_to(path).stem}.html" if path and not is_answer else None,
    }


def read(path: Path) -> NotebookNode:
    """Return a notebook as it is stored."""
    return nbformat.read(path, as_version=4)


def finished(page: str, path: Path) -> str:
    """Return a page with its pictures inside, links that lead somewhere, and a list of parts."""
    page = re.sub(r'href="((?:\.\./|answers/)?0\d_\w+)\.ipynb"', r'href="\1.html"', page)
    page = re.sub(r'(<img\b[^>]*?\bsrc=")([^":]+)"', lambda m: embedded(m, path), page)
    # What lies in the repository but is no page: README files, documents, the app.
    page = re.sub(r'href="([^":#]+?)(#[^"]*)?"', lambda m: link(m, path), page)
    page = page.replace("<p><strong>Predict:", '<p class="predict"><strong>Predict:')
    page = re.sub(r"<p><strong>(?=\d\.\d)", '<p class="exercise"><strong>', page)
    page = page.replace("<table", '<div class="wide"><table').replace("</table>", "</table></div>")
    page = re.sub(r"<h2[^>]*>(.*?)</h2>", with_anchor, page, flags=re.S)
    parts = re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', page, re.S)
    items = "".join(f'<li><a href="#{anchor}">{text}</a></li>' for anchor, text in parts)
    return page.replace("<!-- parts -->", items)


def with_anchor(found: re.Match) -> str:
    """Return a heading that can be linked to by its words, as in JupyterLab."""
    words = re.findall(r"\w+", html.unescape(re.sub(r"<[^>]+>", "", found[1])))
    return f'<h2 id="{"-".join(words)}">{found[1]}</h2>'


def embedded(found: re.Match, path: Path) -> str:
    """Return an image's tag with the picture in it."""
    file = path.parent / html.unescape(found[2])
    kind = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}[file.suffix]
    content = file.read_bytes()
    if kind == "png":
        content = smaller_png(content)
    return f'{found[1]}data:image/{kind};base64,{base64.b64encode(content).decode()}"'


def link(found: re.Match, path: Path) -> str:
    """Return a link, to GitHub if it names a file that is no page."""
    if found[1].endswith(".html"):
        return found[0]
    inside = (path.parent / found[1]).resolve().relative_to(NOTEBOOKS.parent)
    return f'href="{REPOSITORY}/blob/main/{inside.as_posix()}{found[2] or ""}"'


# The page to draw on


STYLES = ("pad.css", "layers.css", "live.css")
MODULES = ("network.js", "drawing.js", "layers.js", "pad.js", "answer.js", "live.js")
WITHOUT_SCRIPT = (
    "Here is a pad to draw digits on, which needs JavaScript. While one draws, it says which digit "
    "that is and how sure the network is, with a bar for each of eleven answers. It shows the "
    "28 x 28 pixels that the network gets, and below them the feature maps of each of its layers, "
    "which light up where they find something."
)


def live() -> str:
    """Return the pad that reads in the page as HTML: its style, network and script inside."""
    styles = "".join((browser.HERE / name).read_text("utf-8") for name in STYLES)
    examples = [[digit, [stroke(points) for points in ways[0]]] for digit, ways in DIGITS.items()]
    data = [exported(), browser.fitted(), examples]
    return f"""<style>{styles}</style>
<div id="live"><noscript><p>{WITHOUT_SCRIPT}</p></noscript></div>
<script id="live-data" type="application/json">{json.dumps(data)}</script>
<script type="module">
{browser.bundle(*MODULES)}
const place = document.getElementById("live");
createReader(place, ...JSON.parse(document.getElementById("live-data").textContent));
</script>"""


def stroke(points: list) -> list[list[float]]:
    """Return a stroke as the pen draws it, in a square of side 1, with a margin around it."""
    return [[round(float(n), 3) for n in point] for point in 0.2 + 0.6 * smooth(points)]


def write_draw() -> Path:
    """Write draw.html, on which the shipped reader reads in the browser alone."""
    return write(PAGES / "draw.html", rendered("draw", live=live()))


def rendered(name: str, **values) -> str:
    """Return a page that is no notebook, from its template."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(NOTEBOOKS), autoescape=True, trim_blocks=True
    )
    return environment.get_template(f"{name}.html.j2").render(book=book(), page=name, **values)


def write(path: Path, page: str) -> Path:
    """Write a page, in a folder that need not be there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


# The index


def learned(notebook: NotebookNode) -> str:
    """Return what the opening of a notebook says one learns."""
    found = re.search(r"\*\*What you'll learn\.\*\*\s*(.+)", notebook.cells[0].source)
    return re.sub(r"[*`]", "", found[1]).strip() if found else ""


def card_picture(notebook: NotebookNode) -> str:
    """Return a picture for a notebook's card, a PNG in base64: a part of one of its figures.

    The figure is that of the cell whose metadata have `card`: true, or the part of it, as shares
    [left, top, right, bottom]. Else it is the figure whose shape is most like a card's.
    """
    shape = CARD[0] / CARD[1]
    best, chosen, box = np.inf, Image.new("RGB", CARD, "white"), None
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" not in output.get("data", {}):
                continue
            content = base64.b64decode(output.data["image/png"])
            picture = on_white(Image.open(io.BytesIO(content)))
            unlike = abs(np.log(picture.width / picture.height / shape))
            if "card" in cell.metadata:
                unlike = -1.0
            if unlike < best:
                best, chosen, box = unlike, picture, cell.metadata.get("card")
    if isinstance(box, list):
        sides = [int(s * size) for s, size in zip(box, 2 * chosen.size, strict=True)]
        chosen = chosen.crop(tuple(sides))
    else:
        chosen = without_title(chosen)
    chosen = filling(chosen, CARD)
    file = io.BytesIO()
    chosen.save(file, "PNG")
    return base64.b64encode(smaller_png(file.getvalue())).decode()


def without_title(picture: Image.Image) -> Image.Image:
    """Return a picture without its topmost line of text, if nothing else stands beside it."""
    inked = np.flatnonzero((np.asarray(picture.convert("L")) < 200).any(axis=1))
    gaps = np.flatnonzero(np.diff(inked) > GAP)
    if not len(gaps) or inked[gaps[0] + 1] > 0.2 * picture.height:
        return picture
    return picture.crop((0, inked[gaps[0] + 1] - GAP // 2, *picture.size))


def filling(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a picture cut at the bottom, or with white added, and scaled to a size."""
    width, height = picture.size
    wanted = round(width * size[1] / size[0])
    if height > 1.6 * wanted:
        picture = picture.crop((0, 0, width, wanted))
    scale = min(size[0] / picture.width, size[1] / picture.height)
    scaled = picture.resize(
        (round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS
    )
    page = Image.new("RGB", size, "white")
    page.paste(scaled, ((size[0] - scaled.width) // 2, (size[1] - scaled.height) // 2))
    return page


def write_index(notebooks: dict[Path, NotebookNode]) -> Path:
    """Write build/index.html, the front page; `notebooks` are the five, executed."""
    owner = REPOSITORY.removeprefix("https://github.com/")
    cards = [
        {
            "number": path.name[1],
            "href": f"{path.stem}.html",
            "title": short_title(notebook),
            "learned": learned(notebook),
            "picture": card_picture(notebook),
            "answers": f"answers/{answers_to(path).stem}.html",
            "colab": f"https://colab.research.google.com/github/{owner}/blob/main/notebooks/"
            f"{path.name}",
        }
        for path, notebook in notebooks.items()
    ]
    hero = smaller_png((NOTEBOOKS / "images" / "reading.png").read_bytes())
    page = rendered(
        "index",
        cards=cards,
        hero=base64.b64encode(hero).decode(),
        description=PROJECT["description"],
        binder=f"https://mybinder.org/v2/gh/{owner}/main?labpath="
        f"my_notebooks%2F{chapters()[0].name}",
    )
    return write(PAGES / "index.html", page)


def main() -> None:
    """Write the book from the notebooks as they are stored, into build/site/."""
    global PAGES
    PAGES = PAGES / "site"
    for path in [*chapters(), *map(answers_to, chapters())]:
        write_page(path, read(path))
    write_draw()
    print(write_index({path: read(path) for path in chapters()}))


if __name__ == "__main__":
    sys.exit(main())
