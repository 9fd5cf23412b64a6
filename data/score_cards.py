"""Write on the shipped networks' cards how many of MNIST's test images they read right.

Run it where a shipped network or what counts as right (`digitlib.evaluation.right`) has changed:

    python data/score_cards.py
"""

from digitlib.datasets import load_digits
from digitlib.files import PRETRAINED
from digitlib.models import load_network
from digitlib.training.cards import card_path, read_card, write_card
from digitlib.training.loop import test_score


def main() -> None:
    dataset = load_digits("mnist")
    for path in sorted(PRETRAINED.glob("*.keras")):
        card = read_card(card_path(path)) | test_score(load_network(path), dataset)
        write_card(card, path)
        print(f"{path.name}: {card['test_accuracy']:.2%} of the test images read right")


if __name__ == "__main__":
    main()
