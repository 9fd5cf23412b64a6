"""The notebooks' pictures: arrays in, a matplotlib Figure out. Nothing is computed here.

The same digit has the same colour throughout; see `digitlib.files`.
"""

import base64
import io
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

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


def show(figure: Figure, alt: str, display_id: str | None = None, update: bool = False) -> None:
    """Display a figure in a notebook, with a text for people who cannot see it.

    The text reaches exported pages through the metadata of the output. With `update`, the figure
    replaces the one that was shown with the same `display_id`.
    """
    from IPython.display import display

    data = {"image/png": base64.b64encode(png(figure)).decode(), "text/plain": alt}
    metadata = {"image/png": {"alt": alt}}
    display(data, metadata=metadata, raw=True, display_id=display_id, update=update)


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


def _charts(height: float, title: str, count: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure and its axes, side by side, with no lines above and at the right."""
    figure = new_figure(height, title)
    axes = list(figure.subplots(1, count, squeeze=False).ravel())
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


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


def _digit_bars(axes: Axes, heights: np.ndarray, ylabel: str) -> None:
    axes.bar(range(10), heights, color=DIGIT_COLOURS)
    axes.set(xticks=range(10), xlabel="digit", ylabel=ylabel)


def class_balance(train_counts: np.ndarray, test_counts: np.ndarray, title: str) -> Figure:
    """Return how many images of each digit there are, (10,) each; dotted: their mean."""
    figure, (left, right) = _charts(2.8, title, 2)
    for ax, counts, name in ((left, train_counts, "training"), (right, test_counts, "test")):
        _digit_bars(ax, counts, f"{name} images")
        ax.axhline(np.mean(counts), color="black", linewidth=1, linestyle=":")
    return figure


def pixel_values(counts: np.ndarray, ink_shares: np.ndarray, title: str) -> Figure:
    """Return how often each value 0..255 occurs, (256,), and the share of ink per digit, (10,)."""
    figure, (left, right) = _charts(2.8, title, 2)
    left.bar(range(256), counts, width=1.0, color=NEUTRAL)
    left.set(yscale="log", xlabel="pixel value", ylabel="pixels (log scale)")
    _digit_bars(right, ink_shares, "mean value / 255")
    return figure


def mass_centres(rows: np.ndarray, columns: np.ndarray, image: np.ndarray, title: str) -> Figure:
    """Return an image with its box of 20 pixels, and where images have their centre of mass."""
    figure, (left, right) = _charts(3.4, title, 2)
    left.spines[:].set_visible(True)
    _image(left, image)
    left.plot([3.5, 23.5, 23.5, 3.5, 3.5], [3.5, 3.5, 23.5, 23.5, 3.5], color=OTHER)
    left.plot([14], [14], "+", color=OTHER, markersize=14)
    right.scatter(columns, rows, s=3, alpha=0.3, color=NEUTRAL)
    right.set(xlim=(11, 17), ylim=(17, 11), xlabel="column", ylabel="row", aspect="equal")
    right.plot([14], [14], "+", color=OTHER, markersize=14)
    return figure


def feature_maps(image: np.ndarray, maps: np.ndarray, title: str) -> Figure:
    """Return an image beside what filters made of it, (height, width, n), eight in a row."""
    rows = -(-maps.shape[-1] // 8)
    figure = new_figure(rows * 0.9 + 0.4, title)
    grid = figure.add_gridspec(rows, 8 + 2 * rows)
    _image(figure.add_subplot(grid[:, : 2 * rows]), image, "input")
    for i in range(maps.shape[-1]):
        ax = figure.add_subplot(grid[i // 8, 2 * rows + i % 8])
        ax.imshow(maps[..., i], cmap="cividis")
        ax.axis("off")
    return figure


def learning_curves(histories: dict[str, dict], title: str) -> Figure:
    """Return loss and accuracy by epoch: solid on training, dashed on validation images."""
    figure, (left, right) = _charts(3.0, title, 2)
    for (name, history), colour in zip(histories.items(), (NEUTRAL, OTHER), strict=False):
        epochs = range(1, len(history["loss"]) + 1)
        every = max(1, len(epochs) // 10)  # a mark at ten epochs, however many there are
        for ax, metric in ((left, "loss"), (right, "accuracy")):
            for prefix, kind, mark in (("", "training", "o-"), ("val_", "validation", "s--")):
                values = history[prefix + metric]
                label = f"{name}, {kind}"
                ax.plot(epochs, values, mark, label=label, color=colour, markevery=every)
            ax.set(xlabel="epoch", ylabel=metric)
            ax.locator_params("x", integer=True)
    right.legend(fontsize=8, frameon=False)
    return figure


def bars_by_digit(values: dict[str, np.ndarray], title: str, lowest: float | None = 0.0) -> Figure:
    """Return a group of bars for each digit, from one to three named arrays (10,)."""
    figure, (ax,) = _charts(2.8, title)
    width = 0.8 / len(values)
    for i, (name, heights) in enumerate(values.items()):
        places = np.arange(10) + (i - (len(values) - 1) / 2) * width
        ax.bar(places, heights, width, color=(NEUTRAL, OTHER, GOOD)[i], label=name)
    ax.set(xticks=range(10), xlabel="digit")
    if lowest is not None:
        highest = max(np.max(heights) for heights in values.values())
        ax.set_ylim(lowest, highest + 0.05 * (highest - lowest))
    figure.legend(frameon=False, fontsize=9, ncols=3, loc="outside lower center")
    return figure


def _probability_bars(axes: Axes, probabilities: np.ndarray) -> None:
    axes.barh(range(10), probabilities, color=DIGIT_COLOURS)
    axes.set(xlim=(0, 1), yticks=range(10), xticks=(0, 1))
    axes.tick_params(labelsize=7)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)


def reading_steps(prepared: Prepared, reading: Reading, title: str) -> Figure:
    """Return one reading step by step: picture, ink and boxes, 28 x 28 images, probabilities.

    At most `DRAWN` digits get an image and bars.
    """
    drawn, (width, height) = reading.digits[:DRAWN], prepared.picture.size
    figure = new_figure(4.6 if drawn else 2.6, title)
    top = figure.add_gridspec(2 if drawn else 1, 2, height_ratios=[1.2, 1] if drawn else None)
    _image(figure.add_subplot(top[0, 0]), prepared.picture.colours, "the picture")
    ax = figure.add_subplot(top[0, 1])
    ax.imshow(prepared.ink, cmap="gray_r", vmin=0, vmax=1, extent=(0, width, height, 0))
    ax.set(xticks=[], yticks=[])
    ax.set_title("its ink, and the digits found", fontsize=9)
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


def curves(x: ArrayLike, y: dict[str, ArrayLike], xlabel: str, ylabel: str, title: str) -> Figure:
    """Return a line for each name in `y`, over a common axis."""
    figure, (ax,) = _charts(3.0, title)
    palette = colormaps["cividis"](np.linspace(0, 0.85, len(y)))
    for (name, values), colour in zip(y.items(), palette, strict=True):
        ax.plot(x, values, "o-", color=colour, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(frameon=False, fontsize=9)
    return figure


def confusion_heatmap(confusion: np.ndarray, title: str) -> Figure:
    """Return a (10, 10) confusion matrix, as counts and as a percentage of each row.

    Only mistakes are coloured: beside the diagonal they would not show.
    """
    import seaborn

    figure = new_figure(4.3, title, width=8.8)
    rates = 100 * confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    left, right = figure.subplots(1, 2)
    tables = ((left, confusion, "d", "images"), (right, rates, ".1f", "% of row"))
    for ax, values, form, name in tables:
        style = {"annot": values, "fmt": form, "annot_kws": {"size": 8}, "cmap": "rocket_r"}
        seaborn.heatmap(values * (1 - np.eye(10)), cbar=False, ax=ax, **style)
        ax.set(xlabel="read as", ylabel="what it is")
        ax.set_title(name, fontsize=9)
    return figure


def reliability_diagram(points: dict[str, np.ndarray], title: str) -> Figure:
    """Return the share right over confidence, for one or two arrays (k, 3).

    They come from `digitlib.evaluation.reliability`. Large dots stand for many images.
    """
    figure, (ax,) = _charts(3.6, title)
    figure.set_figwidth(5.0)
    ax.plot([0, 1], [0, 1], color="black", linewidth=1, linestyle=":")
    styles = ((NEUTRAL, "o"), (OTHER, "s"))
    for (name, array), (colour, mark) in zip(points.items(), styles, strict=False):
        means, shares, counts = array.T
        ax.plot(means, shares, color=colour, linewidth=1)
        sizes = 10 + 20 * np.log10(counts)
        ax.scatter(means, shares, s=sizes, color=colour, marker=mark, label=name)
    ax.set(xlabel="confidence", ylabel="share right", xlim=(0, 1.03), ylim=(0, 1.05))
    ax.legend(frameon=False, fontsize=9, loc="lower right")
    return figure
