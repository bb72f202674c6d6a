"""scikit-learn's own checks of an estimator, on one that takes text.

They feed numbers, and return at once for an estimator that says it takes none: `check_estimator` on
the vectorizer would run a single check. So those that need no data are called by name, all run on a
subclass that makes words of numbers, and those that matter most are written again for texts.
"""

import inspect

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.fixes import parse_version
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


# Those that feed numbers and that `check_estimator` leaves out.
FURTHER_CHECKS = [
    name
    for name in (
        "check_dataframe_column_names_consistency",
        "check_global_output_transform_pandas",
        "check_global_set_output_transform_polars",
        "check_param_validation",
        "check_set_output_transform",
        "check_set_output_transform_pandas",
        "check_set_output_transform_polars",
        "check_transformer_get_feature_names_out",
        "check_transformer_get_feature_names_out_pandas",
        "check_transformer_preserve_dtypes",
    )
    if hasattr(estimator_checks, name)
]

# The whole of pooling: what it learns must pass, too.
VARIANTS = [
    {},
    {"vectors": "concatenated", "pooling": ("mean", "max"), "weighting": "usif", "norm": "l2"},
]

TEXTS = ["the cat and the dog", "a dog", "a cat and a mouse", "and the mouse"]

SOME_NEW_WORDS = "ignore:.*documents contain no known word:UserWarning"


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
        if is_first:  # which n_features_in_ hides from scikit-learn
            self._validate_params()
        return super().partial_fit(self._documents(X, reset=is_first))

    def score(self, X, y=None):
        check_is_fitted(self)
        return super().score(self._documents(X, reset=False))

    def fit_transform(self, X, y=None):
        # The output is put in its container here, with the index of X.
        return Word2VecVectorizer.fit_transform.__wrapped__(self, self._documents(X, reset=True))

    def transform(self, X):
        check_is_fitted(self)
        return Word2VecVectorizer.transform.__wrapped__(self, self._documents(X, reset=False))

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


@pytest.mark.filterwarnings(SOME_NEW_WORDS)
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_the_whole_suite_passes_through_an_adapter(variant):
    results = estimator_checks.check_estimator(
        NumberVectorizer(**SMALL, **variant), on_skip=None, on_fail=None
    )
    failed = {
        result["check_name"]: result["exception"]
        for result in results
        if result["status"] not in ("passed", "skipped")
    }
    assert failed == {}
    skipped = [result["check_name"] for result in results if result["status"] == "skipped"]
    assert set(skipped) <= {"check_array_api_input"}
    # scikit-learn 1.6 has fewer of them.
    n_expected = 45 if parse_version(sklearn.__version__) >= parse_version("1.9") else 40
    assert len(results) - len(skipped) >= n_expected


def test_most_of_the_further_checks_exist():
    assert len(FURTHER_CHECKS) >= 9


# The checks fit frames and transform arrays.
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.filterwarnings(SOME_NEW_WORDS)
@pytest.mark.parametrize("name", FURTHER_CHECKS)
def test_further_check_passes_through_the_adapter(name):
    check = getattr(estimator_checks, name)
    check("NumberVectorizer", NumberVectorizer(**SMALL))


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


# Twins for texts of the checks that feed numbers -------------------------------------------------


@pytest.fixture(params=VARIANTS, ids=str)
def vectorizer(request):
    return Word2VecVectorizer(**SMALL, **request.param, random_state=0)


def test_fit_returns_the_estimator_and_takes_y(vectorizer):
    y = [0, 1, 0, 1]
    assert vectorizer.fit(TEXTS, y) is vectorizer
    assert vectorizer.fit(TEXTS, y=None) is vectorizer
    assert vectorizer.fit_transform(TEXTS, y).shape == vectorizer.transform(TEXTS).shape
    for method in (vectorizer.fit, vectorizer.fit_transform):
        assert list(inspect.signature(method).parameters)[:2] == ["X", "y"]


def test_fit_changes_no_parameter_and_adds_only_learned_attributes(vectorizer):
    before = joblib.hash(vectorizer.get_params())
    attributes = set(vars(vectorizer))
    vectorizer.fit(TEXTS)
    assert joblib.hash(vectorizer.get_params()) == before
    added = set(vars(vectorizer)) - attributes
    assert added
    assert [name for name in added if not (name.startswith("_") or name.endswith("_"))] == []


def test_transform_changes_nothing(vectorizer):
    vectorizer.fit(TEXTS)
    before = joblib.hash(vars(vectorizer))
    vectorizer.transform(TEXTS)
    vectorizer.inverse_transform(vectorizer.transform(TEXTS))
    vectorizer.get_feature_names_out()
    assert joblib.hash(vars(vectorizer)) == before


def test_documents_are_left_as_they_are(vectorizer):
    tokens = [text.split() for text in TEXTS]
    before = joblib.hash(tokens)
    vectorizer.fit(tokens).transform(tokens)
    assert joblib.hash(tokens) == before


def test_only_fit_makes_it_fitted(vectorizer):
    with pytest.raises(NotFittedError):
        check_is_fitted(vectorizer)
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        vectorizer.transform(TEXTS)
    vectorizer.fit(TEXTS)
    check_is_fitted(vectorizer)
    with pytest.raises(NotFittedError):
        check_is_fitted(clone(vectorizer))


def test_fitting_again_gives_the_same(vectorizer):
    first = vectorizer.fit_transform(TEXTS)
    np.testing.assert_array_equal(vectorizer.fit(TEXTS).transform(TEXTS), first)
    np.testing.assert_array_equal(clone(vectorizer).fit(TEXTS).transform(TEXTS), first)


def test_order_and_choice_of_documents_do_not_matter(vectorizer):
    X = vectorizer.fit_transform(TEXTS)
    np.testing.assert_array_equal(vectorizer.transform(TEXTS[::-1]), X[::-1])
    one_by_one = [vectorizer.transform([text])[0] for text in TEXTS]
    np.testing.assert_array_equal(one_by_one, X)


def test_there_are_as_many_names_as_features(vectorizer):
    X = vectorizer.fit_transform(TEXTS)
    names = vectorizer.get_feature_names_out()
    assert len(names) == X.shape[1] == len(set(names))
    frame = vectorizer.set_output(transform="pandas").transform(TEXTS)
    assert frame.columns.tolist() == names.tolist()
    np.testing.assert_array_equal(frame.to_numpy(), X)
