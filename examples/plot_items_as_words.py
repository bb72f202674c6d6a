"""
Items as words: what a shop's sessions know
===========================================

Word2vec reads sequences of tokens, and a token need not be a word. If people look at products one
after another, a session is a document and a product id is a token: products that are looked at in
like company get like vectors. Here a generator makes sessions whose structure is known, so that one
can see whether it is found.
"""

# %%
# Sessions with a plan
# --------------------
#
# A shop has 4 departments with 5 categories each. A visitor wanders about: the next product is
# mostly one of the same category, sometimes one of another category of the same department, and
# rarely anything else. A category has 12 products: 0 to 3 are of one brand, 4 to 7 of another, and
# 8 to 11 are accessories that fit both. **A visitor is loyal to one brand of a category**, so
# products of the two never stand in the same session.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from skw2v import Word2VecVectorizer

N_DEPARTMENTS, N_CATEGORIES, N_PRODUCTS = 4, 5, 12
rng = np.random.default_rng(0)


def make_session(length):
    """Return the products that one visitor looks at: tuples of department, category, product."""
    brands = rng.integers(2, size=(N_DEPARTMENTS, N_CATEGORIES))
    department, category = rng.integers(N_DEPARTMENTS), rng.integers(N_CATEGORIES)
    session = []
    for _ in range(length):
        chance = rng.random()
        if chance < 0.03:
            department = rng.integers(N_DEPARTMENTS)
        if chance < 0.15:
            category = rng.integers(N_CATEGORIES)
        own_brand = 4 * brands[department, category] + rng.integers(4)
        product = own_brand if rng.random() < 0.3 else rng.integers(8, 12)
        session.append((int(department), int(category), int(product)))
    return session


sessions = [make_session(length) for length in rng.integers(5, 25, size=8000)]
print(f"{len(sessions)} sessions, the first: {sessions[0][:3]} ...")

# %%
# Train
# -----
#
# A token may be anything hashable, so the tuples go in as they are. Tokens that are no words want
# other settings than English: with 240 products all of them are frequent, so none are thinned out
# (``sample=0``).

vectorizer = Word2VecVectorizer(
    vector_size=32, window=5, sample=0, min_count=1, epochs=15, n_jobs=2, random_state=0
)
vectorizer.fit(sessions)
word_vectors = vectorizer.word_vectors_

# %%
# Is the plan found?
# ------------------
#
# The cosine similarity of all pairs of products, sorted by department, category and product. The
# four large blocks are the departments, the small ones along the diagonal are the categories.

products = sorted(word_vectors)
unit_vectors = word_vectors[products]
unit_vectors /= np.linalg.norm(unit_vectors, axis=1, keepdims=True)
similarities = unit_vectors @ unit_vectors.T

fig, ax = plt.subplots(figsize=(6.5, 4.7), layout="constrained")
image = ax.imshow(similarities, cmap="magma")
size = N_CATEGORIES * N_PRODUCTS
middles = [size * department + size / 2 for department in range(N_DEPARTMENTS)]
names = [f"department {department}" for department in range(N_DEPARTMENTS)]
ax.set_xticks(middles, names)
ax.set_yticks(middles, names)
ax.tick_params(length=0)
fig.colorbar(image, label="Cosine similarity")
plt.show()

# %%
# Clusters of the vectors, made without knowing the plan, against the plan. The adjusted Rand index
# is 1 where they agree and about 0 where they agree by chance.

departments = [product[0] for product in products]
categories = [product[:2] for product in products]
category_numbers = [category[0] * N_CATEGORIES + category[1] for category in categories]
for name, truth in (("departments", departments), ("categories", category_numbers)):
    clusters = AgglomerativeClustering(
        n_clusters=len(set(truth)), metric="cosine", linkage="average"
    ).fit_predict(unit_vectors)
    print(f"{name}: adjusted Rand index {adjusted_rand_score(truth, clusters):.3f}")

# %%
# Never seen together, yet alike
# ------------------------------
#
# The two brands of a category never stand in one session, so counting which products are looked at
# together says nothing about them. The vectors do, because both are looked at with the same
# accessories: such a pair is about as alike as two products of one department that *are* seen
# together, and clearly more alike than products of different departments.

seen_together = {
    frozenset((first, second)) for session in sessions for first in session for second in session
}
pairs_of_brands = [
    frozenset(((*category, first), (*category, second)))
    for category in set(categories)
    for first in range(4)
    for second in range(4, 8)
]
n_seen = sum(pair in seen_together for pair in pairs_of_brands)
print(f"{n_seen} of {len(pairs_of_brands)} pairs of the two brands are seen together in a session")

category_of = np.array(category_numbers)
department_of = np.array(departments)
brand_of = np.array([number // 4 for _, _, number in products])  # 2 for accessories
first, second = np.triu_indices(len(products), k=1)
same_category = category_of[first] == category_of[second]
two_brands = brand_of[first] + brand_of[second] == 1
kinds = {
    "same category, the two brands": same_category & two_brands,
    "same category, other pairs": same_category & ~two_brands,
    "same department only": ~same_category & (department_of[first] == department_of[second]),
    "different departments": department_of[first] != department_of[second],
}

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
bins = np.linspace(-0.4, 1, 71)
for name, chosen in kinds.items():
    values = similarities[first, second][chosen]
    print(f"{name:>30}: mean similarity {values.mean():+.2f}")
    ax.hist(values, bins=bins, density=True, alpha=0.6, label=name)
ax.set(xlabel="Cosine similarity of two products", ylabel="Density of pairs")
ax.legend(fontsize=8)
ax.spines[["top", "right"]].set_visible(False)
plt.show()
