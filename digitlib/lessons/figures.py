"""The notebooks' pictures: arrays in, a matplotlib Figure out. Nothing is computed here.

The same digit has the same colour throughout; see `digitlib.files`.
"""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from digitlib.files import DIGIT_COLOURS
from digitlib.reading import Prepared, Reading

WIDTH = 8.0  # inches: a notebook's column
DRAWN = 8  # digits of a reading that are drawn one by one: what fits into a row
DPI = 144
GOOD, BAD, NEUTRAL, OTHER = "#117733", "#CC6677", "#4477AA", "#EE7733"


def set_style() -> None:
    """Set how figures look from now on, those of `matplotlib.pyplot` too."""
    rcParams.update(
        {
            "figure.dpi": DPI,
            "savefig.dpi": DPI,
            "figure.figsize": (WIDTH, 3.5),
            "figure.constrained_layout.use": True,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "font.size": 11,
            "axes.titlesize": 12,
            "figure.titlesize": 12,
            "figure.titleweight": "bold",
            "xtick.labelsize": 10,
            "ytick.labelsize": 10,
            "legend.fontsize": 10,
            "legend.frameon": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )


def png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG, on white, so that it reads in dark mode too."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI, bbox_inches="tight", facecolor="white")
    return file.getvalue()


def new_figure(height: float, title: str = "", width: float = WIDTH) -> Figure:
    """Return an empty figure of a height in inches, its title at the left."""
    figure = Figure(figsize=(width, height), layout="constrained")
    if title:
        figure.suptitle(title, fontsize=12, fontweight="bold", x=0.01, ha="left")
    return figure


def _image(axes: Axes, image: np.ndarray, title: str = "", colour: str = "black") -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=max(1, np.max(image)))
    axes.set(xticks=[], yticks=[])
    if title:
        axes.set_title(title, fontsize=9, color=colour)


def image_grid(
    images: Sequence[np.ndarray] | np.ndarray,
    titles: Sequence[str] | None = None,
    columns: int = 10,
    title: str = "",
    colours: Sequence[str] | None = None,
) -> Figure:
    """Return images in rows, each with its title; `colours` are those of the titles.

    Examples
    --------
    >>> figure = image_grid(np.eye(28)[None], ["a line"])
    >>> figure.axes[0].get_title()
    'a line'
    """
    rows = -(-len(images) // columns)
    cell = WIDTH / columns
    figure = new_figure(rows * cell * (1.3 if titles else 1.05) + 0.4 * bool(title), title)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for i, image in enumerate(images):
        _image(axes[i], image, titles[i] if titles else "", colours[i] if colours else "black")
    for ax in axes[len(images) :]:
        ax.axis("off")
    return figure


def sliding_window(
    image: np.ndarray,
    window: np.ndarray,
    filtered: np.ndarray,
    places: dict[str, tuple[int, int]],
    title: str,
) -> Figure:
    """Return how a filter's window slides over an image: a row for each named place.

    From the left: the image with the window at (row, column), the patch below it, the filter, the
    two multiplied, and the map `filtered`, where their sum is one pixel. Red is above zero, blue
    below.
    """
    figure = new_figure(1.55 * len(places) + 1.0, title)
    grid = figure.subplots(len(places), 5, squeeze=False)
    high, wide = window.shape
    signed = {"cmap": "RdBu_r", "vmin": -np.abs(window).max(), "vmax": np.abs(window).max()}
    for row, (name, (top, left)) in zip(grid, places.items(), strict=True):
        patch = image[top : top + high, left : left + wide]
        _image(row[0], image)
        _frame(row[0], left, top, wide, high)
        row[1].imshow(patch, cmap="gray", vmin=0, vmax=1)
        row[2].imshow(window, **signed)
        products = row[3].imshow(patch * window, **signed)
        largest = max(np.abs(filtered).max(), 1e-9)
        drawn = row[4].imshow(filtered, cmap="RdBu_r", vmin=-largest, vmax=largest)
        _frame(row[4], left, top, 1, 1)
        row[0].set_ylabel(name, fontsize=11)
        row[4].set_title(f"sum: {filtered[top, left]:+.2f}", fontsize=11)
        for sign, ax in zip(("\u00d7", "=", "\u2192"), row[2:], strict=True):
            ax.text(-0.14, 0.5, sign, fontsize=14, ha="center", va="center", transform=ax.transAxes)
        for ax in row:
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(True)
    for ax, text in zip(grid[0], ("image", "patch", "filter", "product"), strict=False):
        ax.set_title(text, fontsize=11)
    for mappable, axes in ((products, grid[:, 2:4]), (drawn, grid[:, 4:])):
        bar = figure.colorbar(mappable, ax=axes, location="bottom", aspect=12, pad=0.03)
        bar.ax.locator_params(nbins=3)
    return figure


def _frame(axes: Axes, left: float, top: float, wide: float, high: float) -> None:
    """Draw an orange frame around pixels of an image."""
    right, bottom = left + wide - 0.5, top + high - 0.5
    left, top = left - 0.5, top - 0.5
    across, down = [left, right, right, left, left], [top, top, bottom, bottom, top]
    axes.plot(across, down, color=OTHER, linewidth=2)


def _probability_bars(axes: Axes, probabilities: np.ndarray) -> None:
    axes.barh(range(10), probabilities, color=DIGIT_COLOURS)
    axes.set(xlim=(0, 1), yticks=range(10), xticks=(0, 1))
    axes.tick_params(labelsize=7)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)


def reading_steps(prepared: Prepared, reading: Reading, title: str) -> Figure:
    """Return one reading step by step: picture, ink and boxes, 28 x 28 images, probabilities.

    Ink that was not taken for writing is orange. At most `DRAWN` digits get an image and bars.
    """
    drawn, (width, height) = reading.digits[:DRAWN], prepared.picture.size
    figure = new_figure(4.6 if drawn else 2.6, title)
    top = figure.add_gridspec(2 if drawn else 1, 2, height_ratios=[1.2, 1] if drawn else None)
    _image(figure.add_subplot(top[0, 0]), prepared.picture.colours, "the picture")
    ax = figure.add_subplot(top[0, 1])
    ax.imshow(prepared.ink, cmap="gray_r", vmin=0, vmax=1, extent=(0, width, height, 0))
    title = "its ink, and the digits found"
    if (rest := prepared.rest).any():
        pale = np.ma.masked_less(rest, 0.1)
        ax.imshow(pale, cmap=ListedColormap([OTHER]), extent=(0, width, height, 0))
        title = "its ink, and the digits found; orange: not taken for writing"
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize=9)
    for digit in reading.digits:
        left, upper, right, lower = digit.box
        frame = [left, right, right, left, left], [upper, upper, lower, lower, upper]
        ax.plot(*frame, color=DIGIT_COLOURS[digit.digit], linewidth=2)
    if drawn:
        bottom = top[1, :].subgridspec(1, 2 * max(4, len(drawn)))
        for i, digit in enumerate(drawn):
            text = f"{digit.digit} ({digit.confidence:.0%})"
            _image(figure.add_subplot(bottom[0, 2 * i]), digit.image, text)
            _probability_bars(figure.add_subplot(bottom[0, 2 * i + 1]), digit.probabilities)
    return figure
