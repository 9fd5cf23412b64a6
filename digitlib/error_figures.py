"""The pictures of notebook 04: where a network is wrong. See `digitlib.figures`."""

import numpy as np
from matplotlib.figure import Figure

from digitlib.figures import NEUTRAL, OTHER, new_figure, plain


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
