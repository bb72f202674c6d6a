"""What all tests share: reproducible property tests and the seed of random tests."""

import os
import signal

import pytest
from hypothesis import settings

# A test passes or fails alike on every run, and a busy machine is no failure.
settings.register_profile("skw2v", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("skw2v")

# Pictures are drawn into memory: tests need no screen. Set before matplotlib is imported.
os.environ["MPLBACKEND"] = "Agg"

# A shell starts programs in the background deaf to Ctrl-C, and theirs are, too. Tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def global_random_seed():
    """One seed for all random tests, 42 unless SKW2V_TESTS_SEED says otherwise.

    A test that takes it must hold for any seed: vary it to see that a pass was no luck.
    """
    return int(os.environ.get("SKW2V_TESTS_SEED", "42"))
