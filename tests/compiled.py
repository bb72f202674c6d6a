"""Functions that only compiled code calls, compiled so that the tests can call them."""

from numba import njit

from skw2v._compiling import OPTIONS
from skw2v.training import kernels


def compiled(function):
    """Compile a function with what Python needs to call it."""
    return njit(lambda *arguments: function(*arguments), **OPTIONS)


random_bits = compiled(kernels.random_bits)
draw_noise = compiled(kernels.draw_noise)
survives = compiled(kernels.survives)
mark_rows = compiled(kernels.mark_rows)
prepare_chunks = compiled(kernels.prepare_chunks)
load_rows = compiled(kernels.load_rows)
train_chunks = compiled(kernels.train_chunks)
return_rows = compiled(kernels.return_rows)
merge_rows = compiled(kernels.merge_rows)
