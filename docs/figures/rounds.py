"""Draw one round: chunks train on copies of rows, which are merged in the corpus's order."""

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, Rectangle

COLORS = ["#4c78a8", "#f58518", "#54a24b", "#b279a2"]

fig, ax = plt.subplots(figsize=(9, 4.2), layout="constrained")
ax.set(xlim=(-0.5, 100.5), ylim=(3, 46))
ax.axis("off")


def cell(x, y, width, height, color, text="", alpha=0.35):
    """Draw a rectangle with a text in it."""
    ax.add_patch(Rectangle((x, y), width, height, fc=color, ec="#444444", lw=0.8, alpha=alpha))
    ax.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=8)


def arrow(start, end):
    """Draw an arrow from a point to another."""
    ax.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, color="#666666", lw=0.9)
    )


ax.text(0, 43.5, "the corpus, in chunks", fontsize=9, fontweight="bold")
for number in range(9):
    inside = 2 <= number < 6
    color = COLORS[number - 2] if inside else "#dddddd"
    cell(11 * number, 37, 11, 4.5, color, f"chunk {number}")
ax.plot([22.3, 22.3, 65.7, 65.7], [36.4, 35.6, 35.6, 36.4], color="#444444", lw=0.9)
ax.text(44, 34, "one round", ha="center", va="center", fontsize=8.5)

ax.text(
    0, 30, "its chunks, each on\nits own copies of rows", fontsize=9, fontweight="bold", va="top"
)
for number, color in enumerate(COLORS):
    x = 26 + 18 * number
    for row in range(3):
        cell(x, 19.5 + 2.8 * row, 13, 2.8, color)
    ax.text(x + 6.5, 29.3, f"chunk {number + 2}: word by word", ha="center", fontsize=7.5)
    arrow((x + 6.5, 19), (x + 6.5, 13.4))
    ax.text(x + 7.3, 16.2, f"merged {number + 1}.", fontsize=7.5, va="center", color="#444444")

ax.text(0, 12.5, "the shared matrices", fontsize=9, fontweight="bold", va="top")
colors = ["#dddddd", *COLORS]
for column in range(67):
    color = colors[7 * column % 11 % 5]  # any mixture will do
    ax.add_patch(Rectangle((26 + column, 8.5), 1, 4, fc=color, ec="white", lw=0.4, alpha=0.6))
note = "Each row takes its steps in the order of the chunks, whichever thread carries them."
ax.text(59.5, 5, note, ha="center", fontsize=8, color="#333333")
