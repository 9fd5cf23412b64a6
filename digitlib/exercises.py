"""Checks that tell a reader whether the answer to an exercise is right, or what is wrong with it.

A check computes the truth from the digits at hand, so that it holds on MNIST and on the stand-in.
It returns None where the answer is right, and otherwise a sentence that helps.
"""

from digitlib import checks_images, checks_networks

CHECKS = dict(sorted((checks_images.CHECKS | checks_networks.CHECKS).items()))


def check(name: str, answer=...) -> None:
    """Print whether an answer is right.

    Parameters
    ----------
    name : str
        The exercise's number, such as "1.2": notebook 1, exercise 2.
    answer : optional
        What the exercise asks for; `...` or None while it is not answered.

    Raises
    ------
    ValueError
        If there is no such exercise.
    """
    if name not in CHECKS:
        raise ValueError(f"There is no exercise {name!r}; there are {', '.join(CHECKS)}.")
    if answer is None or answer is ...:
        print(f"{name}: not answered yet")
        return
    try:
        wrong = CHECKS[name](answer)
    except Exception as error:  # whatever a reader gives, the notebook goes on
        wrong = f"this answer cannot be checked ({type(error).__name__}: {error}); see the exercise"
    print(f"{name}: right!" if wrong is None else f"{name}: not yet. {wrong}")
