"""Save the README's picture: the first one of `examples/plot_word_map.py`."""

import runpy
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "_static" / "word_map.png"


def save_first_figure() -> None:
    """Save the figure that is shown first and close it, so that later ones are not."""
    if not PICTURE.exists():
        plt.savefig(PICTURE, dpi=100)
    plt.close("all")


PICTURE.unlink(missing_ok=True)
plt.show = save_first_figure
runpy.run_path(str(ROOT / "examples" / "plot_word_map.py"))
