"""What a round costs must not grow with the vocabulary: it looks at what its words need, no more.

Nothing here is timed. Linux tells which pages of memory a process has looked at, of those that were
ever written: where a vocabulary has far more words, of which none occurs, the rounds must not have
looked at more.
"""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skw2v.training.parameters import RoundPlan, TrainingParameters
from skw2v.training.trainer import train

FORGET, TOLD = Path("/proc/self/clear_refs"), Path("/proc/self/smaps_rollup")
N_USED = 1_000


def looked_at_in_rounds(objective, n_words):
    """Return the bytes of the pages that a few rounds look at after the first ones."""
    token_ids = np.random.default_rng(0).integers(N_USED, size=5_000).astype(np.int32)
    counts = np.bincount(token_ids, minlength=n_words)
    parameters = TrainingParameters(objective=objective, vector_size=16, epochs=1, sample=0)
    # Few noise words, as each is drawn at a place of its own in a table as long as the vocabulary.
    plan = RoundPlan(
        drawn_negatives=7, pooled_negatives=14, chunk_tokens=500, chunks_per_round=2, kappa=0.25
    )
    looked_at = []

    def report(n_tokens, loss):
        fields = dict(line.split(":") for line in TOLD.read_text().splitlines()[1:])
        looked_at.append(int(fields["Referenced"].split()[0]) * 1024)
        if len(looked_at) == 2:
            FORGET.write_text("1")

    offsets = np.array([0, len(token_ids)])
    train(token_ids, offsets, counts, parameters, seed=0, plan=plan, report=report)
    return looked_at[-1]


@pytest.mark.skipif(not (FORGET.exists() and TOLD.exists()), reason="only Linux tells")
@pytest.mark.parametrize(
    ("objective", "n_words"),
    [("negative_sampling", 1_000_000), ("hierarchical_softmax", 1_000_000)],
)
def test_rounds_look_at_no_more_memory_in_a_larger_vocabulary(objective, n_words):
    imports = inspect.getsource(sys.modules[__name__]).partition("import pytest")[0]
    program = "\n".join(
        [
            imports,
            "from skw2v.training.parameters import RoundPlan, TrainingParameters",
            "from skw2v.training.trainer import train",
            f"FORGET, TOLD, N_USED = Path({str(FORGET)!r}), Path({str(TOLD)!r}), {N_USED}",
            inspect.getsource(looked_at_in_rounds),
            "import gc",
            "gc.disable()",
            # The system may look at memory for reasons of its own, so that only the least counts.
            f"for n_words in ({n_words // 100}, {n_words}):",
            f"    print(min(looked_at_in_rounds({objective!r}, n_words) for _ in range(5)))",
        ]
    )
    # Huge pages would be told as a whole.
    environment = {**os.environ, "NUMPY_MADVISE_HUGEPAGE": "0"}
    told = subprocess.run(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, check=True
    )
    few, many = map(int, told.stdout.split())
    smallest_sweep = 4 * n_words  # bytes of a table of the words, int32
    assert many - few < smallest_sweep / 2
