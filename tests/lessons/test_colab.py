"""Colab, imitated: what its set-up cell does to have the pad shown; not tried there."""

import subprocess
import sys

import pytest

IMITATED = """
import sys, types
google, colab, output = (types.ModuleType(n) for n in ("google", "google.colab", "output"))
def enable_custom_widget_manager():
    print("asked")
    {then}
output.enable_custom_widget_manager = enable_custom_widget_manager
colab.output, google.colab = output, colab
sys.modules |= {{"google": google, "google.colab": colab, "google.colab.output": output}}
import digitlib.lessons
print("imported", digitlib.lessons.check.__name__)
"""


@pytest.mark.parametrize("then", ["pass", "raise RuntimeError('no such manager')"])
def test_colab_is_asked_to_show_the_pad_and_may_fail(then):
    code = IMITATED.format(then=then)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["asked", "imported", "check"]


def test_elsewhere_nothing_of_colab_is_asked_for():
    code = "import sys, digitlib.lessons; assert 'google.colab' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
