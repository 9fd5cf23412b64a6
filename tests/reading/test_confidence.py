import json
from pathlib import Path

import numpy as np

from digitlib.files import SAMPLES
from digitlib.reading import confidence, imaging
from digitlib.reading.recognizer import Recognizer, candidate, features

PLAIN = dict.fromkeys(confidence.FEATURES, 0.0) | {
    "all": 6, "least": 6, "doubt": -7, "contrast": 200
}  # fmt: skip


def believed(**changes):
    return confidence.beliefs(list((PLAIN | {"digits": np.log(2)} | changes).values()))


def test_beliefs_are_probabilities_and_follow_what_was_found():
    sure, doubtful, alone = believed(), believed(all=-1), believed(**{"left out": 0.9})
    for some in (sure, doubtful, alone):
        assert np.isclose(some.sum(), 1) and some.min() >= 0
    assert sure[0] > 0.9 > doubtful[0]
    assert alone[1] > sure[1]


def test_where_nothing_was_read_it_is_right_or_something_is_missed():
    nothing = believed(nothing=1, all=0, least=0, digits=0)
    assert nothing[0] == 0 and np.isclose(nothing[1] + nothing[2], 1)


def test_log_odds_are_bounded():
    assert confidence.log_odds(0.0) == -confidence.CLIP
    assert np.isclose(confidence.log_odds(0.75), np.log(3))


def test_the_stored_weights_are_those_of_the_features():
    stored = json.loads(Path(confidence.__file__).with_suffix(".json").read_text(encoding="utf-8"))
    assert np.shape(stored["weights"]) == (len(confidence.FEATURES) + 1, len(confidence.OUTCOMES))


def test_each_feature_is_what_its_name_says():
    reader = Recognizer()
    lines = imaging.prepare(SAMPLES / "several_digits.jpg").lines
    best = candidate(lines, *reader.believe(lines))
    found = dict(zip(confidence.FEATURES, features(best), strict=True))
    assert found["nothing"] == found["blank"] == 0 and np.isclose(found["digits"], np.log(6))
    assert found["cuts"] == found["bars"] == 0 and found["left out"] < 0.1
    assert 0 < found["all"] <= found["least"] <= confidence.CLIP
    blank = dict(zip(confidence.FEATURES, features(candidate([], {}, {})), strict=True))
    assert blank["nothing"] == blank["blank"] == blank["left out"] == 1
    assert blank["contrast"] == blank["uneven"] == 0 and 0 < found["uneven"] < 0.5
    assert found["contrast"] == confidence.CLEAR  # dark ink on light paper
