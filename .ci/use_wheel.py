"""Train, transform, save and load with the package that is installed."""

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

import skw2v
from skw2v import Word2VecVectorizer

assert Path(skw2v.__file__).is_relative_to(sys.prefix), skw2v.__file__
assert skw2v.__version__ == version("skw2v")
documents = ["the cat eats its fish", "the dog eats its bread"] * 50
for architecture in ("skipgram", "cbow"):
    for objective in ("negative_sampling", "hierarchical_softmax", "softmax"):
        vectorizer = Word2VecVectorizer(
            vector_size=10, architecture=architecture, objective=objective, random_state=0
        )
        X = vectorizer.fit_transform(documents)
        assert X.shape == (100, 10)
        assert np.isfinite(X).all()
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "vectorizer.safetensors"
    vectorizer.save(path)
    assert np.array_equal(Word2VecVectorizer.load(path).transform(documents), X)
versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scikit-learn", "numba"))
print(f"skw2v {skw2v.__version__} works with {versions}")
