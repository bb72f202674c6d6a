"""Draw by what factor the summed steps of a row's copies are scaled when they are merged."""

import matplotlib.pyplot as plt
import numpy as np

N_CHUNKS = 8


def saturate(x):
    """Return the share of the way that is gone, for a number of steps in units of the rate."""
    return x / (1 + x)


terms = np.logspace(-3, 3, 200)  # of each chunk, times eta
factor = saturate(N_CHUNKS * terms) / (N_CHUNKS * saturate(terms))

fig, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
ax.semilogx(terms, factor, color="C0", lw=2)
ax.axhline(1, color="0.6", ls=":", lw=1)
ax.axhline(1 / N_CHUNKS, color="0.6", ls=":", lw=1)
ax.text(1.1e-3, 0.86, "rare words:\nthe sum of the steps", va="top", fontsize=9)
ax.text(8e2, 1 / N_CHUNKS + 0.04, "frequent words: their average", ha="right", fontsize=9)
ax.set(xlabel=r"$\eta\, u$ of each chunk", ylabel="Factor of the sum", ylim=(0, 1.06))
ax.set_yticks([0, 1 / N_CHUNKS, 0.5, 1], ["0", "1/8", "1/2", "1"])
ax.spines[["top", "right"]].set_visible(False)
