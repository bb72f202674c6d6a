"""Draw the way of the data through the package."""

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

BLUE, GREEN, SAND = "#dbe9f6", "#e0f0e0", "#f7eddc"

fig, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
ax.set(xlim=(-0.5, 100.5), ylim=(0, 40))
ax.axis("off")


def box(x, y, width, title, text, color):
    """Draw a box with a title and what it holds; return its left and right middles."""
    ax.add_patch(
        FancyBboxPatch(
            (x, y), width, 9, boxstyle="round,pad=0,rounding_size=1.2", fc=color, ec="#555555"
        )
    )
    ax.text(x + width / 2, y + 6.1, title, ha="center", va="center", fontweight="bold", fontsize=9)
    ax.text(x + width / 2, y + 2.7, text, ha="center", va="center", fontsize=7.5, color="#333333")
    return (x, y + 4.5), (x + width, y + 4.5)


def arrow(start, end, label="", below=False):
    """Draw an arrow from a point to another, with a label at its middle."""
    ax.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color="#555555", lw=1)
    )
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    ax.text(x, y + (-1.9 if below else 1.5), label, ha="center", va="center", fontsize=7.5)


ax.text(0, 37.5, "fit", fontsize=11, fontweight="bold", family="monospace")
documents = box(0, 25, 15, "documents", "texts, token lists", BLUE)
tokens = box(24, 25, 13, "tokens", '"cat", "eats", ...', BLUE)
corpus = box(47, 25, 16, "encoded corpus", "3, 17, 5, 3, ...", GREEN)
vectors = box(75, 25, 25, "word vectors", "n_words x vector_size", SAND)
arrow(documents[1], tokens[0], "analyzer")
arrow(tokens[1], corpus[0], "vocabulary")
arrow(corpus[1], vectors[0], "training")

ax.text(0, 14.5, "transform", fontsize=11, fontweight="bold", family="monospace")
new = box(0, 2, 15, "new documents", "texts, token lists", BLUE)
new_tokens = box(24, 2, 13, "tokens", '"cat", "eats", ...', BLUE)
counts = box(47, 2, 16, "counts of words", "sparse matrix", GREEN)
result = box(75, 2, 25, "document vectors", "n_documents x n_features", SAND)
arrow(new[1], new_tokens[0], "analyzer")
arrow(new_tokens[1], counts[0], "look up")
arrow(counts[1], result[0], "pooling")
arrow((87.5, 25), (87.5, 11))
