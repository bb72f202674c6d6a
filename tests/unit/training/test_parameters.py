"""The plan of chunks and rounds, which the corpus decides and never the number of threads."""

import numpy as np
import pytest

from skw2v.training.huffman import build_huffman_tree
from skw2v.training.parameters import RoundPlan, TrainingParameters, plan_rounds
from skw2v.training.trainer import _capacities, make_objective

OBJECTIVES = ("negative_sampling", "hierarchical_softmax")
every_objective = pytest.mark.parametrize("objective", OBJECTIVES)


def planned(objective, n_tokens):
    return plan_rounds(TrainingParameters(objective=objective), n_tokens)


@every_objective
@pytest.mark.parametrize("n_tokens", [50_000, 99_999, 400_000, 1_000_000, 5_000_000, 10**9])
def test_an_epoch_has_a_hundred_rounds_where_it_has_tokens_for_them(objective, n_tokens):
    plan = planned(objective, n_tokens)
    n_rounds = -(-n_tokens // (plan.chunk_tokens * plan.chunks_per_round))
    assert n_rounds >= 100


@every_objective
def test_a_short_corpus_has_one_chunk_a_round(objective):
    plan = planned(objective, 20_000)
    assert (plan.chunk_tokens, plan.chunks_per_round) == (500, 1)


@pytest.mark.parametrize(
    ("objective", "most_threads"), [("negative_sampling", 8), ("hierarchical_softmax", 4)]
)
def test_a_long_corpus_gives_work_to_as_many_threads_as_documented(objective, most_threads):
    plan = planned(objective, 10**9)
    assert plan.chunks_per_round == most_threads
    assert planned(objective, 400_000).chunks_per_round == most_threads
    assert plan.chunk_tokens * plan.chunks_per_round <= 32_000


@pytest.mark.parametrize("n_words", [1, 2, 60])
@pytest.mark.parametrize("shape", ["balanced", "chain"])
@pytest.mark.parametrize("chunk_tokens", [1, 2, 7, 100])
def test_a_chunk_has_room_for_the_paths_of_any_words(shape, n_words, chunk_tokens):
    counts = np.full(n_words, 3) if shape == "balanced" else 2 ** np.arange(n_words)[::-1]
    parameters = TrainingParameters(objective="hierarchical_softmax")
    plan = RoundPlan(0, 0, chunk_tokens, 1, 0.1)
    room = _capacities(make_objective(counts, parameters, plan), plan, 1, n_words, 1000).output_rows
    tree = build_huffman_tree(counts)
    rng = np.random.default_rng(0)
    deepest = np.argsort(-tree.path_lengths, kind="stable")
    choices = [rng.permutation(n_words) for _ in range(20)] + [deepest]
    needed = [
        len({int(node) for word in words[:chunk_tokens] for node in tree.path(word)[0]})
        for words in choices
    ]
    assert max(needed) <= room
    assert room <= max(1, n_words - 1)
