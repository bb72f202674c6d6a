"""Draw what `benchmarks/parameters.py` has measured: what each parameter gains and costs."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skw2v import Word2VecVectorizer

MEASURES = {  # name of the task, label, style
    "topics": ("topics", "topics (docstrings)", "o-C0"),
    "similarity": ("words", "word similarity (Wikipedia)", "s-C1"),
    "analogies": ("words", "analogies (Wikipedia)", "^-C2"),
}

runs = json.loads(Path("parameters.json").read_text(encoding="utf-8"))["runs"]
names = list(dict.fromkeys(name for run in runs for name in run["setting"]))
defaults = Word2VecVectorizer().get_params()


def of(task, name, value, measure):
    """Return a measure of the runs of a value, by seed."""
    setting = {} if value == defaults[name] else {name: value}
    chosen = [run for run in runs if run["task"] == task and run["setting"] == setting]
    return {run["seed"]: run[measure] for run in chosen}


def gains(task, name, value, measure):
    """Return by how much a value is better than the default, in points of a hundred, by seed."""
    reference = of(task, name, defaults[name], measure)
    measured = of(task, name, value, measure)
    return [100 * (measured[seed] - reference[seed]) for seed in measured if seed in reference]


fig, axes = plt.subplots(2, 3, figsize=(9.6, 6), sharey=True, layout="constrained")
for name, ax in zip(names, axes.flat, strict=True):
    values = {value for run in runs for key, value in run["setting"].items() if key == name}
    values = sorted(values | {defaults[name]}, key=lambda value: (value == 0, value))
    places = np.arange(len(values))
    for measure, (task, label, style) in MEASURES.items():
        spread = [gains(task, name, value, measure) for value in values]
        means = [np.mean(gain) if gain else np.nan for gain in spread]
        ax.plot(places, means, style, ms=4, label=label)
        for place, gain in zip(places, spread, strict=True):
            ax.plot([place] * len(gain), gain, "_", color=style[-2:], alpha=0.6)
    seconds = [np.mean(list(of("words", name, value, "seconds").values())) for value in values]
    usual = seconds[values.index(defaults[name])]
    ticks = [f"{v:g}\n{s / usual:.1f} x" for v, s in zip(values, seconds, strict=True)]
    ax.set_xticks(places, ticks, fontsize=8)
    ax.axhline(0, color="0.6", lw=0.8, ls=":")
    ax.axvline(values.index(defaults[name]), color="0.6", lw=0.8, ls=":")
    ax.set_title(name, family="monospace", fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
for ax in axes[:, 0]:
    ax.set_ylabel("Gain over the default (points)")
fig.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
