"""What a training run is told: the user's hyper-parameters, and the plan of blocks and rounds.

The hyper-parameters say what is learned and belong to the user. The plan says in which portions,
and belongs to the package: it is chosen from the hyper-parameters and the size of the corpus alone,
never from the number of threads, because the vectors depend on it. `benchmarks/quality.py` measures
what each of its numbers costs and gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Architecture = Literal["skipgram", "cbow"]
ObjectiveName = Literal["negative_sampling", "hierarchical_softmax", "softmax"]

MIN_ROUNDS = 100  # an epoch has, while that leaves a chunk for each round
MAX_CHUNKS_PER_ROUND = 16


@dataclass(frozen=True)
class TrainingParameters:
    """The hyper-parameters of word2vec; see `Word2VecVectorizer` for each one's meaning.

    Attributes
    ----------
    learning_rate : float
        Where the learning rate starts. Unlike the estimator's, never "auto".
    """

    vector_size: int = 100
    architecture: Architecture = "skipgram"
    objective: ObjectiveName = "negative_sampling"
    window: int = 5
    shrink_windows: bool = True
    negative: int = 5
    ns_exponent: float = 0.75
    sample: float = 1e-3
    cbow_mean: bool = True
    epochs: int = 5
    learning_rate: float = 0.05
    min_learning_rate: float = 1e-4

    def learning_rate_at(self, progress: float) -> float:
        """Return the learning rate after a fraction of all tokens: a straight line, with a floor."""
        return max(self.learning_rate * (1.0 - progress), self.min_learning_rate)


class RoundPlan(NamedTuple):
    """In which portions the corpus is trained.

    Attributes
    ----------
    shared_negatives : int
        Noise words that the pairs of a block share.
    pooled_negatives : int
        Noise words drawn for a chunk at most; its blocks take theirs from these in turn.
    chunk_tokens : int
        Tokens of a chunk, which is trained by one thread on copies of the rows it touches.
    chunks_per_round : int
        Chunks trained before their copies are merged; bounds the number of threads.
    kappa : float
        Saturation of the merge per unit of learning rate: small values add the steps of chunks,
        large ones average them.
    """

    shared_negatives: int
    pooled_negatives: int
    chunk_tokens: int
    chunks_per_round: int
    kappa: float


def plan_rounds(parameters: TrainingParameters, n_tokens: int) -> RoundPlan:
    """Choose blocks, chunks and rounds for a corpus.

    Parameters
    ----------
    parameters : TrainingParameters
        The hyper-parameters.
    n_tokens : int
        Length of the corpus. A short one is trained in short rounds, so that the chunks of a round,
        which do not see each other's steps, are a small part of an epoch.

    Returns
    -------
    plan : RoundPlan
        The same for any number of threads.
    """
    chunk_tokens = 1000
    n_chunks = -(-n_tokens // chunk_tokens)
    hierarchical = parameters.objective == "hierarchical_softmax"
    return RoundPlan(
        shared_negatives=0 if hierarchical else 32,
        pooled_negatives=0 if hierarchical else 2**20,
        chunk_tokens=chunk_tokens,
        chunks_per_round=max(1, min(n_chunks // MIN_ROUNDS, MAX_CHUNKS_PER_ROUND)),
        kappa=0.25,
    )
