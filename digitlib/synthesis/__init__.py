"""Training pictures made by code, so that the reader knows more than MNIST.

MNIST has one kind of pen and paper, and nothing in it is not a digit. `reader_images` makes what
pictures from outside have, from random numbers, by domain randomization (J. Tobin et al., IROS
2017): varied enough, made-up pictures teach what holds for real ones. Four kinds:

1. Digits, redrawn (`digits.redraw`): three of four MNIST images get flags, feet and bars, elastic
   distortions (P. Simard, D. Steinkraus, J. Platt, ICDAR 2003), another pen, and damage.
2. Digits, drawn by code (`digits.draw_digit`) from the pen strokes of `strokes.DIGITS`, for ways of
   writing that MNIST lacks; then warped and damaged like the others.
3. Out-of-distribution negatives (`negatives.draw_negative`), the eleventh class: letters, textures,
   scribbles, shapes, and digits that touch. A network that has seen only digits reads a digit in
   anything; it learns to refuse from what it should refuse (outlier exposure: D. Hendrycks,
   M. Mazeika, T. Dietterich, ICLR 2019; for wrongly cut digits: Y. LeCun et al., Proc. IEEE 86
   (1998), section V).
4. Slices (`negatives.slices`) that the reader cuts digits that touch into: whole digits with a
   little of their neighbours, and halves, which are no digit.

All go through the reader's own preparation (`digits.look`): it learns what it will be shown.
"""

from digitlib.synthesis.training_set import reader_images

__all__ = ["reader_images"]
