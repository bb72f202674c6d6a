"""scikit-learn's own checks of an estimator, on one that takes text.

They feed numbers, and return at once for an estimator that says it takes none: `check_estimator` on
the vectorizer would run a single check. So those that need no data are called by name, and all run
on a subclass that makes words of numbers.
"""

import numpy as np
import pytest
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from skw2v import Word2VecVectorizer

SMALL = {"min_count": 1, "vector_size": 4, "epochs": 2}

# Those that test a text estimator as it is; the versions of scikit-learn differ in what they have.
DATA_FREE_CHECKS = [
    name
    for name in (
        "check_do_not_raise_errors_in_init_or_set_params",
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_get_feature_names_out_error",
        "check_get_params_invariance",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_param_validation",
        "check_parameters_default_constructible",
        "check_set_params",
        "check_valid_tag_types",
    )
    if hasattr(estimator_checks, name)
]


class NumberVectorizer(Word2VecVectorizer):
    """A vectorizer of numbers: each column of a row is a word made of its index and its value."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = False
        tags.input_tags.one_d_array = False
        tags.input_tags.two_d_array = True
        return tags

    def fit(self, X, y=None):
        return super().fit(self._documents(X, reset=True))

    def partial_fit(self, X, y=None):
        is_first = not hasattr(self, "word_vectors_")
        return super().partial_fit(self._documents(X, reset=is_first))

    def score(self, X, y=None):
        check_is_fitted(self)
        return super().score(self._documents(X, reset=False))

    def fit_transform(self, X, y=None):
        return super().fit_transform(self._documents(X, reset=True))

    def transform(self, X):
        check_is_fitted(self)
        return super().transform(self._documents(X, reset=False))

    def _documents(self, X, reset):
        X = validate_data(self, X, reset=reset)
        return [[f"c{column}_{x:.1f}" for column, x in enumerate(row)] for row in X]


def test_nearly_all_checks_that_need_no_data_exist():
    assert len(DATA_FREE_CHECKS) >= 10


@pytest.mark.parametrize("name", DATA_FREE_CHECKS)
def test_check_that_needs_no_data(name):
    getattr(estimator_checks, name)("Word2VecVectorizer", Word2VecVectorizer(**SMALL))


def test_every_parameter_has_a_constraint():
    names = set(Word2VecVectorizer().get_params())
    assert names == set(Word2VecVectorizer._parameter_constraints)


def test_the_tags_say_text_in_and_float32_out():
    tags = get_tags(Word2VecVectorizer())
    assert tags.input_tags.string
    assert tags.input_tags.one_d_array
    assert not tags.input_tags.two_d_array
    assert not tags.input_tags.sparse
    assert not tags.input_tags.allow_nan
    assert not tags.non_deterministic
    assert not tags.target_tags.required
    assert tags.transformer_tags.preserves_dtype == []


# The words of a part of the data are partly new, which the vectorizer says.
@pytest.mark.filterwarnings("ignore:.*documents contain no known word:UserWarning")
def test_the_whole_suite_passes_through_an_adapter():
    results = estimator_checks.check_estimator(
        NumberVectorizer(**SMALL), on_skip=None, on_fail=None
    )
    failed = {
        result["check_name"]: result["exception"]
        for result in results
        if result["status"] not in ("passed", "skipped")
    }
    assert failed == {}
    assert sum(result["status"] == "passed" for result in results) >= 40


def test_the_suite_can_fail():
    class OverwritingVectorizer(NumberVectorizer):
        def fit(self, X, y=None):
            self.random_state = np.random.RandomState(0)
            return super().fit(X)

    results = estimator_checks.check_estimator(
        OverwritingVectorizer(**SMALL), on_skip=None, on_fail=None
    )
    failed = {result["check_name"] for result in results if result["status"] == "failed"}
    assert "check_estimators_overwrite_params" in failed
