"""What a training run is told: the user's hyper-parameters, and the plan of chunks and rounds.

The hyper-parameters say what is learned and belong to the user. The plan says in which portions,
and belongs to the package: it is chosen from the hyper-parameters and the size of the corpus alone,
never from the number of threads, because the vectors depend on it. What was tried stands, with what
it gave, in `benchmarks/README.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Architecture = Literal["skipgram", "cbow"]
ObjectiveName = Literal["negative_sampling", "hierarchical_softmax", "softmax"]

MIN_ROUNDS = 100  # of an epoch, while that leaves a chunk for each round
MIN_CHUNK_TOKENS = 500
# The most tokens of a chunk, and chunks of a round. A longer chunk copies fewer rows for a token,
# and hierarchical softmax has most of them; under negative sampling its noise words would recur
# more often. In a longer round chunks see less of each other: fewer, where they are longer.
MAX_ROUND: dict[ObjectiveName, tuple[int, int]] = {
    "negative_sampling": (2000, 8),
    "hierarchical_softmax": (8000, 4),
    "softmax": (2000, 8),
}
OUTPUTS_MULTIPLE = 8  # a centre word and its noise words are as many, or twice as many ...
POOLED_CENTRES = 68  # of a chunk, after which its noise words recur, in a corpus of ...
POOLING_TOKENS = 1_000_000  # ... so many tokens or more; later in a shorter one
# Every pair goes through the root of a Huffman tree and the nodes below it: steps are averaged
# later.
KAPPA: dict[ObjectiveName, float] = {
    "negative_sampling": 0.25,
    "hierarchical_softmax": 0.1,
    "softmax": 0.25,
}

WHOLE_SCHEDULE = (0.0, 1.0)  # the part of the learning rate's line that a run goes along

LEARNING_RATES: dict[tuple[Architecture, ObjectiveName], float] = {
    ("skipgram", "negative_sampling"): 0.05,
    ("skipgram", "hierarchical_softmax"): 0.025,
    ("skipgram", "softmax"): 0.05,
    ("cbow", "negative_sampling"): 0.2,
    ("cbow", "hierarchical_softmax"): 0.07,
    ("cbow", "softmax"): 0.2,
}


def default_learning_rate(
    architecture: Architecture, objective: ObjectiveName, cbow_mean: bool
) -> float:
    """Return the learning rate that stands for "auto".

    For the sampled objectives it comes from the benchmarks of quality. For the full softmax, which
    they do not cover, it is one that trains steadily. The mean of CBOW passes each context word
    only its share of the gradient, so its rate is larger; with the sum it is that of skip-gram.
    """
    if architecture == "cbow" and not cbow_mean:
        architecture = "skipgram"
    return LEARNING_RATES[architecture, objective]


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

    @property
    def centres_at_once(self) -> int:
        """How many neighbouring centres one step learns: in CBOW two, which share contexts."""
        return 2 if self.architecture == "cbow" else 1

    def n_output_rows(self, n_words: int) -> int:
        """Return how many output vectors there are: of words, or of the tree's inner nodes."""
        return max(1, n_words - 1) if self.objective == "hierarchical_softmax" else n_words

    def learning_rate_at(self, progress: float) -> float:
        """Return the learning rate after a fraction of all tokens: a line, with a floor."""
        return max(self.learning_rate * (1.0 - progress), self.min_learning_rate)

    def learning_rate_of(
        self,
        epoch: int,
        position: int,
        n_tokens: int,
        schedule: tuple[float, float] = WHOLE_SCHEDULE,
    ) -> float:
        """Return the learning rate of the token at a position of a corpus of `n_tokens`.

        The corpus takes the line from the first to the second progress of `schedule`.
        """
        begin, end = schedule
        fraction = (epoch * n_tokens + position) / (self.epochs * n_tokens)
        return self.learning_rate_at(begin + (end - begin) * fraction)


class RoundPlan(NamedTuple):
    """In which portions the corpus is trained.

    Attributes
    ----------
    drawn_negatives : int
        Noise words of a centre, which its contexts share.
    pooled_negatives : int
        Noise words drawn for a chunk at most; its centres take theirs from these in turn.
    chunk_tokens : int
        Tokens of a chunk, which is trained by one thread on copies of the rows it touches.
    chunks_per_round : int
        Chunks trained before their copies are merged; bounds the number of threads.
    kappa : float
        Saturation of the merge per unit of learning rate: small values add the steps of chunks,
        large ones average them.
    """

    drawn_negatives: int
    pooled_negatives: int
    chunk_tokens: int
    chunks_per_round: int
    kappa: float


def plan_rounds(parameters: TrainingParameters, n_tokens: int) -> RoundPlan:
    """Choose chunks and rounds for a corpus.

    Parameters
    ----------
    parameters : TrainingParameters
        The hyper-parameters.
    n_tokens : int
        Length of the corpus. A short one is trained in short chunks and rounds, so that the chunks
        of a round, which do not see each other's steps, are a small part of an epoch.

    Returns
    -------
    plan : RoundPlan
        The same for any number of threads.
    """
    most_tokens, most_chunks = MAX_ROUND[parameters.objective]
    longest = n_tokens // (MIN_ROUNDS * most_chunks)
    chunk_tokens = min(max(longest, MIN_CHUNK_TOKENS), most_tokens)
    n_chunks = -(-n_tokens // chunk_tokens)
    drawn = pooled = 0
    if parameters.objective == "negative_sampling":
        # More than asked for cost nothing while they fill a tile of the kernels. CBOW makes one
        # prediction where skip-gram makes one for each context: it has to meet more noise words,
        # which two centres share.
        centres = parameters.centres_at_once
        least = parameters.negative * centres
        drawn = -(-(centres + least) // OUTPUTS_MULTIPLE) * OUTPUTS_MULTIPLE - centres
        # The shorter the corpus, the more of its noise words are fresh.
        recurring = max(POOLED_CENTRES, POOLED_CENTRES * POOLING_TOKENS // max(n_tokens, 1))
        pooled = drawn * -(-min(recurring, chunk_tokens) // centres)
    return RoundPlan(
        drawn_negatives=drawn,
        pooled_negatives=pooled,
        chunk_tokens=chunk_tokens,
        chunks_per_round=max(1, min(n_chunks // MIN_ROUNDS, most_chunks)),
        kappa=KAPPA[parameters.objective],
    )
