"""Every picture that the notebooks show: arrays in, a matplotlib Figure out. Computes nothing.

The same digit has the same colour throughout; see `digitlib.files`.
"""

import base64
import io

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from digitlib.files import DIGIT_COLOURS

WIDTH = 8.0  # inches: a notebook's column
GOOD, BAD, NEUTRAL, OTHER = "#117733", "#CC6677", "#4477AA", "#EE7733"


def show(figure: Figure, alt: str, replace: list | None = None) -> None:
    """Display a figure in a notebook, with a text for people who cannot see it.

    The text reaches exported pages through the metadata of the output. Figures that are shown
    with the same list as `replace`, empty at first, take each other's place.
    """
    from IPython.display import display

    picture = base64.b64encode(png(figure)).decode()
    data, metadata = {"image/png": picture, "text/plain": alt}, {"image/png": {"alt": alt}}
    if replace:
        replace[0].update(data, metadata=metadata, raw=True)
        return
    handle = display(data, metadata=metadata, raw=True, display_id=replace is not None or None)
    if replace is not None:
        replace.append(handle)


def png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG, on white, so that it reads in dark mode too."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100, bbox_inches="tight", facecolor="white")
    return file.getvalue()


def new_figure(height: float, title: str = "", width: float = WIDTH) -> Figure:
    """Return an empty figure of a height in inches, its title at the left."""
    figure = Figure(figsize=(width, height), layout="constrained")
    if title:
        figure.suptitle(title, fontsize=12, fontweight="bold", x=0.01, ha="left")
    return figure


def plain(axes) -> None:
    """Take away the lines above and at the right of axes."""
    axes.spines[["top", "right"]].set_visible(False)


def _image(axes, image: np.ndarray, title: str = "", colour: str = "black") -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=max(1, np.max(image)))
    axes.set_xticks([])
    axes.set_yticks([])
    if title:
        axes.set_title(title, fontsize=9, color=colour)


def image_grid(images, titles=None, columns: int = 10, title: str = "", colours=None) -> Figure:
    """Return images in rows, each with its title; `colours` are those of the titles."""
    rows = -(-len(images) // columns)
    cell = WIDTH / columns
    figure = new_figure(rows * cell * (1.3 if titles else 1.05) + 0.4 * bool(title), title)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for i, ax in enumerate(axes):
        if i < len(images):
            _image(ax, images[i], titles[i] if titles else "", colours[i] if colours else "black")
        else:
            ax.axis("off")
    return figure


def class_balance(train_counts, test_counts, title: str) -> Figure:
    """Return how many images of each digit there are, (10,) each, in training and test."""
    figure = new_figure(2.8, title)
    for ax, counts, name in zip(
        figure.subplots(1, 2), (train_counts, test_counts), ("training", "test"), strict=True
    ):
        ax.bar(range(10), counts, color=DIGIT_COLOURS)
        ax.axhline(np.mean(counts), color="black", linewidth=1, linestyle=":")
        ax.set(xticks=range(10), xlabel="digit", ylabel=f"{name} images")
        plain(ax)
    return figure


def pixel_values(counts: np.ndarray, ink_shares, title: str) -> Figure:
    """Return how often each value 0..255 occurs, (256,), and the share of ink per digit, (10,)."""
    figure = new_figure(2.8, title)
    left, right = figure.subplots(1, 2)
    left.bar(range(256), counts, width=1.0, color=NEUTRAL)
    left.set(yscale="log", xlabel="pixel value", ylabel="pixels (log scale)")
    right.bar(range(10), ink_shares, color=DIGIT_COLOURS)
    right.set(xticks=range(10), xlabel="digit", ylabel="mean value / 255")
    plain(left)
    plain(right)
    return figure


def mass_centres(rows, columns, box_image: np.ndarray, title: str) -> Figure:
    """Return where images have their centre of mass, and one image with the box of 20 pixels."""
    figure = new_figure(3.4, title)
    left, right = figure.subplots(1, 2)
    _image(left, box_image)
    left.plot([3.5, 23.5, 23.5, 3.5, 3.5], [3.5, 3.5, 23.5, 23.5, 3.5], color=OTHER)
    left.plot([14], [14], "+", color=OTHER, markersize=14)
    right.scatter(columns, rows, s=3, alpha=0.3, color=NEUTRAL)
    right.set(xlim=(11, 17), ylim=(17, 11), xlabel="column", ylabel="row", aspect="equal")
    right.plot([14], [14], "+", color=OTHER, markersize=14)
    plain(right)
    return figure


def feature_maps(image, maps, title: str) -> Figure:
    """Return an image beside what filters made of it, (height, width, n), eight a row."""
    count = maps.shape[-1]
    rows = -(-count // 8)
    figure = new_figure(rows * 0.9 + 0.4, title)
    grid = figure.add_gridspec(rows, 8 + 2 * rows)
    _image(figure.add_subplot(grid[:, : 2 * rows]), image, "input")
    for i in range(count):
        ax = figure.add_subplot(grid[i // 8, 2 * rows + i % 8])
        ax.imshow(maps[..., i], cmap="cividis")
        ax.axis("off")
    return figure


def learning_curves(histories: dict[str, dict], title: str) -> Figure:
    """Return loss and accuracy by epoch: solid on training, dashed on validation images."""
    figure = new_figure(3.0, title)
    left, right = figure.subplots(1, 2)
    for (name, history), colour in zip(histories.items(), (NEUTRAL, OTHER), strict=False):
        epochs = range(1, len(history["loss"]) + 1)
        style = {"color": colour, "markevery": max(1, len(epochs) // 10)}
        for ax, metric in ((left, "loss"), (right, "accuracy")):
            ax.plot(epochs, history[metric], "o-", label=f"{name}, training", **style)
            label = f"{name}, validation"
            ax.plot(epochs, history[f"val_{metric}"], "s--", label=label, **style)
            ax.set(xlabel="epoch", ylabel=metric)
            ax.xaxis.get_major_locator().set_params(integer=True)
            plain(ax)
    right.legend(fontsize=8, frameon=False)
    return figure


def bars_by_digit(values: dict[str, np.ndarray], title: str, lowest: float | None = 0.0) -> Figure:
    """Return groups of bars, one group a digit, for one or more named arrays (10,)."""
    figure = new_figure(2.8, title)
    ax = figure.subplots()
    width = 0.8 / len(values)
    for i, (name, heights) in enumerate(values.items()):
        places = np.arange(10) + (i - (len(values) - 1) / 2) * width
        ax.bar(places, heights, width, color=(NEUTRAL, OTHER, GOOD)[i], label=name)
    ax.set(xticks=range(10), xlabel="digit")
    if lowest is not None:
        highest = max(np.max(heights) for heights in values.values())
        ax.set_ylim(lowest, highest + 0.05 * (highest - lowest))
    figure.legend(frameon=False, fontsize=9, ncols=3, loc="outside lower center")
    plain(ax)
    return figure


def probability_bars(axes, probabilities: np.ndarray) -> None:
    """Draw the ten probabilities of one image into given axes."""
    axes.barh(range(10), probabilities, color=DIGIT_COLOURS)
    axes.set(xlim=(0, 1), yticks=range(10), xticks=(0, 1))
    axes.tick_params(labelsize=7)
    axes.invert_yaxis()
    plain(axes)


def reading_steps(picture: np.ndarray, ink: np.ndarray, size, digits, title: str) -> Figure:
    """Return one reading step by step: picture, ink and boxes, 28 x 28 images, probabilities.

    Parameters
    ----------
    picture : (h, w, 3) uint8
    ink : (H, W) float32
        The ink map, of any size.
    size : (width, height)
        Of the picture that the boxes refer to.
    digits : list of digitlib.Digit
        At most eight are drawn.
    """
    drawn = digits[:8]
    figure = new_figure(4.6 if drawn else 2.6, title)
    top = figure.add_gridspec(2 if drawn else 1, 2, height_ratios=[1.2, 1] if drawn else None)
    _image(figure.add_subplot(top[0, 0]), picture, "the picture")
    ax = figure.add_subplot(top[0, 1])
    ax.imshow(ink, cmap="gray_r", vmin=0, vmax=1, extent=(0, size[0], size[1], 0))
    ax.set(xticks=[], yticks=[])
    ax.set_title("its ink, and the digits found", fontsize=9)
    for digit in digits:
        left, upper, right, lower = digit.box
        frame = [left, right, right, left, left], [upper, upper, lower, lower, upper]
        ax.plot(*frame, color=DIGIT_COLOURS[digit.digit], linewidth=2)
    if drawn:
        bottom = top[1, :].subgridspec(1, 2 * max(4, len(drawn)))
        for i, digit in enumerate(drawn):
            text = f"{digit.digit} ({digit.confidence:.0%})"
            _image(figure.add_subplot(bottom[0, 2 * i]), digit.image, text)
            probability_bars(figure.add_subplot(bottom[0, 2 * i + 1]), digit.probabilities)
    return figure


def curves(x, lines: dict[str, np.ndarray], xlabel: str, ylabel: str, title: str) -> Figure:
    """Return named lines over a common axis."""
    figure = new_figure(3.0, title)
    ax = figure.subplots()
    palette = colormaps["cividis"](np.linspace(0, 0.85, len(lines)))
    for (name, values), colour in zip(lines.items(), palette, strict=True):
        ax.plot(x, values, "o-", color=colour, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(frameon=False, fontsize=9)
    plain(ax)
    return figure


def confusion_heatmap(confusion: np.ndarray, title: str) -> Figure:
    """Return a (10, 10) confusion matrix, as counts and as per cent of each row.

    Colour shows mistakes alone, as the diagonal drowns them.
    """
    import seaborn

    figure = new_figure(4.3, title, width=8.8)
    rates = 100 * confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    mistakes = 1 - np.eye(10)
    for ax, values, form, name in zip(
        figure.subplots(1, 2), (confusion, rates), ("d", ".1f"), ("images", "% of row"), strict=True
    ):
        seaborn.heatmap(
            values * mistakes,
            annot=values,
            fmt=form,
            cmap="rocket_r",
            ax=ax,
            cbar=False,
            annot_kws={"size": 8},
        )
        ax.set(xlabel="read as", ylabel="what it is")
        ax.set_title(name, fontsize=9)
    return figure


def reliability_diagram(points: dict[str, np.ndarray], title: str) -> Figure:
    """Return the share right over confidence, for named arrays (k, 3) of `reliability`.

    Large dots stand for many images.
    """
    figure = new_figure(3.6, title, width=5.0)
    ax = figure.subplots()
    ax.plot([0, 1], [0, 1], color="black", linewidth=1, linestyle=":")
    for (name, (means, shares, counts)), colour, mark in zip(
        ((name, array.T) for name, array in points.items()),
        (NEUTRAL, OTHER),
        "os",
        strict=False,
    ):
        ax.plot(means, shares, color=colour, linewidth=1)
        sizes = 10 + 20 * np.log10(counts)
        ax.scatter(means, shares, s=sizes, color=colour, marker=mark, label=name)
    ax.set(xlabel="confidence", ylabel="share right", xlim=(0, 1.03), ylim=(0, 1.05))
    ax.legend(frameon=False, fontsize=9, loc="lower right")
    plain(ax)
    return figure
