"""What tests ask of a training run: the bytes that it leaves, and its threads."""

import threading

import numpy as np


def as_bytes(embedding):
    """Return all that training leaves, as bytes."""
    return (
        embedding.input_vectors.tobytes(),
        embedding.output_vectors.tobytes(),
        np.array(embedding.loss_curve).tobytes(),
    )


def our_threads():
    """Return the names of the threads that training has running."""
    return sorted(t.name for t in threading.enumerate() if t.name.startswith("skw2v"))
