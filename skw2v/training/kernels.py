"""The compiled kernels: random numbers, centres, chunks and the merge of chunks.

All jitted code that trains lives in this file, because numba's cache on disk notices edits in the
file of the function it caches and in no other. Nothing is compiled at import.

The way of one chunk (a fixed run of tokens of the corpus):

1. `sample_chunk` draws which tokens stay (subsampling) and how far each one's window reaches.
   `number_inputs` and `number_noise` or `number_paths` list the distinct rows of the two matrices
   that the chunk touches, and which of them are the noise words of a step or the path of a word.
   `mark_rows` tells the other chunks of the round.
2. `load_rows` copies the rows to places that only this chunk writes, few beside the matrices.
3. `train_skipgram` learns the centres of the windows one after another. The input rows ``X`` are
   the vectors of the context words, and the output rows ``Y`` are the centre word and its noise
   words [1]_, or the inner nodes on its path through the Huffman tree [2]_. Every input meets every
   output. With ``t`` the label of an output, 1 or 0, and ``c`` the number of times that it counts::

       S = X Y^T        G = learning_rate * (t - c * sigmoid(S))        X += G Y        Y += G^T X

   This is one step of gradient descent on ``sum(t * softplus(-S) + (c - t) * softplus(S))``, the
   negative log-likelihood of negative sampling and of hierarchical softmax alike. Where a row
   meets so many pairs at once that their joint step might overshoot, as in a vocabulary of a few
   words, the learning rate is lowered (`limited_rate`). In CBOW (`train_cbow`) ``X`` are the means
   of two neighbouring windows, which have most of their words in common and share noise words.
4. `return_rows` writes back the rows that no other chunk of the round touches, while they are in
   the cache. `merge_rows` carries the copies of all others to the shared matrices.

`train_rounds` is the way of one thread through many rounds, and where it meets the others.

Everything random is a hash of a key and a position in the corpus, so that the fate of a token
depends neither on the chunk nor on the thread that trains it.

Most of the time goes into a few tiles, sums and products over the columns of some rows. Each is a
few lines of plain Python, and beside it the same arithmetic in vector instructions, which compiled
callers use.

References
----------
.. [1] Mikolov, Sutskever, Chen, Corrado, Dean (2013). Distributed Representations of Words and
   Phrases and their Compositionality. arXiv:1310.4546, equation 4.
.. [2] Rong (2014). word2vec Parameter Learning Explained. arXiv:1411.2738, section 3.
"""

from __future__ import annotations

import math
import platform
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload, register_jitable

from skw2v._compiling import INNER, inlined, inner, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

MASK_32 = 0xFFFFFFFF
MAX_INPUTS = 12  # contexts that are learned at once; a wider window is learned in parts
MAX_WEIGHT = 1.0  # of the pairs of a row in one step, times the learning rate
TILE_INPUTS = 2  # of a tile, and ...
TILE_OUTPUTS = 8  # ... outputs: 16 vector accumulators
HALF_TILE = TILE_OUTPUTS // 2  # outputs at the end of a path that would not fill a tile
CONTEXT_TILE = 4  # contexts that are added up, or moved, at once
CBOW_CENTRES = TILE_INPUTS  # learned at once: the means of two windows fill a tile
SHARD_BITS = 6  # so many rows in a row are merged by one thread: it writes cache lines of its own
AHEAD = 16  # rows that a copy loop asks for in advance
VECTOR_BYTES = 64  # of one vector register, and of a cache line
VECTOR_ROOM = VECTOR_BYTES // 4  # elements behind a list that `copy_vectors` may read or write

# What the threads of a team share: the next task of a phase, how many threads have come to the end
# of it, how many phases have ended, and whether a thread has failed.
TASK, COME, PHASE, BROKEN = range(4)
# How far a thread is: the round, the step within it, what of the step is next, and the phase whose
# end it waits for.
ROUND, STEP, NEXT, AWAITED = range(4)
PREPARE, TRAIN, MERGE = range(3)
WORK, TELL, MEET = range(3)
# Why `train_rounds` returns: all is done, a round is to be reported, or others let it wait.
DONE, REPORT, WAIT = range(3)


class Sampling(NamedTuple):
    """What decides which pairs of words are trained in one epoch."""

    keep: NDArray[np.float32]  # (n_words,) probability that a token survives subsampling
    window: int
    shrink_windows: bool
    token_key: int  # of the random stream that drops tokens
    window_key: int  # of the stream that shrinks windows
    noise_key: int  # of the stream that draws negatives


class Objective(NamedTuple):
    """The architecture and its output layer: a noise distribution or a Huffman tree.

    The fields of the output layer that is not used are empty arrays.
    """

    cbow: bool
    cbow_mean: bool
    hierarchical: bool
    centres_at_once: int  # learned in one step: CBOW_CENTRES, or 1
    negative: float  # noise words per pair
    drawn_negatives: int  # noise words of a step, shared by its contexts
    pooled_negatives: int  # drawn for a chunk at most, a multiple of it; steps take them in turn
    noise_threshold: NDArray[np.uint32]  # (n_words,)
    noise_alias: NDArray[np.int32]  # (n_words,)
    word_turns: NDArray[np.int32]  # (n_words,) see `skw2v.training.huffman.HuffmanTree`
    node_turns: NDArray[np.int32]  # (n_words - 1,)


class Plan(NamedTuple):
    """Which rounds of which chunks a span of the corpus is trained in."""

    begin: int  # of the span
    end: int
    chunk_tokens: int
    chunks_per_round: int
    learning_rates: NDArray[Any]  # (n_chunks,)
    saturations: NDArray[np.float64]  # (n_rounds,) see `merge_rows`
    measured_step: int  # of so many steps the loss of one is measured


class Tokens(NamedTuple):
    """The sampled tokens of a chunk, with as many on either side as a window can reach."""

    positions: NDArray[np.int64]  # in the corpus
    words: NDArray[np.int32]
    reach: NDArray[np.int32]  # size of the token's window as a centre
    begin: NDArray[np.int32]  # the first of these tokens in the same document
    end: NDArray[np.int32]  # one past the last
    input_slots: NDArray[np.int32]  # number of the word's input row, then the place of its copy
    previous: NDArray[np.int32]  # the last of these tokens before it that is the same word, or -1
    output_slots: NDArray[np.int32]  # likewise of its output row, or where its path is listed
    path_lengths: NDArray[np.int32]  # how many nodes that has


class Lists(NamedTuple):
    """Lists of outputs: the path of each word of a chunk, or the noise words of each step.

    Noise words stand behind room for the centre words of the step. Each list is padded by a dummy
    of no weight, to tiles or, a path, to half tiles.
    """

    slots: NDArray[np.int32]  # numbers of output rows, then the places of their copies
    labels: NDArray[Any]  # (CBOW_CENTRES if they share noise words, else 1, ...): t
    weights: NDArray[Any]  # the same: c


class Chunks(NamedTuple):
    """What the chunks of a round are to learn: of each array, an element or a row for a chunk."""

    tokens: Tokens
    n_tokens: NDArray[np.int64]
    own_begin: NDArray[np.int64]  # the first token that is no margin
    own_end: NDArray[np.int64]
    lists: Lists
    n_listed: NDArray[np.int64]  # elements of lists
    n_lists: NDArray[np.int64]  # of noise words; later steps take these again, in turn
    heaviest: NDArray[Any]  # the largest weight of an output
    input_rows: NDArray[np.int32]  # (n_chunks, input capacity) rows that it touches, by their slots
    n_input_rows: NDArray[np.int64]
    output_rows: NDArray[np.int32]  # (n_chunks, output capacity)
    n_output_rows: NDArray[np.int64]


class Numbering(NamedTuple):
    """Space to number the rows that a chunk touches."""

    word_slots: NDArray[np.int32]  # (n_words,) number of a word's rows, -1 for none
    node_slots: NDArray[np.int32]  # (n_nodes,) the same of an inner node
    latest: NDArray[np.int32]  # (input capacity,) token that is the word of a slot
    drawn: NDArray[np.int32]  # (n_lists * drawn_negatives,) the noise words that the chunk drew
    node_starts: NDArray[np.int32]  # (output capacity,) where a node stands in the path of ...
    node_words: NDArray[np.int32]  # (output capacity,) ... the word with this input slot
    path_starts: NDArray[np.int32]  # (input capacity,) where the path of a word is listed
    path_lengths: NDArray[np.int32]  # (input capacity,) how many nodes it has
    places: NDArray[np.int32]  # (capacity + 1,) where the copy of a slot's row is


class Copies(NamedTuple):
    """The copies that the chunks of a round train of the rows of one shared matrix.

    Common rows, which several chunks touch, have a place in the region of each chunk until they are
    merged. A chunk's own rows, which no other touches, are in the region of the thread that trains
    it, where the next chunk's replace them: they stay in the cache. There are ``2 * n_chunks``
    regions of ``capacity + 1`` places, of chunks and then of threads, of which there are no more.
    """

    n_common: NDArray[np.int64]  # (n_chunks,)
    n_own: NDArray[np.int64]  # (n_chunks,)
    row_ids: NDArray[np.int32]  # (n_chunks, capacity) common rows first, own ones from the end
    rows: NDArray[Any]  # (n_places, padded_size); the last of a thread's region is a dummy, zero
    terms: NDArray[np.float32]  # (n_places,) gradient terms that each row took: u


class Buffer(NamedTuple):
    """The copies, as a chunk sees them."""

    rows: NDArray[Any]
    terms: NDArray[np.float32]
    dummy: int  # a place of zeros


class Shared(NamedTuple):
    """One of the two matrices that all chunks train, and the copies of its rows in a round."""

    matrix: NDArray[Any]  # (n_matrix_rows, padded_size)
    frozen: NDArray[np.bool_]  # (n_matrix_rows,) rows that are to keep their bytes; or none, (0,)
    copies: Copies
    marks: NDArray[np.uint8]  # (n_matrix_rows, >= n_chunks) 1 where a chunk touches a row, 0 else
    marks_by_8: NDArray[np.uint64]  # the same memory
    newest: NDArray[np.int32]  # (n_matrix_rows,) place of a row's last common copy, or -1


class Links(NamedTuple):
    """Space to find the copies of each row in a round, and to add them up."""

    slots: NDArray[np.int32]  # (capacity + 1,) slots of a chunk whose rows belong to a shard
    touched: NDArray[np.int32]  # (n_chunks * capacity + 1,) rows of the shard, each once
    older: NDArray[np.int32]  # (n_chunks * (capacity + 1),) place of the copy before a copy, or -1
    step: NDArray[Any]  # (padded_size,)


class Scratch(NamedTuple):
    """Space for the matrices of one step: of a centre, or of CBOW_CENTRES of them."""

    input_slots: NDArray[np.int32]  # (max_contexts,) copies that are X, or ...
    shares: NDArray[Any]  # (CBOW_CENTRES, max_contexts) ... of which X are sums with these shares
    means: NDArray[Any]  # (CBOW_CENTRES, padded_size) the rows of X in CBOW
    input_steps: NDArray[Any]  # (MAX_INPUTS, padded_size): G Y, how far the inputs are to move
    output_slots: NDArray[np.int32]  # (max_outputs,) a list of outputs that is to differ, ...
    labels: NDArray[Any]  # (CBOW_CENTRES or 1, max_outputs): ... its t, ...
    weights: NDArray[Any]  # ... and its c
    scores: NDArray[Any]  # (MAX_INPUTS, max_outputs): S, then G


# --- Random numbers ------------------------------------------------------------------------------


@inlined
def mix(bits: int) -> int:
    """Scramble 32 bits one to one, so that each input bit changes half of the output bits.

    Multiply and shift, with the constants of Wellons' `lowbias32` (2018, public domain).
    """
    bits = bits ^ (bits >> 16)
    bits = (bits * 0x7FEB352D) & MASK_32
    bits = bits ^ (bits >> 15)
    bits = (bits * 0x846CA68B) & MASK_32
    return bits ^ (bits >> 16)


@inlined
def random_bits(key: int, counter: int) -> int:
    """Hash a key of 62 bits and a counter of 62 bits to 32 random bits.

    A counter-based generator: any number of the stream is had without the ones before it.
    """
    key, counter = int(key), int(counter)
    bits = mix((key ^ counter) & MASK_32)
    return mix((bits + (key >> 32) + (counter >> 32)) & MASK_32)


@inlined
def draw_noise(threshold, alias, key, counter):
    """Draw a word from the noise distribution by Walker's alias method."""
    column = (random_bits(key, 2 * counter) * threshold.shape[0]) >> 32
    own = random_bits(key, 2 * counter + 1) < threshold[column]
    # A choice between two loaded values compiles to no branch; this one would be unpredictable.
    return own * np.int32(column) + (not own) * alias[column]


# --- Rows and tiles ------------------------------------------------------------------------------

# A product and a sum may become one instruction, and the order of a sum is the tile's own; no
# assumption is made about NaN or infinity.
TILE_FLAGS = ("contract",)


def add_row(target, scale, source):
    """``target += scale * source``; the length of rows is a multiple of a vector's."""
    target += scale * source


def add_difference(target, row, other):
    """``target += row - other``."""
    target += row - other


def copy_row(target, source):
    """``target = source``."""
    target[:] = source


def copy_vectors(target, place, source, first, count):
    """``target[place : place + count] = source[first : first + count]``.

    Compiled, it copies whole vectors, at least one: what follows is overwritten, and both arrays
    need `VECTOR_ROOM`. Most lists fit one vector, and a loop over their elements takes longer.
    """
    target[place : place + count] = source[first : first + count]


def fill_vectors(target, place, value, count):
    """``target[place : place + count] = value``; compiled, whole vectors as in `copy_vectors`."""
    target[place : place + count] = value


def prefetch_row(matrix, row):
    """Ask for a row of a matrix to be brought to the cache; it has no effect on any value."""


def prefetch_element(array, index):
    """Ask for an element of an array, likewise."""


def add_shared(state, index, amount):
    """Add to an element that threads share, in one step for all of them; return what it was."""
    state[index] += amount
    return state[index] - amount


def load_shared(state, index):
    """Return an element that another thread may change, and all that it wrote before."""
    return state[index]


def pause():
    """Let the processor rest for a moment in a loop that waits for another thread."""


def _vector_type(context, array_type):
    """Return the type of a vector that fills a register with elements of the array."""
    element = context.get_data_type(array_type.dtype)
    return ir.VectorType(element, 8 * VECTOR_BYTES // array_type.dtype.bitwidth)


def _element_pointer(context, builder, array_type, array, *indices):
    """Return the address of ``array[indices]``; the indices are not negative."""
    array = context.make_array(array_type)(context, builder, array)
    return cgutils.get_item_pointer(
        context, builder, array_type, array, list(indices), wraparound=False
    )


def _row_pointers(context, builder, array_type, array, first, n_rows, rows_type, rows):
    """Return the addresses of consecutive rows of a matrix, or of listed ones."""
    pointers = []
    zero = ir.Constant(first.type, 0)
    for i in range(n_rows):
        row = builder.add(first, ir.Constant(first.type, i))
        if not isinstance(rows_type, types.NoneType):
            row = builder.load(_element_pointer(context, builder, rows_type, rows, row))
            row = builder.sext(row, first.type)
        pointers.append(_element_pointer(context, builder, array_type, array, row, zero))
    return pointers


def _broadcast(builder, vector, scalar):
    """Return a vector with the scalar in each lane."""
    single = builder.insert_element(
        ir.Constant(vector, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0)
    )
    return _shuffle(builder, single, single, [0] * vector.count)


def _broadcast_element(context, builder, vector, array_type, array, *indices):
    """Return a vector with an element of an array in each lane."""
    pointer = _element_pointer(context, builder, array_type, array, *indices)
    return _broadcast(builder, vector, builder.load(pointer))


class _VectorLoop:
    """A loop over the columns of rows, a vector at a time: open it, emit its body, close it.

    Or over so many elements of an array, rounded up to vectors, one at least.
    """

    def __init__(self, context, builder, array_type, array, count=None):
        if count is None:
            array = context.make_array(array_type)(context, builder, array)
            count = builder.extract_value(array.shape, array_type.ndim - 1)
        self.stop = count
        self.builder = builder
        self.vector = _vector_type(context, array_type)
        self.entry = builder.block
        self.body = builder.append_basic_block("vectors")
        self.exit = builder.append_basic_block("vectors.done")
        builder.branch(self.body)
        builder.position_at_end(self.body)
        self.column = builder.phi(self.stop.type)
        self.column.add_incoming(ir.Constant(self.stop.type, 0), self.entry)

    def address(self, row_pointer):
        """Return the address of the loop's vector in a row."""
        address = self.builder.gep(row_pointer, [self.column])
        return self.builder.bitcast(address, self.vector.as_pointer())

    def load(self, row_pointer):
        """Load the loop's vector of a row."""
        return self.builder.load(self.address(row_pointer), align=4)

    def store(self, vector, row_pointer):
        """Store the loop's vector of a row."""
        self.builder.store(vector, self.address(row_pointer), align=4)

    def close(self):
        """End the loop's body and go on behind it."""
        column = self.builder.add(self.column, ir.Constant(self.column.type, self.vector.count))
        self.column.add_incoming(column, self.builder.block)
        more = self.builder.icmp_signed("<", column, self.stop)
        self.builder.cbranch(more, self.body, self.exit)
        self.builder.position_at_end(self.exit)


def _multiply_add(builder, factor, other, addend):
    """Return ``factor * other + addend``."""
    product = builder.fmul(factor, other, flags=TILE_FLAGS)
    return builder.fadd(product, addend, flags=TILE_FLAGS)


def _shuffle(builder, first, second, lanes):
    """Pick lanes out of two vectors laid end to end."""
    mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
    return builder.shuffle_vector(first, second, mask)


def _sum_lanes(builder, vectors):
    """Return a vector whose lane i is the sum over the lanes of vector i.

    There are at most as many vectors as each has lanes. Two of them become one by adding
    neighbours; after log2(lanes) such steps all lanes of a vector are summed. This takes a third of
    the instructions of as many separate sums. Lanes of the same 128 bits come first, as
    instructions that move them no further are the fastest, then these blocks as a whole.
    """
    lanes = vectors[0].type.count
    block = 128 * lanes // (8 * VECTOR_BYTES)
    # Either elements of each block are paired off, or whole blocks of the vector.
    for n_groups, size, n_steps in ((lanes // block, 1, block), (1, block, lanes // block)):
        group = lanes // n_groups
        starts = [
            source + first + k
            for first in range(0, lanes, group)
            for source in (0, lanes)
            for k in range(0, group, 2 * size)
        ]
        even = [start + k for start in starts for k in range(size)]
        odd = [lane + size for lane in even]
        for _ in range(n_steps.bit_length() - 1):
            if len(vectors) == 1:
                vectors = [vectors[0], vectors[0]]
            vectors = [
                builder.fadd(_shuffle(builder, u, v, even), _shuffle(builder, u, v, odd))
                for u, v in zip(vectors[::2], vectors[1::2], strict=True)
            ]
    return vectors[0]


# sigmoid(x) = 1/2 + x p(t) / q(t) with t = (x / 16)^2, |x| <= 16: a least-maximum fit, off by less
# than 3e-9 before rounding. Unlike exp, it is a few vector instructions.
SIGMOID_LIMIT = 16.0
SIGMOID_P = (0.2499999925, 2.15011044, 3.649694814, 1.426930374, 0.06317371866)
SIGMOID_Q = (1.0, 29.93376706, 107.0531039, 89.10740483, 14.18287599)


def sigmoid(x):
    """Return ``1 / (1 + exp(-x))``, for x beyond 16 that of 16: clipped, never skipped."""
    x = np.clip(x, -SIGMOID_LIMIT, SIGMOID_LIMIT)
    t = (x / SIGMOID_LIMIT) ** 2
    return 0.5 + x * np.polyval(SIGMOID_P[::-1], t) / np.polyval(SIGMOID_Q[::-1], t)


def _emit_sigmoid(builder, x):
    """Return the sigmoid of each lane of a vector."""

    def constant(value):
        return ir.Constant(x.type, [value] * x.type.count)

    def polynomial(coefficients):
        total = constant(coefficients[-1])
        for coefficient in coefficients[-2::-1]:
            total = _multiply_add(builder, total, t, constant(coefficient))
        return total

    for sign, bound in (("<", constant(SIGMOID_LIMIT)), (">", constant(-SIGMOID_LIMIT))):
        x = builder.select(builder.fcmp_ordered(sign, x, bound), x, bound)
    t = builder.fmul(builder.fmul(x, x), constant(1 / SIGMOID_LIMIT**2))
    ratio = builder.fdiv(polynomial(SIGMOID_P), polynomial(SIGMOID_Q))
    return _multiply_add(builder, x, ratio, constant(0.5))


def _make_differentiate(n_inputs, n_outputs):
    """Make a function that tells how `n_inputs` rows and `n_outputs` output rows are to move.

    ``scores[n, m] = inputs[n] . outputs[m]``, with the rows named by a list, or, if it is None,
    consecutive ones, becomes ``learning_rate * (labels[n, m] - weights[n, m] * sigmoid(score))``,
    where labels and weights have a row for each input, or one for all of them.
    """

    def differentiate(
        inputs, input_rows, first_input, outputs, output_rows, first_output, labels, weights,
        learning_rate, scores,
    ):  # fmt: skip
        """Differentiate the loss of a tile of scores, as `_make_differentiate` says."""
        n = slice(first_input, first_input + n_inputs)
        m = slice(first_output, first_output + n_outputs)
        x = inputs[n if input_rows is None else input_rows[n]]
        own = np.minimum(np.arange(n.start, n.stop), len(labels) - 1)
        expected = weights[own, m] * sigmoid(x @ outputs[output_rows[m]].T)
        scores[n, m] = learning_rate * (labels[own, m] - expected)

    @intrinsic
    def emit(
        typingctx, inputs, input_rows, first_input, outputs, output_rows, first_output, labels,
        weights, learning_rate, scores,
    ):  # fmt: skip
        arguments = (
            inputs, input_rows, first_input, outputs, output_rows, first_output, labels, weights,
            learning_rate, scores,
        )  # fmt: skip

        def codegen(context, builder, signature, values):
            x_array, x_rows, n, y_array, y_rows, m, *parts, rate, s_array = values
            x = _row_pointers(context, builder, inputs, x_array, n, n_inputs, input_rows, x_rows)
            y = _row_pointers(context, builder, outputs, y_array, m, n_outputs, output_rows, y_rows)
            loop = _VectorLoop(context, builder, inputs, x_array)
            lanes = loop.vector.count
            totals = [[builder.phi(loop.vector) for _ in y] for _ in x]
            x_vectors, y_vectors = [loop.load(p) for p in x], [loop.load(p) for p in y]
            ends = []
            for x_vector, row in zip(x_vectors, totals, strict=True):
                for y_vector, total in zip(y_vectors, row, strict=True):
                    total.add_incoming(ir.Constant(loop.vector, [0.0] * lanes), loop.entry)
                    ends.append(_multiply_add(builder, x_vector, y_vector, total))
                    total.add_incoming(ends[-1], loop.body)
            loop.close()

            row_type = ir.VectorType(loop.vector.element, n_outputs)

            def tile_row(array_type, array, *indices):
                pointer = _element_pointer(context, builder, array_type, array, *indices)
                return builder.bitcast(pointer, row_type.as_pointer())

            def targets(array_type, array, first_row):
                """Load those of as many inputs as fill a vector."""
                shape = context.make_array(array_type)(context, builder, array).shape
                one = ir.Constant(first_row.type, 1)
                last = builder.sub(builder.extract_value(shape, 0), one)
                parts = []
                for k in range(lanes // n_outputs):
                    row = builder.add(first_row, ir.Constant(first_row.type, k))
                    row = builder.select(builder.icmp_signed("<", row, last), row, last)
                    parts.append(builder.load(tile_row(array_type, array, row, m), align=4))
                while len(parts) > 1:
                    both = range(2 * parts[0].type.count)
                    parts = [
                        _shuffle(builder, u, v, both)
                        for u, v in zip(parts[::2], parts[1::2], strict=True)
                    ]
                return parts[0]

            # One, two or four rows of the tile fill a vector.
            rows_at_once = lanes // n_outputs
            rate = context.cast(builder, rate, learning_rate, scores.dtype)
            rate = _broadcast(builder, loop.vector, rate)
            for i in range(0, n_inputs, rows_at_once):
                own = ends[i * n_outputs : (i + rows_at_once) * n_outputs]
                first = builder.add(n, ir.Constant(n.type, i))
                label = targets(labels, parts[0], first)
                weight = targets(weights, parts[1], first)
                expected = builder.fmul(weight, _emit_sigmoid(builder, _sum_lanes(builder, own)))
                values = builder.fmul(rate, builder.fsub(label, expected))
                for k in range(len(own) // n_outputs):
                    lane = k * n_outputs
                    row = _shuffle(builder, values, values, range(lane, lane + n_outputs))
                    at = builder.add(n, ir.Constant(n.type, i + k))
                    builder.store(row, tile_row(scores, s_array, at, m), align=4)
            return context.get_dummy_value()

        return types.void(*arguments), codegen

    @overload(differentiate)
    def compile_differentiate(
        inputs, input_rows, first_input, outputs, output_rows, first_output, labels, weights,
        learning_rate, scores,
    ):  # fmt: skip
        def compiled(
            inputs, input_rows, first_input, outputs, output_rows, first_output, labels, weights,
            learning_rate, scores,
        ):  # fmt: skip
            emit(
                inputs, input_rows, first_input, outputs, output_rows, first_output, labels,
                weights, learning_rate, scores,
            )  # fmt: skip

        return compiled

    return differentiate


differentiate_tile = _make_differentiate(TILE_INPUTS, TILE_OUTPUTS)
differentiate_half_tile = _make_differentiate(TILE_INPUTS, HALF_TILE)
differentiate_row = _make_differentiate(1, TILE_OUTPUTS)
differentiate_half_row = _make_differentiate(1, HALF_TILE)


def add_contexts(means, shares, inputs, rows, first):
    """``means[n] += sum_k shares[n, k] * inputs[rows[k]]``, for a tile of k; the first sets."""
    k = slice(first, first + CONTEXT_TILE)
    means[:] = shares[:, k] @ inputs[rows[k]] + (means if first > 0 else 0)


def move_contexts(inputs, rows, shares, steps, first):
    """``inputs[rows[k]] += sum_n shares[n, k] * steps[n]``, for a tile of k, one after another."""
    for k in range(first, first + CONTEXT_TILE):  # a word may stand in the windows twice
        inputs[rows[k]] += shares[:, k] @ steps[: len(shares)]


def _make_context_tile(move):
    """Make a function that emits `move_contexts` or `add_contexts`."""

    @intrinsic
    def emit(typingctx, inputs, rows, shares, vectors, first):
        def codegen(context, builder, signature, values):
            x_array, rows_array, s_array, v_array, k = values
            x = _row_pointers(context, builder, inputs, x_array, k, CONTEXT_TILE, rows, rows_array)
            zero = ir.Constant(k.type, 0)
            v = _row_pointers(
                context, builder, vectors, v_array, zero, CBOW_CENTRES, types.none, None
            )
            vector = _vector_type(context, inputs)

            def factor(n, i):
                place = ir.Constant(k.type, n), builder.add(k, ir.Constant(k.type, i))
                return _broadcast_element(context, builder, vector, shares, s_array, *place)

            factors = [[factor(n, i) for n in range(CBOW_CENTRES)] for i in range(CONTEXT_TILE)]
            is_first = builder.icmp_signed("==", k, zero)
            loop = _VectorLoop(context, builder, inputs, x_array)
            if move:
                steps = [loop.load(pointer) for pointer in v]
                for pointer, own in zip(x, factors, strict=True):
                    x_vector = loop.load(pointer)
                    for share, step in zip(own, steps, strict=True):
                        x_vector = _multiply_add(builder, share, step, x_vector)
                    loop.store(x_vector, pointer)
            else:
                none = ir.Constant(vector, [0.0] * vector.count)
                x_vectors = [loop.load(pointer) for pointer in x]
                for n, pointer in enumerate(v):
                    total = builder.select(is_first, none, loop.load(pointer))
                    for x_vector, own in zip(x_vectors, factors, strict=True):
                        total = _multiply_add(builder, own[n], x_vector, total)
                    loop.store(total, pointer)
            loop.close()
            return context.get_dummy_value()

        return types.void(inputs, rows, shares, vectors, first), codegen

    return emit


_add_contexts = _make_context_tile(move=False)
_move_contexts = _make_context_tile(move=True)


@overload(add_contexts)
def _compile_add_contexts(means, shares, inputs, rows, first):
    """Replace `add_contexts` in compiled code."""
    return lambda means, shares, inputs, rows, first: _add_contexts(
        inputs, rows, shares, means, first
    )


@overload(move_contexts)
def _compile_move_contexts(inputs, rows, shares, steps, first):
    """Replace `move_contexts` in compiled code."""
    return lambda inputs, rows, shares, steps, first: _move_contexts(
        inputs, rows, shares, steps, first
    )


def _make_move(n_outputs, in_place):
    """Make a function that moves a tile of output rows by all inputs, and the inputs by the tile.

    ``outputs[m] += sum_n scores[n, m] * inputs[n]``, and, with the old values of the outputs,
    ``steps[n] += sum_m scores[n, m] * outputs[m]``, from zero at the first output. With `in_place`
    it is the last tile: the sum is added to the inputs, distinct rows, instead of being stored.
    """

    def move(steps, inputs, input_rows, n_inputs, outputs, output_rows, first_output, scores):
        """Move a tile of outputs and its inputs, as `_make_move` says."""
        n, m = slice(n_inputs), slice(first_output, first_output + n_outputs)
        x, y, g = input_rows[n], output_rows[m], scores[n, m]
        sums = g @ outputs[y] + (steps[n] if first_output > 0 else 0)
        outputs[y] += g.T @ inputs[x]  # only a dummy may be named twice, and does not move
        if in_place:
            inputs[x] += sums
        else:
            steps[n] = sums

    @intrinsic
    def emit(
        typingctx, steps, inputs, input_rows, n_inputs, outputs, output_rows, first_output, scores
    ):
        arguments = (
            steps, inputs, input_rows, n_inputs, outputs, output_rows, first_output, scores
        )  # fmt: skip

        def codegen(context, builder, signature, values):
            d_array, x_array, x_rows, n_stop, y_array, y_rows, m, s_array = values
            zero = ir.Constant(n_stop.type, 0)
            is_first = builder.icmp_signed("==", m, ir.Constant(m.type, 0))
            y = _row_pointers(context, builder, outputs, y_array, m, n_outputs, output_rows, y_rows)
            loop = _VectorLoop(context, builder, outputs, y_array)
            none = ir.Constant(loop.vector, [0.0] * loop.vector.count)
            y_vectors = [loop.load(pointer) for pointer in y]

            # The inputs are the inner loop: the outputs and their moves stay in registers.
            before = builder.block
            body = builder.append_basic_block("inputs")
            after = builder.append_basic_block("inputs.done")
            builder.branch(body)
            builder.position_at_end(body)
            n = builder.phi(n_stop.type)
            n.add_incoming(zero, before)
            moves = [builder.phi(loop.vector) for _ in y]
            (x,) = _row_pointers(context, builder, inputs, x_array, n, 1, input_rows, x_rows)
            x_vector = loop.load(x)
            step = _element_pointer(context, builder, steps, d_array, n, zero)
            total = builder.select(is_first, none, loop.load(step))
            ends = []
            for k, (y_vector, move) in enumerate(zip(y_vectors, moves, strict=True)):
                column = builder.add(m, ir.Constant(m.type, k))
                factor = _broadcast_element(
                    context, builder, loop.vector, scores, s_array, n, column
                )
                total = _multiply_add(builder, factor, y_vector, total)
                ends.append(_multiply_add(builder, factor, x_vector, move))
                move.add_incoming(none, before)
                move.add_incoming(ends[-1], body)
            if in_place:
                loop.store(builder.fadd(x_vector, total), x)
            else:
                loop.store(total, step)
            following = builder.add(n, ir.Constant(n.type, 1))
            n.add_incoming(following, body)
            builder.cbranch(builder.icmp_signed("<", following, n_stop), body, after)
            builder.position_at_end(after)
            for pointer, y_vector, end in zip(y, y_vectors, ends, strict=True):
                loop.store(builder.fadd(y_vector, end), pointer)
            loop.close()
            return context.get_dummy_value()

        return types.void(*arguments), codegen

    @overload(move)
    def compile_move(
        steps, inputs, input_rows, n_inputs, outputs, output_rows, first_output, scores
    ):
        def compiled(
            steps, inputs, input_rows, n_inputs, outputs, output_rows, first_output, scores
        ):
            emit(steps, inputs, input_rows, n_inputs, outputs, output_rows, first_output, scores)

        return compiled

    return move


move_outputs = _make_move(TILE_OUTPUTS, in_place=False)
move_both = _make_move(TILE_OUTPUTS, in_place=True)
move_half_outputs = _make_move(HALF_TILE, in_place=False)
move_half_both = _make_move(HALF_TILE, in_place=True)


def _make_move_by_means(n_means, n_outputs):
    """Make a function that does what `move_outputs` does, for the first rows of `means` as inputs.

    They are so few that no list names them, and that their scores stay in registers.
    """

    def move(steps, means, first_mean, outputs, output_rows, first_output, scores):
        """Move a tile of outputs and its inputs, as `_make_move_by_means` says."""
        n = slice(first_mean, first_mean + n_means)
        m = slice(first_output, first_output + n_outputs)
        y, g = output_rows[m], scores[n, m]
        steps[n] = g @ outputs[y] + (steps[n] if first_output > 0 else 0)
        outputs[y] += g.T @ means[n]  # only a dummy may be named twice, and does not move

    @intrinsic
    def emit(typingctx, steps, means, first_mean, outputs, output_rows, first_output, scores):
        def codegen(context, builder, signature, values):
            d_array, x_array, n_first, y_array, y_rows, m, s_array = values

            def own_rows(array_type, array):
                return _row_pointers(
                    context, builder, array_type, array, n_first, n_means, types.none, None
                )

            x, d = own_rows(means, x_array), own_rows(steps, d_array)
            y = _row_pointers(context, builder, outputs, y_array, m, n_outputs, output_rows, y_rows)
            vector = _vector_type(context, outputs)

            def factor(n, k):
                row = builder.add(n_first, ir.Constant(m.type, n))
                column = builder.add(m, ir.Constant(m.type, k))
                return _broadcast_element(context, builder, vector, scores, s_array, row, column)

            factors = [[factor(n, k) for n in range(n_means)] for k in range(n_outputs)]
            is_first = builder.icmp_signed("==", m, ir.Constant(m.type, 0))
            loop = _VectorLoop(context, builder, outputs, y_array)
            none = ir.Constant(vector, [0.0] * vector.count)
            x_vectors = [loop.load(pointer) for pointer in x]
            totals = [builder.select(is_first, none, loop.load(pointer)) for pointer in d]
            for pointer, own in zip(y, factors, strict=True):
                y_vector = loop.load(pointer)
                totals = [
                    _multiply_add(builder, g, y_vector, total)
                    for g, total in zip(own, totals, strict=True)
                ]
                for g, x_vector in zip(own, x_vectors, strict=True):
                    y_vector = _multiply_add(builder, g, x_vector, y_vector)
                loop.store(y_vector, pointer)
            for total, pointer in zip(totals, d, strict=True):
                loop.store(total, pointer)
            loop.close()
            return context.get_dummy_value()

        arguments = steps, means, first_mean, outputs, output_rows, first_output, scores
        return types.void(*arguments), codegen

    @overload(move)
    def compile_move(steps, means, first_mean, outputs, output_rows, first_output, scores):
        return lambda steps, means, first_mean, outputs, output_rows, first_output, scores: emit(
            steps, means, first_mean, outputs, output_rows, first_output, scores
        )

    return move


move_by_means = _make_move_by_means(CBOW_CENTRES, TILE_OUTPUTS)
move_by_mean = _make_move_by_means(1, TILE_OUTPUTS)
move_half_by_mean = _make_move_by_means(1, HALF_TILE)


def _open_rows(context, builder, array_types, arrays):
    """Open a loop over the columns of several rows; return it and the rows' addresses."""
    zero = ir.Constant(ir.IntType(64), 0)
    pointers = [
        _element_pointer(context, builder, array_type, array, zero)
        for array_type, array in zip(array_types, arrays, strict=True)
    ]
    return _VectorLoop(context, builder, array_types[0], arrays[0]), pointers


@intrinsic
def _add_row(typingctx, target, scale, source):
    """Emit `add_row`."""

    def codegen(context, builder, signature, values):
        factor = context.cast(builder, values[1], scale, target.dtype)
        factor = _broadcast(builder, _vector_type(context, target), factor)
        loop, (to, of) = _open_rows(context, builder, (target, source), values[::2])
        loop.store(_multiply_add(builder, factor, loop.load(of), loop.load(to)), to)
        loop.close()
        return context.get_dummy_value()

    return types.void(target, scale, source), codegen


@overload(add_row)
def _compile_add_row(target, scale, source):
    """Replace `add_row` in compiled code."""
    return lambda target, scale, source: _add_row(target, scale, source)


@intrinsic
def _add_difference(typingctx, target, row, other):
    """Emit `add_difference`."""

    def codegen(context, builder, signature, values):
        loop, (to, plus, minus) = _open_rows(context, builder, (target, row, other), values)
        difference = builder.fsub(loop.load(plus), loop.load(minus))
        loop.store(builder.fadd(loop.load(to), difference), to)
        loop.close()
        return context.get_dummy_value()

    return types.void(target, row, other), codegen


@overload(add_difference)
def _compile_add_difference(target, row, other):
    """Replace `add_difference` in compiled code."""
    return lambda target, row, other: _add_difference(target, row, other)


@intrinsic
def _prefetch_element(typingctx, array, index):
    """Emit `prefetch_element`."""

    def codegen(context, builder, signature, values):
        place = context.cast(builder, values[1], index, types.intp)
        _emit_prefetch(builder, _element_pointer(context, builder, array, values[0], place))
        return context.get_dummy_value()

    return types.void(array, index), codegen


@overload(prefetch_element)
def _compile_prefetch_element(array, index):
    """Replace `prefetch_element` in compiled code."""
    return lambda array, index: _prefetch_element(array, index)


@intrinsic
def _copy_vectors(typingctx, target, place, source, first, count):
    """Emit `copy_vectors`."""

    def codegen(context, builder, signature, values):
        to = _element_pointer(context, builder, target, values[0], values[1])
        of = _element_pointer(context, builder, source, values[2], values[3])
        loop = _VectorLoop(context, builder, target, values[0], values[4])
        loop.store(loop.load(of), to)
        loop.close()
        return context.get_dummy_value()

    return types.void(target, types.intp, source, types.intp, types.intp), codegen


@overload(copy_vectors)
def _compile_copy_vectors(target, place, source, first, count):
    """Replace `copy_vectors` in compiled code."""
    return lambda target, place, source, first, count: _copy_vectors(
        target, place, source, first, count
    )


@intrinsic
def _fill_vectors(typingctx, target, place, value, count):
    """Emit `fill_vectors`."""

    def codegen(context, builder, signature, values):
        to = _element_pointer(context, builder, target, values[0], values[1])
        scalar = context.cast(builder, values[2], value, target.dtype)
        vector = _broadcast(builder, _vector_type(context, target), scalar)
        loop = _VectorLoop(context, builder, target, values[0], values[3])
        loop.store(vector, to)
        loop.close()
        return context.get_dummy_value()

    return types.void(target, types.intp, value, types.intp), codegen


@overload(fill_vectors)
def _compile_fill_vectors(target, place, value, count):
    """Replace `fill_vectors` in compiled code."""
    return lambda target, place, value, count: _fill_vectors(target, place, value, count)


@intrinsic
def _copy_row(typingctx, target, source):
    """Emit `copy_row`."""

    def codegen(context, builder, signature, values):
        loop, (to, of) = _open_rows(context, builder, (target, source), values)
        loop.store(loop.load(of), to)
        loop.close()
        return context.get_dummy_value()

    return types.void(target, source), codegen


@overload(copy_row)
def _compile_copy_row(target, source):
    """Replace `copy_row` in compiled code."""
    return lambda target, source: _copy_row(target, source)


def _emit_prefetch(builder, pointer):
    """Ask for the cache line of an address."""
    byte_pointer, integer = ir.IntType(8).as_pointer(), ir.IntType(32)
    prefetch = builder.module.declare_intrinsic(
        "llvm.prefetch",
        [byte_pointer],
        ir.FunctionType(ir.VoidType(), [byte_pointer, integer, integer, integer]),
    )
    # To be read, used again, data.
    builder.call(
        prefetch, [builder.bitcast(pointer, byte_pointer), integer(0), integer(3), integer(1)]
    )


@intrinsic
def _prefetch_row(typingctx, matrix, row):
    """Emit `prefetch_row`: one instruction for each cache line."""

    def codegen(context, builder, signature, values):
        row_value = context.cast(builder, values[1], row, types.intp)
        zero = ir.Constant(row_value.type, 0)
        pointer = _element_pointer(context, builder, matrix, values[0], row_value, zero)
        shape = context.make_array(matrix)(context, builder, values[0]).shape
        stop = builder.extract_value(shape, 1)
        step = ir.Constant(stop.type, _vector_type(context, matrix).count)
        with cgutils.for_range_slice(builder, zero, stop, step, stop.type) as (column, _):
            _emit_prefetch(builder, builder.gep(pointer, [column]))
        return context.get_dummy_value()

    return types.void(matrix, row), codegen


@overload(prefetch_row)
def _compile_prefetch_row(matrix, row):
    """Replace `prefetch_row` in compiled code."""
    return lambda matrix, row: _prefetch_row(matrix, row)


@intrinsic
def _add_shared(typingctx, state, index, amount):
    """Emit `add_shared` as one atomic instruction."""

    def codegen(context, builder, signature, values):
        place = context.cast(builder, values[1], index, types.intp)
        pointer = _element_pointer(context, builder, state, values[0], place)
        amount_value = context.cast(builder, values[2], amount, types.int64)
        return builder.atomic_rmw("add", pointer, amount_value, "acq_rel")

    return types.int64(state, index, amount), codegen


@overload(add_shared)
def _compile_add_shared(state, index, amount):
    """Replace `add_shared` in compiled code."""
    return lambda state, index, amount: _add_shared(state, index, amount)


@intrinsic
def _load_shared(typingctx, state, index):
    """Emit `load_shared`."""

    def codegen(context, builder, signature, values):
        place = context.cast(builder, values[1], index, types.intp)
        pointer = _element_pointer(context, builder, state, values[0], place)
        return builder.load_atomic(pointer, "acquire", align=8)

    return types.int64(state, index), codegen


@overload(load_shared)
def _compile_load_shared(state, index):
    """Replace `load_shared` in compiled code."""
    return lambda state, index: _load_shared(state, index)


@intrinsic
def _pause(typingctx):
    """Emit `pause` where an instruction is known that leaves the core to its other thread."""

    def codegen(context, builder, signature, values):
        integer = ir.IntType(32)
        if platform.machine() in ("x86_64", "AMD64"):
            function = ir.FunctionType(ir.VoidType(), [])
            builder.call(builder.module.declare_intrinsic("llvm.x86.sse2.pause", (), function), [])
        elif platform.machine() in ("arm64", "aarch64"):
            function = ir.FunctionType(ir.VoidType(), [integer])
            barrier = builder.module.declare_intrinsic("llvm.aarch64.isb", (), function)
            builder.call(barrier, [integer(15)])
        return context.get_dummy_value()

    return types.void(), codegen


@overload(pause)
def _compile_pause():
    """Replace `pause` in compiled code."""
    return lambda: _pause()


# --- Centres -------------------------------------------------------------------------------------


@inlined
def place_of(slot, places, slots, n_slots):
    """Return where a slot stands in a list of distinct slots; if it is new, at its end."""
    # Written in either case: whether a slot is new cannot be foreseen, and a branch would stall.
    place = places[slot]
    place = np.int32(n_slots) if place < 0 else place
    places[slot] = place
    slots[place] = slot
    return place


@inner
def forget_places(slots, n_slots, places):
    """Empty a table of places, in time of the places taken."""
    for place in range(n_slots):
        places[slots[place]] = -1


@inlined
def list_width(objective):
    """Return how many centres, noise words and dummies a list of negative sampling holds."""
    return pad(objective.centres_at_once + objective.drawn_negatives, TILE_OUTPUTS)


@inlined
def count_slot(slots, slot):
    """Count how often a list names a slot."""
    n = 0
    for k in range(slots.shape[0]):
        n += slots[k] == slot
    return n


@inlined
def listed_outputs(first, last, lists):
    """Return a list of outputs that the chunk has made: their slots, labels and weights."""
    return lists.slots[first:last], lists.labels[:, first:last], lists.weights[:, first:last]


@inlined
def list_noise(own_slot, first, objective, lists, dummy, scratch):
    """Return a centre word and its noise words as outputs: slots, labels, weights and their sum.

    A noise word that is the centre word itself does not count, as in word2vec.c.
    """
    slots, labels, weights = listed_outputs(first, first + list_width(objective), lists)
    weight = weights.dtype.type(1 + objective.negative)
    slots[0] = own_slot
    if count_slot(slots, own_slot) > 1:  # a copy of the few such lists is changed
        other_slots, other_weights = scratch.output_slots[:], scratch.weights[:, :]
        weight = weights.dtype.type(0)
        for k in range(slots.shape[0]):
            counts = k == 0 or slots[k] != own_slot
            other_slots[k] = slots[k] if counts else dummy
            other_weights[0, k] = weights[0, k] * counts
            weight += other_weights[0, k]
        slots, weights = other_slots, other_weights
    return slots, labels, weights, weight


@inlined
def list_shared_noise(own_slots, present, first, objective, lists, dummy, scratch):
    """Return two centre words and the noise words that they share as the outputs of both.

    No row is listed twice: a noise word that is one of the centre words counts for the other in
    that one's column. A centre that is not `present` meets no outputs. Returns slots, labels,
    weights and the sums of both centres' weights.
    """
    slots, labels, weights = listed_outputs(first, first + list_width(objective), lists)
    first_weight = second_weight = weights.dtype.type(1 + objective.negative)
    slots[0], slots[1] = own_slots
    n_own = count_slot(slots, own_slots[0]) + count_slot(slots, own_slots[1])
    if n_own > CBOW_CENTRES or not (present[0] and present[1]):
        return change_shared_noise(own_slots, present, slots, labels, weights, dummy, scratch)
    return slots, labels, weights, first_weight, second_weight


@inner
def change_shared_noise(own_slots, present, slots, labels, weights, dummy, scratch):
    """Return a list as `list_shared_noise` says, in a copy, where it is not as most are."""
    other_slots, other_labels, other_weights = (
        scratch.output_slots[:], scratch.labels[:, :], scratch.weights[:, :]
    )  # fmt: skip
    (one, two), equal = own_slots, own_slots[0] == own_slots[1]
    for k in range(slots.shape[0]):
        is_own = k >= CBOW_CENTRES and (slots[k] == one or slots[k] == two)
        other_slots[k] = dummy if is_own else slots[k]
        for n in range(CBOW_CENTRES):
            other_labels[n, k] = labels[n, k] * present[n]
            other_weights[n, k] = weights[n, k] * present[n] * (not is_own)
    if equal:
        other_slots[1] = dummy
        for targets in (other_labels, other_weights):
            targets[1, 0], targets[1, 1] = targets[1, 1], 0
    for k in range(CBOW_CENTRES, slots.shape[0]):
        other_weights[0, 1] += weights[0, k] * present[0] * (slots[k] == two and not equal)
        other_weights[1, 0] += weights[1, k] * present[1] * (slots[k] == one and not equal)
    first_weight = second_weight = weights.dtype.type(0)
    for k in range(slots.shape[0]):
        first_weight += other_weights[0, k]
        second_weight += other_weights[1, k]
    return other_slots, other_labels, other_weights, first_weight, second_weight


# Sums in any order are vector instructions: without them CBOW with hierarchical softmax took a
# fifth longer on 300,000 tokens.
@register_jitable(**INNER, fastmath={"reassoc", "contract"})
def logistic_loss(n_inputs, inputs, input_rows, outputs, output_rows, labels, weights):
    """Return ``sum(t * softplus(-S) + (c - t) * softplus(S))``, added up in float64."""
    loss = 0.0
    for n in range(n_inputs):
        x = inputs[n if input_rows is None else input_rows[n]]
        own = min(n, labels.shape[0] - 1)
        for m in range(output_rows.shape[0]):
            y = outputs[output_rows[m]]
            product = x.dtype.type(0)
            for column in range(x.shape[0]):
                product += x[column] * y[column]
            score = np.float64(product)
            softplus = max(score, 0.0) + math.log1p(math.exp(-abs(score)))
            loss += weights[own, m] * softplus - labels[own, m] * score
    return loss


@inlined
def pad(size, multiple):
    """Round a size up to a multiple."""
    return (size + multiple - 1) // multiple * multiple


@inlined
def learn_contexts(n_inputs, inputs, input_rows, distinct, outputs, output_rows, labels, weights,
                   learning_rate, measure, scratch):  # fmt: skip
    """Learn all pairs of the inputs ``X`` that are listed and the outputs ``Y`` in one step.

    Moves the outputs and the inputs; `distinct` promises that no input is listed twice. The outputs
    are whole tiles, but for half of one at the end of a path. Returns the loss before the step,
    zero unless `measure`.
    """
    steps, scores = scratch.input_steps, scratch.scores
    n_outputs = output_rows.shape[0]
    loss = 0.0
    if measure:
        loss = logistic_loss(n_inputs, inputs, input_rows, outputs, output_rows, labels, weights)
    whole = n_outputs // TILE_OUTPUTS * TILE_OUTPUTS
    for n in range(0, n_inputs, TILE_INPUTS):
        for m in range(0, whole, TILE_OUTPUTS):
            differentiate_tile(
                inputs, input_rows, n, outputs, output_rows, m, labels, weights, learning_rate,
                scores,
            )  # fmt: skip
        if whole < n_outputs:
            differentiate_half_tile(
                inputs, input_rows, n, outputs, output_rows, whole, labels, weights, learning_rate,
                scores,
            )  # fmt: skip
    # The last tile moves the inputs, too, if none of them is to move twice.
    last = whole if whole < n_outputs else whole - TILE_OUTPUTS
    for m in range(0, last if distinct else whole, TILE_OUTPUTS):
        move_outputs(steps, inputs, input_rows, n_inputs, outputs, output_rows, m, scores)
    if distinct and whole < n_outputs:
        move_half_both(steps, inputs, input_rows, n_inputs, outputs, output_rows, last, scores)
    elif distinct:
        move_both(steps, inputs, input_rows, n_inputs, outputs, output_rows, last, scores)
    else:
        if whole < n_outputs:
            move_half_outputs(
                steps, inputs, input_rows, n_inputs, outputs, output_rows, whole, scores
            )
        # One by one: a word that stands in the window twice moves twice.
        for n in range(n_inputs):
            add_row(inputs[input_rows[n]], 1, steps[n])
    return loss


@inlined
def learn_mean(n, outputs, output_rows, labels, weights, learning_rate, measure, scratch):
    """Do what `learn_contexts` does for one input, the n-th mean of CBOW, but for moving it.

    It leaves how far the mean is to move, for `move_windows`.
    """
    means, steps, scores = scratch.means, scratch.input_steps, scratch.scores
    n_outputs = output_rows.shape[0]
    loss = 0.0
    if measure:
        loss = logistic_loss(1, means[n:], None, outputs, output_rows, labels, weights)
    whole = n_outputs // TILE_OUTPUTS * TILE_OUTPUTS
    for m in range(0, whole, TILE_OUTPUTS):
        differentiate_row(
            means, None, n, outputs, output_rows, m, labels, weights, learning_rate, scores
        )
    if whole < n_outputs:
        differentiate_half_row(
            means, None, n, outputs, output_rows, whole, labels, weights, learning_rate, scores
        )
    for m in range(0, whole, TILE_OUTPUTS):
        move_by_mean(steps, means, n, outputs, output_rows, m, scores)
    if whole < n_outputs:
        move_half_by_mean(steps, means, n, outputs, output_rows, whole, scores)
    return loss


@inlined
def learn_means(outputs, output_rows, labels, weights, learning_rate, measure, scratch):
    """Do what `learn_mean` does for all means, which meet the same outputs, whole tiles."""
    means, steps, scores = scratch.means, scratch.input_steps, scratch.scores
    loss = 0.0
    if measure:
        loss = logistic_loss(CBOW_CENTRES, means, None, outputs, output_rows, labels, weights)
    for m in range(0, output_rows.shape[0], TILE_OUTPUTS):
        differentiate_tile(
            means, None, 0, outputs, output_rows, m, labels, weights, learning_rate, scores
        )
    for m in range(0, output_rows.shape[0], TILE_OUTPUTS):
        move_by_means(steps, means, 0, outputs, output_rows, m, scores)
    return loss


@inlined
def window_of(centre, tokens):
    """Return the first token of a window and the one past its last, the centre between them."""
    low = max(tokens.begin[centre], centre - tokens.reach[centre])
    high = min(tokens.end[centre], centre + tokens.reach[centre] + 1)
    return low, high


@inlined
def list_contexts(centre, tokens, dummy, slots):
    """List the input rows of a window, without its centre, padded by a dummy; return how many."""
    low, high = window_of(centre, tokens)
    n_before, n_after = centre - low, high - centre - 1
    copy_vectors(slots, 0, tokens.input_slots, low, n_before)
    copy_vectors(slots, n_before, tokens.input_slots, centre + 1, n_after)
    fill_vectors(slots, n_before + n_after, dummy, TILE_INPUTS)
    return n_before + n_after


@inlined
def list_windows(first, second, cbow_mean, tokens, dummy, scratch):
    """List the contexts of neighbouring centres, and each one's share in the mean of either window.

    Their windows are one run of tokens, as they overlap or, at the end of a document, adjoin. The
    list is padded to tiles by a dummy of no share. A second centre that is the first is no other,
    and has no contexts. Returns the length of the list, and how many contexts the first centre has,
    the second, and both of them.
    """
    (low, first_high), (second_low, high) = window_of(first, tokens), window_of(second, tokens)
    begin, end = min(low, second_low), max(first_high, high)
    n_first = first_high - low - 1
    n_second = high - second_low - 1 if second > first else 0
    # Where windows overlap, each centre is in the other's.
    n_both = max(min(first_high, high) - max(low, second_low) - 2, 0) if second > first else 0
    copy_vectors(scratch.input_slots, 0, tokens.input_slots, begin, end - begin)
    fill_vectors(scratch.input_slots, end - begin, dummy, CONTEXT_TILE)
    share_window(0, low, first_high, first, n_first, begin, end, cbow_mean, scratch)
    share_window(1, second_low, high, second, n_second, begin, end, cbow_mean, scratch)
    return end - begin, (n_first, n_second, n_both)


@inlined
def share_window(n, low, high, centre, n_contexts, begin, end, cbow_mean, scratch):
    """Set the shares that the tokens begin..end have in the mean, or the sum, of low..high."""
    shares = scratch.shares[n]
    share = shares.dtype.type(min(n_contexts, 1))
    if cbow_mean and n_contexts > 0:
        share /= shares.dtype.type(n_contexts)
    fill_vectors(shares, 0, 0, low - begin)
    fill_vectors(shares, low - begin, share, high - low)
    fill_vectors(shares, high - begin, 0, end - high + CONTEXT_TILE)
    shares[centre - begin] = 0


@inlined
def has_distinct_words(centre, tokens):
    """Tell whether no word stands in a window twice, its centre included."""
    low, high = window_of(centre, tokens)
    n_repeats = 0
    for token in range(low, high):
        n_repeats += tokens.previous[token] >= low
    return n_repeats == 0


@inlined
def average_windows(n_rows, inputs, scratch):
    """Set the rows of X to the means, or the sums, of the windows that are listed."""
    for k in range(0, n_rows, CONTEXT_TILE):
        add_contexts(scratch.means, scratch.shares, inputs, scratch.input_slots, k)


@inlined
def move_windows(n_rows, weights, input_buffer, scratch):
    """Move the contexts that are listed, each by its shares of the steps of X.

    The pairs that have moved either row of X have these `weights`.
    """
    slots, shares = scratch.input_slots, scratch.shares
    for k in range(0, n_rows, CONTEXT_TILE):
        move_contexts(input_buffer.rows, slots, shares, scratch.input_steps, k)
    for k in range(n_rows):
        input_buffer.terms[slots[k]] += shares[0, k] * weights[0] + shares[1, k] * weights[1]


@inlined
def limited_rate(learning_rate, input_weight, output_weight):
    """Return the learning rate, or what keeps the weight of a row's pairs times it in bounds."""
    weight = max(input_weight, output_weight)
    return learning_rate if learning_rate * weight <= MAX_WEIGHT else MAX_WEIGHT / weight


@inlined
def joint_rate(learning_rate, n_contexts, weights, cbow_mean, output_weight):
    """Return the learning rate of two windows, or what keeps their joint step in bounds.

    With ``X = A C``, A the shares of contexts C, steps of X move the contexts by A^T, and so X by
    ``A A^T``: a mean moves with its own contexts, and with those that the other has, too.
    """
    n_first, n_second, n_both = n_contexts
    one, first, second = np.float32(1), np.float32(n_first), np.float32(n_second)
    both = np.float32(n_both)
    if cbow_mean:
        first, second = one / max(first, one), one / max(second, one)
        both *= first * second
    input_weight = max(
        first * weights[0] + both * weights[1], both * weights[0] + second * weights[1]
    )
    return limited_rate(learning_rate, input_weight, output_weight)


@inlined
def learn_centres(first, second, first_listed, n_contexts, output_weight, objective,
                  learning_rate, measure, tokens, lists, output_buffer, scratch):  # fmt: skip
    """Let the means of two windows, or of one, predict their centres among shared noise words.

    Rows of the centres and of noise words are read and written once for both. Returns the loss,
    and the weights of the pairs of either mean.
    """
    slots, labels, weights, first_weight, second_weight = list_shared_noise(
        (tokens.output_slots[first], tokens.output_slots[second]),
        (n_contexts[0] > 0, n_contexts[1] > 0), first_listed, objective, lists,
        output_buffer.dummy, scratch,
    )  # fmt: skip
    mean_weights = first_weight, second_weight
    rate = joint_rate(learning_rate, n_contexts, mean_weights, objective.cbow_mean, output_weight)
    loss = learn_means(output_buffer.rows, slots, labels, weights, rate, measure, scratch)
    for m in range(CBOW_CENTRES + objective.drawn_negatives):
        output_buffer.terms[slots[m]] += weights[0, m] + weights[1, m]
    return loss, mean_weights


@inlined
def learn_paths(first, second, n_contexts, output_weight, objective, learning_rate, measure,
                tokens, lists, output_buffer, scratch):  # fmt: skip
    """Let the means of two windows, or of one, take the paths of their centres, one by one.

    Returns what `learn_centres` does.
    """
    dtype = lists.weights.dtype
    mean_weights = (
        dtype.type(tokens.path_lengths[first] * (n_contexts[0] > 0)),
        dtype.type(tokens.path_lengths[second] * (n_contexts[1] > 0)),
    )
    rate = joint_rate(learning_rate, n_contexts, mean_weights, objective.cbow_mean, output_weight)
    loss = 0.0
    for n in range(CBOW_CENTRES):
        if n_contexts[n] == 0:
            scratch.input_steps[n] = 0  # no context has a share in it, but 0 * inf would be no 0
            continue
        begin, length = tokens.output_slots[first + n], tokens.path_lengths[first + n]
        slots, labels, weights = listed_outputs(begin, begin + pad(length, HALF_TILE), lists)
        loss += learn_mean(n, output_buffer.rows, slots, labels, weights, rate, measure, scratch)
        for m in range(length):
            output_buffer.terms[slots[m]] += weights[0, m]
    return loss, mean_weights


@inlined
def train_cbow(first, n_centres, first_listed, heaviest, objective, learning_rate, measure,
               tokens, lists, input_buffer, output_buffer, scratch):  # fmt: skip
    """Learn two neighbouring centre words, or one, each from the mean (or the sum) of its window.

    Rows of contexts are read and written once for both. The gradient is the true one: each context
    moves with its weight in the mean. Returns the loss before the step and the number of
    predictions, zeros unless `measure`.
    """
    second = first + n_centres - 1
    n_rows, n_contexts = list_windows(
        first, second, objective.cbow_mean, tokens, input_buffer.dummy, scratch
    )
    n_predictions = int(n_contexts[0] > 0) + int(n_contexts[1] > 0)
    only_word = objective.hierarchical and tokens.path_lengths[first] == 0
    if n_predictions == 0 or only_word:
        return 0.0, 0
    average_windows(n_rows, input_buffer.rows, scratch)
    output_weight = n_predictions * heaviest
    if objective.hierarchical:
        loss, mean_weights = learn_paths(
            first, second, n_contexts, output_weight, objective, learning_rate, measure, tokens,
            lists, output_buffer, scratch,
        )  # fmt: skip
    else:
        loss, mean_weights = learn_centres(
            first, second, first_listed, n_contexts, output_weight, objective, learning_rate,
            measure, tokens, lists, output_buffer, scratch,
        )  # fmt: skip
    move_windows(n_rows, mean_weights, input_buffer, scratch)
    return loss, n_predictions * measure


@inlined
def train_skipgram(centre, first_listed, heaviest, objective, learning_rate, measure, tokens,
                   lists, input_buffer, output_buffer, scratch):  # fmt: skip
    """Learn one centre word from each word of its window.

    In word2vec.c's way round: the context is the input, the centre word the output. Returns the
    loss before the step and the number of predictions, zeros unless `measure`.
    """
    n_contexts = list_contexts(centre, tokens, input_buffer.dummy, scratch.input_slots)
    if n_contexts == 0:
        return 0.0, 0
    outputs, terms = output_buffer.rows, output_buffer.terms
    if objective.hierarchical:
        begin, n_outputs = tokens.output_slots[centre], tokens.path_lengths[centre]
        if n_outputs == 0:  # the only word there is
            return 0.0, 0
        rows, labels, weights = listed_outputs(begin, begin + pad(n_outputs, HALF_TILE), lists)
        weight = outputs.dtype.type(n_outputs)
    else:
        n_outputs = 1 + objective.drawn_negatives
        rows, labels, weights, weight = list_noise(
            tokens.output_slots[centre], first_listed, objective, lists, output_buffer.dummy,
            scratch,
        )  # fmt: skip
    distinct = has_distinct_words(centre, tokens)
    loss = 0.0
    for first in range(0, n_contexts, MAX_INPUTS):
        n_inputs = min(MAX_INPUTS, n_contexts - first)
        contexts = scratch.input_slots[first:]
        rate = limited_rate(learning_rate, weight, n_inputs * heaviest)
        loss += learn_contexts(
            n_inputs, input_buffer.rows, contexts, distinct, outputs, rows, labels, weights, rate,
            measure, scratch,
        )  # fmt: skip
        for n in range(n_inputs):
            input_buffer.terms[contexts[n]] += weight
    for m in range(n_outputs):
        terms[rows[m]] += weights[0, m] * n_contexts
    return loss, n_contexts * measure


# --- Chunks --------------------------------------------------------------------------------------


@inlined
def survives(position, token_ids, keep, key):
    """Draw whether the token at a position of the corpus is kept in this epoch."""
    # 24 bits: as many as a float32 holds
    return (random_bits(key, position) >> 8) < keep[token_ids[position]] * 16777216.0


@kernel
def sample_chunk(start, stop, token_ids, offsets, sampling, tokens):
    """List the tokens that survive subsampling among start..stop and in the margins.

    A margin holds the `window` nearest survivors beyond the chunk, if its document has them: no
    window is cut at the edge of a chunk. Returns the number of tokens and the range of those that
    belong to the chunk itself.
    """
    keep, token_key, window = sampling.keep, sampling.token_key, sampling.window
    positions = tokens.positions
    document = np.searchsorted(offsets, start, side="right") - 1
    n_tokens = 0
    position = start - 1
    while position >= offsets[document] and n_tokens < window:
        positions[n_tokens] = position
        n_tokens += survives(position, token_ids, keep, token_key)
        position -= 1
    for k in range(n_tokens // 2):
        mirror = n_tokens - 1 - k
        positions[k], positions[mirror] = positions[mirror], positions[k]
    own_begin = n_tokens
    for position in range(start, stop):
        positions[n_tokens] = position
        n_tokens += survives(position, token_ids, keep, token_key)
    own_end = n_tokens
    document_end = offsets[np.searchsorted(offsets, stop - 1, side="right")]
    position = stop
    while position < document_end and n_tokens < own_end + window:
        positions[n_tokens] = position
        n_tokens += survives(position, token_ids, keep, token_key)
        position += 1

    words, reach, begin, end = tokens.words, tokens.reach, tokens.begin, tokens.end
    for k in range(n_tokens):
        words[k] = token_ids[positions[k]]
        reach[k] = window
        if sampling.shrink_windows:
            reach[k] = 1 + ((random_bits(sampling.window_key, positions[k]) * window) >> 32)
    first = 0
    while first < n_tokens:
        while offsets[document + 1] <= positions[first]:
            document += 1
        last = first
        while last < n_tokens and positions[last] < offsets[document + 1]:
            last += 1
        for k in range(first, last):
            begin[k] = first
            end[k] = last
        first = last
    return n_tokens, own_begin, own_end


@inner
def number_inputs(n_tokens, tokens, numbering, row_ids):
    """List the distinct input rows that a chunk touches: its words and those in the margins.

    And note for each token which of those before it is the same word. Output rows of words, if
    there are any, have the same numbers.
    """
    words, slots, places = tokens.words, tokens.input_slots, numbering.word_slots
    output_slots = tokens.output_slots
    previous, latest = tokens.previous, numbering.latest
    n_rows = 0
    for token in range(n_tokens):
        slot = place_of(words[token], places, row_ids, n_rows)
        slots[token] = output_slots[token] = slot
        previous[token] = latest[slot] if slot < n_rows else np.int32(-1)
        latest[slot] = token
        n_rows = max(n_rows, slot + 1)
    return n_rows


@inner
def number_paths(own_begin, own_end, n_input_rows, objective, tokens, lists, numbering, row_ids):
    """List the distinct nodes on the paths of a chunk's words, and each word's path once.

    To predict a word is to turn the right way at each inner node of its path: the label of a node
    is 1 - code (Rong 2014, section 3.1). A path is listed from the word up; from the first node
    that another path has, too, the rest is copied from there. Returns the number of rows, and how
    many elements of lists there are.
    """
    word_turns, node_turns = objective.word_turns, objective.node_turns
    places, node_starts, node_words, path_starts, path_lengths = (
        numbering.node_slots, numbering.node_starts, numbering.node_words,
        numbering.path_starts, numbering.path_lengths,
    )  # fmt: skip
    listed, labels, weights = lists.slots, lists.labels[0], lists.weights[0]
    dummy = row_ids.shape[0]
    for slot in range(n_input_rows):
        path_starts[slot] = -1
    n_rows = 0
    free = 0
    for token in range(own_begin, own_end):
        if token + 2 * AHEAD < own_end:  # in time for the next lines
            prefetch_element(word_turns, tokens.words[token + 2 * AHEAD])
        if token + AHEAD < own_end:
            lowest = word_turns[tokens.words[token + AHEAD]] >> 1
            prefetch_element(places, lowest)
            prefetch_element(node_turns, lowest)
        slot = tokens.input_slots[token]
        if path_starts[slot] < 0:
            start = free
            turn = word_turns[tokens.words[token]]
            while turn >= 0 and places[turn >> 1] < 0:
                places[turn >> 1] = n_rows
                row_ids[n_rows] = turn >> 1
                node_starts[n_rows] = free
                node_words[n_rows] = slot
                listed[free] = n_rows
                labels[free] = 1 - (turn & 1)
                n_rows += 1
                free += 1
                turn = node_turns[turn >> 1]
            if turn >= 0:
                meeting = places[turn >> 1]
                other, first = node_words[meeting], node_starts[meeting]
                n_copied = path_starts[other] + path_lengths[other] - first
                copy_vectors(listed, free, listed, first, n_copied)
                copy_vectors(labels, free, labels, first, n_copied)
                labels[free] = 1 - (turn & 1)
                free += n_copied
            path_starts[slot] = start
            path_lengths[slot] = free - start
            fill_vectors(weights, start, 1, free - start)
            fill_vectors(listed, free, dummy, HALF_TILE)
            fill_vectors(labels, free, 0, HALF_TILE)
            fill_vectors(weights, free, 0, HALF_TILE)
            free = start + pad(free - start, HALF_TILE)
        tokens.output_slots[token] = path_starts[slot]
        tokens.path_lengths[token] = path_lengths[slot]
    return n_rows, free


@inner
def number_noise(start, input_rows, n_input_rows, n_lists, sampling, objective, lists, numbering,
                 row_ids):  # fmt: skip
    """List the distinct output rows of a chunk: those of its inputs' words, and its noise words.

    So a word has one number, and the few words of the margins are output rows that nothing moves. A
    noise word that is drawn twice for the same centres is listed once, with twice the weight. The
    places of the centres in each list are left to the steps that take it. Returns the number of
    rows, how many elements of lists there are, and the weight of the heaviest.
    """
    places = numbering.word_slots
    n_rows = n_input_rows
    for slot in range(n_rows):
        row_ids[slot] = input_rows[slot]
    threshold, alias, drawn, n_drawn = (
        objective.noise_threshold, objective.noise_alias, numbering.drawn,
        objective.drawn_negatives,
    )  # fmt: skip
    listed, weights, dummy = lists.slots, lists.weights, row_ids.shape[0]
    share = weights.dtype.type(objective.negative / max(n_drawn, 1))
    heaviest = weights.dtype.type(1)
    # All of them first: none waits for another, so that their tables are looked up side by side.
    for k in range(n_lists * n_drawn):
        drawn[k] = draw_noise(threshold, alias, sampling.noise_key, start * n_drawn + k)
    n_listed = n_lists * list_width(objective)
    listed[:n_listed] = dummy
    for number in range(n_lists):
        first = number * list_width(objective) + objective.centres_at_once
        for k in range(n_drawn):
            draw = number * n_drawn + k
            if draw + AHEAD < n_lists * n_drawn:
                prefetch_element(places, drawn[draw + AHEAD])
            slot = place_of(drawn[draw], places, row_ids, n_rows)
            n_rows = max(n_rows, slot + 1)
            weight = share
            for other in range(first, first + k):
                if listed[other] == slot:
                    weight += weights[0, other]
                    weights[:, other] = 0
                    listed[other] = dummy
                    heaviest = max(heaviest, weight)
            listed[first + k] = slot
            weights[:, first + k] = weight
    return n_rows, n_listed, heaviest


@inlined
def chunk_of(chunk, chunks):
    """Return the tokens and the lists of a chunk."""
    tokens, lists = chunks.tokens, chunks.lists
    return (
        Tokens(
            tokens.positions[chunk], tokens.words[chunk], tokens.reach[chunk], tokens.begin[chunk],
            tokens.end[chunk], tokens.input_slots[chunk], tokens.previous[chunk],
            tokens.output_slots[chunk], tokens.path_lengths[chunk],
        ),
        Lists(lists.slots[chunk], lists.labels[chunk], lists.weights[chunk]),
    )  # fmt: skip


@inlined
def count_steps(n_tokens, objective):
    """Return in how many steps the tokens of a chunk are learned."""
    return (n_tokens + objective.centres_at_once - 1) // objective.centres_at_once


@inner
def mark_rows(chunk, row_ids, n_rows, marks):
    """Note that a chunk touches rows; each chunk has bytes of its own, so that none waits."""
    for slot in range(n_rows):
        marks[row_ids[slot], chunk] = 1


@inner
def prepare_chunks(team, round_start, n_chunks, chunk_tokens, token_ids, offsets, sampling,
                   objective, chunks, numbering, inputs, outputs):  # fmt: skip
    """Prepare chunks of a round, as long as there are any left to take.

    Sample their tokens, draw their noise words, and list and mark the rows that they touch.
    """
    chunk = add_shared(team, TASK, 1)
    while chunk < n_chunks:
        start = round_start + chunk * chunk_tokens
        stop = min(start + chunk_tokens, token_ids.shape[0])
        tokens, lists = chunk_of(chunk, chunks)
        input_rows, output_rows = chunks.input_rows[chunk], chunks.output_rows[chunk]
        n_tokens, own_begin, own_end = sample_chunk(
            start, stop, token_ids, offsets, sampling, tokens
        )
        n_input_rows = number_inputs(n_tokens, tokens, numbering, input_rows)
        n_lists = 0
        heaviest = chunks.heaviest.dtype.type(1)
        if objective.hierarchical:
            n_output_rows, n_listed = number_paths(
                own_begin, own_end, n_input_rows, objective, tokens, lists, numbering, output_rows
            )
            forget_places(input_rows, n_input_rows, numbering.word_slots)
            forget_places(output_rows, n_output_rows, numbering.node_slots)
        else:
            n_steps = count_steps(own_end - own_begin, objective)
            n_lists = min(n_steps, objective.pooled_negatives // objective.drawn_negatives)
            n_output_rows, n_listed, heaviest = number_noise(
                start, input_rows, n_input_rows, n_lists, sampling, objective, lists, numbering,
                output_rows,
            )  # fmt: skip
            forget_places(output_rows, n_output_rows, numbering.word_slots)
        mark_rows(chunk, input_rows, n_input_rows, inputs.marks)
        mark_rows(chunk, output_rows, n_output_rows, outputs.marks)
        chunks.n_tokens[chunk] = n_tokens
        chunks.own_begin[chunk], chunks.own_end[chunk] = own_begin, own_end
        chunks.n_listed[chunk], chunks.n_lists[chunk] = n_listed, n_lists
        chunks.heaviest[chunk] = heaviest
        chunks.n_input_rows[chunk], chunks.n_output_rows[chunk] = n_input_rows, n_output_rows
        chunk = add_shared(team, TASK, 1)


# --- Rounds --------------------------------------------------------------------------------------


@inlined
def is_touched_once(row, marks_by_8):
    """Tell whether one chunk alone touches a row, which is marked: whether a single bit is set."""
    n_marked = 0
    marks = np.uint64(0)
    for k in range(marks_by_8.shape[1]):
        n_marked += marks_by_8[row, k] != 0
        marks |= marks_by_8[row, k]
    return (n_marked == 1) & ((marks & (marks - np.uint64(1))) == 0)


@inlined
def region_of_chunk(chunk, copies):
    """Return the first place of a chunk's region."""
    return chunk * (copies.row_ids.shape[1] + 1)


@inlined
def region_of_thread(thread, copies):
    """Return the first place of a thread's region."""
    return region_of_chunk(copies.row_ids.shape[0] + thread, copies)


@inner
def load_rows(chunk, thread, row_ids, n_rows, shared, places):
    """Copy the rows that a chunk touches; note each slot's place, and return the dummy's."""
    matrix, copies = shared.matrix, shared.copies
    capacity = copies.row_ids.shape[1]
    first_common, first_own = region_of_chunk(chunk, copies), region_of_thread(thread, copies)
    n_common = n_own = 0
    for slot in range(n_rows):
        if slot + AHEAD < n_rows:
            prefetch_row(matrix, row_ids[slot + AHEAD])
        row = row_ids[slot]
        # Choices between two values: a branch could not be foreseen, and would stall.
        own = is_touched_once(row, shared.marks_by_8)
        place = first_own + n_own if own else first_common + n_common
        copies.row_ids[chunk, capacity - 1 - n_own if own else n_common] = row
        n_own += own
        n_common += not own
        places[slot] = place
        copies.terms[place] = 0
        copy_row(copies.rows[place], matrix[row])
    copies.n_common[chunk], copies.n_own[chunk] = n_common, n_own
    dummy = first_own + capacity
    places[capacity] = dummy
    return dummy


@inner
def return_rows(chunk, thread, shared):
    """Write a chunk's own rows back to the shared matrix."""
    matrix, copies = shared.matrix, shared.copies
    first_common, first_own = region_of_chunk(chunk, copies), region_of_thread(thread, copies)
    for k in range(copies.n_own[chunk]):
        slot = copies.row_ids.shape[1] - 1 - k
        row = copies.row_ids[chunk, slot]
        copies.terms[first_common + slot] = copies.terms[first_own + k]  # beside its row's number
        shared.marks_by_8[row, :] = 0
        if shared.frozen.shape[0] == 0 or not shared.frozen[row]:
            copy_row(matrix[row], copies.rows[first_own + k])


@inner
def replace_slots(slots, begin, end, places):
    """Replace slots by the places of their rows' copies."""
    for k in range(begin, end):
        slots[k] = places[slots[k]]


@inner
def train_chunks(team, thread, round_start, n_chunks, chunk_tokens, objective, learning_rates,
                 measured_step, chunks, numbering, inputs, outputs, losses, n_pairs,
                 scratch):  # fmt: skip
    """Train chunks of a round, each on its own copies, as long as there are any left to take.

    Of the shared matrices a chunk reads the rows that it touches, and changes its own. One step in
    `measured_step` adds to the chunk's loss, the negative log-likelihood of its predictions, and to
    their number.
    """
    at_once, places = objective.centres_at_once, numbering.places
    chunk = add_shared(team, TASK, 1)
    while chunk < n_chunks:
        start = round_start + chunk * chunk_tokens
        learning_rate, heaviest = learning_rates[chunk], chunks.heaviest[chunk]
        tokens, lists = chunk_of(chunk, chunks)
        own_begin, own_end = chunks.own_begin[chunk], chunks.own_end[chunk]
        n_steps, n_lists = count_steps(own_end - own_begin, objective), chunks.n_lists[chunk]
        dummy = load_rows(
            chunk, thread, chunks.input_rows[chunk], chunks.n_input_rows[chunk], inputs, places
        )
        input_buffer = Buffer(inputs.copies.rows, inputs.copies.terms, dummy)
        replace_slots(tokens.input_slots, 0, chunks.n_tokens[chunk], places)
        dummy = load_rows(
            chunk, thread, chunks.output_rows[chunk], chunks.n_output_rows[chunk], outputs, places
        )
        output_buffer = Buffer(outputs.copies.rows, outputs.copies.terms, dummy)
        replace_slots(lists.slots, 0, chunks.n_listed[chunk], places)
        if not objective.hierarchical:
            replace_slots(tokens.output_slots, own_begin, own_end, places)
        loss = 0.0
        n_predictions = 0
        for step in range(n_steps):
            centre = own_begin + step * at_once
            # A noise word that the chunk has already been trained on would flatter the loss.
            fresh = objective.hierarchical or step < n_lists
            measure = fresh and (start // chunk_tokens + step) % measured_step == 0
            first_listed = step % max(n_lists, 1) * list_width(objective)
            if not objective.cbow:
                more_loss, more_predictions = train_skipgram(
                    centre, first_listed, heaviest, objective, learning_rate, measure, tokens,
                    lists, input_buffer, output_buffer, scratch,
                )  # fmt: skip
            else:
                more_loss, more_predictions = train_cbow(
                    centre, min(at_once, own_end - centre), first_listed, heaviest, objective,
                    learning_rate, measure, tokens, lists, input_buffer, output_buffer, scratch,
                )  # fmt: skip
            loss += more_loss
            n_predictions += more_predictions
        return_rows(chunk, thread, inputs)
        return_rows(chunk, thread, outputs)
        losses[chunk] = loss
        n_pairs[chunk] = n_predictions
        chunk = add_shared(team, TASK, 1)


@inlined
def shard_of(row, n_shards):
    """Return which shard of a power of two of them a row of a shared matrix belongs to."""
    return (row >> SHARD_BITS) & (n_shards - 1)


@inlined
def saturate(x):
    """Return ``x / (1 + x)``: x while it is small, never more than 1."""
    return x / (1.0 + x)


@inner
def merge_rows(shard, n_shards, saturation, n_chunks, shared, links):
    """Carry the common rows of a round of chunks to a shared matrix.

    A row that several chunks have trained moves by the sum of their steps, times::

        f(eta * sum(u)) / sum(f(eta * u))        f(x) = x / (1 + x)

    with u the number of gradient terms that each chunk's copy took and eta the `saturation`: the
    steps of a rare row are added, those of a frequent one, which all go to the same place, are
    averaged.

    Parameters
    ----------
    shard, n_shards : int
        Merge the rows of one shard (see `shard_of`). Different shards may run in different threads;
        no row's result depends on `n_shards`, a power of two.
    saturation : float
        The learning rate times a constant, kappa.
    n_chunks : int
        How many chunks there are.
    shared : Shared
        The matrix, changed in place, and the chunks' copies. `newest` is all -1 before and after;
        the marks of the rows are taken away.
    links : Links
        Scratch, the thread's own.
    """
    matrix, frozen, copies, _, marks_by_8, newest = shared
    n_common, _, row_ids, rows, terms = copies
    slots, touched, older, step = links
    # What cannot be foreseen is always written, and counted if it is wanted: a branch would stall.
    n_touched = 0
    for chunk in range(n_chunks):
        n_slots = 0
        for slot in range(n_common[chunk]):
            slots[n_slots] = slot
            n_slots += shard_of(row_ids[chunk, slot], n_shards) == shard
        for slot in slots[:n_slots]:
            row = row_ids[chunk, slot]
            place = region_of_chunk(chunk, copies) + slot
            older[place] = newest[row]
            touched[n_touched] = row
            n_touched += newest[row] < 0
            newest[row] = place
    for k in range(n_touched):
        if k + AHEAD < n_touched:
            prefetch_row(matrix, touched[k + AHEAD])
        row = touched[k]
        place = newest[row]
        newest[row] = -1
        marks_by_8[row, :] = 0
        if frozen.shape[0] > 0 and frozen[row]:
            continue
        total = saturation * terms[place]
        separate = saturate(total)
        copy_row(step, rows[place])
        add_row(step, -1, matrix[row])
        place = older[place]
        while place >= 0:
            total += saturation * terms[place]
            separate += saturate(saturation * terms[place])
            add_difference(step, rows[place], matrix[row])
            place = older[place]
        add_row(matrix[row], saturate(total) / separate if separate > 0 else 1.0, step)


@inlined
def come(progress, team, n_threads):
    """Tell the team that this thread has ended the phase; the last one begins the next."""
    progress[AWAITED] = load_shared(team, PHASE)
    if add_shared(team, COME, 1) + 1 == n_threads:
        team[TASK] = team[COME] = 0
        add_shared(team, PHASE, 1)


@inlined
def meet(progress, team, patience):
    """Wait until all threads have come; return whether they have, or patience has run out."""
    n_looks = 0
    while load_shared(team, PHASE) == progress[AWAITED]:
        if n_looks == patience or load_shared(team, BROKEN):
            return False
        n_looks += 1
        pause()
    return True


@kernel
def train_rounds(progress, team, thread, n_threads, patience, plan, token_ids, offsets, sampling,
                 objective, chunks, numbering, inputs, outputs, losses, n_pairs, scratch,
                 links):  # fmt: skip
    """Do a thread's part of the rounds of a span, until there is something to do for Python.

    In a round the threads prepare its chunks, train them, and merge the shards of the common rows,
    and meet after each of these. They meet without Python, which takes as long as some chunks when
    many threads ask for it.

    Parameters
    ----------
    progress : ndarray of shape (4,), dtype=int64
        How far the thread is: zeros at first, and kept from call to call.
    team : ndarray of shape (4,), dtype=int64
        What the threads share, zeros at first.
    thread, n_threads : int
        Which of how many it is. The first, 0, returns after each round, and the others wait until
        it is called again.
    patience : int
        How often to look whether the others have come, before it is left to Python to wait.
    plan : Plan
        The rounds.
    token_ids, offsets : ndarray
        The corpus.
    sampling : Sampling
        That of the epoch.
    objective : Objective
        The output layer.
    chunks : Chunks
        Scratch, shared: what the chunks of the round are to learn.
    numbering : Numbering
        Scratch, the thread's own.
    inputs, outputs : Shared
        The matrices, changed in place.
    losses, n_pairs : ndarray of shape (chunks_per_round,)
        Set to those of the chunks of a round.
    scratch, links : Scratch, Links
        Scratch, the thread's own.

    Returns
    -------
    reason : int
        `DONE`; `REPORT` if a round has ended for this thread; or `WAIT` if patience has run out, or
        a thread has failed.
    """
    round_tokens = plan.chunk_tokens * plan.chunks_per_round
    n_shards = 1
    while n_shards < n_threads:
        n_shards *= 2
    start = plan.begin + progress[ROUND] * round_tokens
    while start < plan.end:
        tokens_left = min(plan.end - start, round_tokens)
        n_chunks = (tokens_left + plan.chunk_tokens - 1) // plan.chunk_tokens
        step = progress[STEP]
        if progress[NEXT] == WORK:
            progress[NEXT] = TELL
            if step == PREPARE:
                prepare_chunks(
                    team, start, n_chunks, plan.chunk_tokens, token_ids, offsets, sampling,
                    objective, chunks, numbering, inputs, outputs,
                )  # fmt: skip
            elif step == TRAIN:
                first_chunk = progress[ROUND] * plan.chunks_per_round
                train_chunks(
                    team, thread, start, n_chunks, plan.chunk_tokens, objective,
                    plan.learning_rates[first_chunk : first_chunk + n_chunks], plan.measured_step,
                    chunks, numbering, inputs, outputs, losses, n_pairs, scratch,
                )  # fmt: skip
            else:
                saturation = plan.saturations[progress[ROUND]]
                shard = add_shared(team, TASK, 1)
                while shard < n_shards:
                    merge_rows(shard, n_shards, saturation, n_chunks, inputs, links)
                    merge_rows(shard, n_shards, saturation, n_chunks, outputs, links)
                    shard = add_shared(team, TASK, 1)
                if thread == 0:
                    return REPORT
        if progress[NEXT] == TELL:
            come(progress, team, n_threads)
            progress[NEXT] = MEET
        if not meet(progress, team, patience):
            return WAIT
        progress[NEXT] = WORK
        progress[STEP] += 1
        if step == MERGE:
            progress[STEP] = PREPARE
            progress[ROUND] += 1
            start += round_tokens
    return DONE
