"""The colours of the digits: the same digit has the same colour everywhere.

P. Tol's "muted" scheme (SRON technical note 09-002, 2021), which colour-blind readers can tell
apart, and a grey.
"""

DIGIT_COLOURS = (
    *("#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE"),
    *("#882255", "#44AA99", "#999933", "#AA4499", "#777777"),
)
