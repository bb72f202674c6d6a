"""The compiled kernels: random numbers, blocks, chunks and the merge of chunks.

All jitted code of the package lives in this file, because numba's cache on disk notices edits in
the file of the function it caches and in no other. Nothing is compiled at import.

The way of one chunk (a fixed run of tokens of the corpus):

1. `sample_chunk` draws which tokens stay (subsampling) and how far each one's window reaches.
2. `number_rows` lists the distinct rows of the two matrices that the chunk touches, and `load_rows`
   copies them to buffers that only this chunk writes.
3. Block by block, `fill_skipgram` or `fill_cbow`, and `fill_noise`, write down which pairs of input
   row and output row are to be learned, and `train_block` learns them all at once. With input rows
   ``X``, output rows ``Y``, ``P[m, n]`` the number of observed pairs of output m and input n, and
   ``C[m, n]`` that of all their pairs, observed or noise::

       S = Y X^T        G = learning_rate * (P - C * sigmoid(S))        X += G^T Y        Y += G X

   This is one gradient step on ``sum(P * softplus(-S) + (C - P) * softplus(S))``, the negative
   log-likelihood of negative sampling [1]_ and of hierarchical softmax [2]_ alike; only the output
   rows differ: words, or inner nodes of the Huffman tree. CBOW puts ``X = A^T Z``, where ``Z`` are
   the context rows and ``A`` holds the weight of each context in the mean (or the sum). A step of a
   row is never longer than `MAX_STEP`: where a few words make up the corpus, hundreds of pairs of
   the same row meet in one block, and their sum would overshoot further with each block.
4. `merge_rows` carries the buffers of a round of chunks back to the shared matrices.

Everything random is a hash of a key and a position in the corpus, so that the fate of a token
depends neither on the chunk nor on the thread that trains it.

The innermost loops are two tiles, `score_tile` and `add_tile`. Each is a few lines of plain Python,
and beside it the same arithmetic in vector instructions, which compiled callers use.

References
----------
.. [1] Mikolov, Sutskever, Chen, Corrado, Dean (2013). Distributed Representations of Words and
   Phrases and their Compositionality. arXiv:1310.4546, equation 4.
.. [2] Rong (2014). word2vec Parameter Learning Explained. arXiv:1411.2738, section 3.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, overload

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Side by side in threads; a division by zero is no exception, as that would keep the compiler from
# using vector instructions; and arrays are not counted: a kernel allocates none and returns none,
# and counting those it only passes on takes as long as the arithmetic (`_nrt` is numba's switch).
OPTIONS: Any = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
kernel = njit(**OPTIONS)
# For sums along a row: the order of the terms is the compiler's, so that it can use vectors.
sum_kernel = njit(**OPTIONS, fastmath={"reassoc", "contract", "nsz"})

MASK_32 = 0xFFFFFFFF
BLOCK = 16  # inputs of a block, known to the compiler: a column of G is one vector
MAX_STEP = 1.0  # length of the longest step of a row in one block
TILE = 4  # rows and columns of a tile: 16 vector accumulators
AHEAD = 8  # rows that a copy loop asks for in advance
VECTOR_BYTES = 64  # of one vector register, and of a cache line


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
    negative: float  # noise words per pair
    shared_negatives: int  # drawn for a block and shared by all its pairs
    pooled_negatives: int  # drawn for a chunk at most, a multiple of it; blocks take them in turn
    noise_threshold: NDArray[np.uint32]  # (n_words,)
    noise_alias: NDArray[np.int32]  # (n_words,)
    path_offsets: NDArray[np.int64]  # (n_words + 1,)
    path_nodes: NDArray[np.int32]
    path_codes: NDArray[np.int8]


class Tokens(NamedTuple):
    """The sampled tokens of a chunk, with as many on either side as a window can reach."""

    positions: NDArray[np.int64]  # in the corpus
    words: NDArray[np.int32]
    reach: NDArray[np.int32]  # size of the token's window as a centre
    begin: NDArray[np.int32]  # the first of these tokens in the same document
    end: NDArray[np.int32]  # one past the last
    input_slots: NDArray[np.int32]  # row of the word in the chunk's buffer of input rows
    output_slots: NDArray[np.int32]  # and of output rows, or where its path starts in path_slots


class Numbering(NamedTuple):
    """Which row of a chunk's buffer holds a row of the shared matrix, -1 for none."""

    input_slots: NDArray[np.int32]  # (n_words,)
    output_slots: NDArray[np.int32]  # (n_output_rows,)
    negatives: NDArray[np.int32]  # slots of the noise words that the chunk drew
    path_slots: NDArray[np.int32]  # slots of the nodes on the paths of the tokens, one by one


class Buffer(NamedTuple):
    """A chunk's own copy of the rows of one shared matrix that it trains."""

    row_ids: NDArray[np.int32]  # (capacity,) rows of the shared matrix
    rows: NDArray[Any]  # (capacity + 1, padded_size); the one after the last row is a dummy
    terms: NDArray[np.float32]  # (capacity + 1,) gradient terms that each row took: u


class Block(NamedTuple):
    """Scratch space for the matrices of one block."""

    identity: NDArray[np.int32]  # (BLOCK,) 0, 1, 2, ...
    inputs: NDArray[Any]  # (BLOCK, padded_size): X
    input_steps: NDArray[Any]  # (BLOCK, padded_size): E, how far the inputs are to move
    hits: NDArray[Any]  # (BLOCK,) pairs of each input row with the output row at hand
    pairs: NDArray[Any]  # (BLOCK,) words that each input row is to predict
    outputs: NDArray[np.int32]  # (max_outputs,) slots of the output rows Y
    place_of_output: NDArray[np.int32]  # (output capacity,) the way back, -1: not in the block
    output_terms: NDArray[Any]  # (max_outputs,) pairs of each output row
    positives: NDArray[Any]  # (max_outputs, BLOCK): P
    weights: NDArray[Any]  # (max_outputs, BLOCK): C
    scores: NDArray[Any]  # (max_outputs, BLOCK): S, then G
    output_scales: NDArray[Any]  # (max_outputs,) what shortens the step of each output row
    flat_positives: NDArray[Any]  # the same matrices as flat arrays
    flat_weights: NDArray[Any]
    flat_scores: NDArray[Any]
    input_lengths: NDArray[Any]  # (BLOCK,)
    contexts: NDArray[np.int32]  # (max_contexts,) slots of the context rows Z of CBOW
    place_of_context: NDArray[np.int32]  # (input capacity,) the way back
    context_weights: NDArray[Any]  # (max_contexts, BLOCK): A


# --- Random numbers ------------------------------------------------------------------------------


@kernel
def mix(bits: int) -> int:
    """Scramble 32 bits one to one, so that each input bit changes half of the output bits.

    Multiply and shift, with the constants of Wellons' `lowbias32` (2018, public domain).
    """
    bits = bits ^ (bits >> 16)
    bits = (bits * 0x7FEB352D) & MASK_32
    bits = bits ^ (bits >> 15)
    bits = (bits * 0x846CA68B) & MASK_32
    return bits ^ (bits >> 16)


@kernel
def random_bits(key: int, counter: int) -> int:
    """Hash a key of 62 bits and a counter of 62 bits to 32 random bits.

    A counter-based generator: any number of the stream is had without the ones before it.
    """
    key, counter = int(key), int(counter)
    bits = mix((key ^ counter) & MASK_32)
    return mix((bits + (key >> 32) + (counter >> 32)) & MASK_32)


@kernel
def draw_noise(threshold, alias, key, counter):
    """Draw a word from the noise distribution by Walker's alias method."""
    column = (random_bits(key, 2 * counter) * threshold.shape[0]) >> 32
    own = random_bits(key, 2 * counter + 1) < threshold[column]
    # A choice between two loaded values compiles to no branch; this one would be unpredictable.
    return own * np.int32(column) + (not own) * alias[column]


# --- Tiles ---------------------------------------------------------------------------------------


def score_tile(outputs, rows, first_output, inputs, first_input, scores):
    """Score a tile of output rows against input rows.

    ``scores[m, n] = outputs[rows[m]] . inputs[n]`` for `TILE` values of ``m`` from `first_output`
    and of ``n`` from `first_input`. The rows' length is a multiple of a vector's.
    """
    m = slice(first_output, first_output + TILE)
    n = slice(first_input, first_input + TILE)
    scores[m, n] = outputs[rows[m]] @ inputs[n].T


def add_tile(targets, target_rows, first_target, sources, source_rows, first_source, coefficients):
    """Add a combination of `TILE` source rows to each of `TILE` target rows.

    ``targets[target_rows[i]] += sum_k coefficients[i, k] * sources[source_rows[k]]`` for `TILE`
    values of ``i`` from `first_target` and of ``k`` from `first_source`. No row is named twice.
    """
    for i in range(first_target, first_target + TILE):
        k = slice(first_source, first_source + TILE)
        targets[target_rows[i]] += coefficients[i, k] @ sources[source_rows[k]]


def prefetch_row(matrix, row):
    """Ask for a row of a matrix to be brought to the cache; it has no effect on any value."""


# A product and a sum may become one instruction, and the order of a sum is the tile's own; no
# assumption is made about NaN or infinity.
TILE_FLAGS = ("contract",)


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


def _row_pointers(context, builder, array_type, array, first, rows=None):
    """Return the addresses of `TILE` rows of a matrix: first, ..., or rows[first], ..."""
    pointers = []
    zero = ir.Constant(first.type, 0)
    for i in range(TILE):
        row = builder.add(first, ir.Constant(first.type, i))
        if rows is not None:
            row = builder.load(_element_pointer(context, builder, *rows, row))
            row = builder.sext(row, first.type)
        pointers.append(_element_pointer(context, builder, array_type, array, row, zero))
    return pointers


class _VectorLoop:
    """A loop over the columns of a matrix, a vector at a time: open it, emit its body, close it."""

    def __init__(self, context, builder, matrix_type, matrix):
        matrix = context.make_array(matrix_type)(context, builder, matrix)
        self.stop = builder.extract_value(matrix.shape, 1)
        self.builder = builder
        self.vector = _vector_type(context, matrix_type)
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

    def close(self):
        """End the loop's body and go on behind it."""
        column = self.builder.add(self.column, ir.Constant(self.column.type, self.vector.count))
        self.column.add_incoming(column, self.body)
        more = self.builder.icmp_signed("<", column, self.stop)
        self.builder.cbranch(more, self.body, self.exit)
        self.builder.position_at_end(self.exit)


def _multiply_add(builder, factor, other, addend):
    """Return ``factor * other + addend``."""
    product = builder.fmul(factor, other, flags=TILE_FLAGS)
    return builder.fadd(product, addend, flags=TILE_FLAGS)


def _shuffle(builder, first, second, lanes):
    """Pick lanes out of two vectors laid end to end."""
    mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)
    return builder.shuffle_vector(first, second, mask)


def _sum_lanes(builder, vectors):
    """Reduce as many vectors as each has lanes to the one vector of their sums.

    Pairs of vectors become one by adding neighbouring lanes; after log2(lanes) such steps lane i
    holds the sum of vector i. This takes a third of the instructions of as many separate sums.
    """
    lanes = len(vectors)
    even, odd = list(range(0, 2 * lanes, 2)), list(range(1, 2 * lanes, 2))
    while len(vectors) > 1:
        vectors = [
            builder.fadd(_shuffle(builder, u, v, even), _shuffle(builder, u, v, odd))
            for u, v in zip(vectors[::2], vectors[1::2], strict=True)
        ]
    return vectors[0]


@intrinsic
def _score_tile(typingctx, outputs, rows, first_output, inputs, first_input, scores):
    """Emit `score_tile` with one vector accumulator for each of its scores."""
    signature = types.void(outputs, rows, first_output, inputs, first_input, scores)

    def codegen(context, builder, signature, arguments):
        outputs_value, rows_value, m, inputs_value, n, scores_value = arguments
        y = _row_pointers(context, builder, outputs, outputs_value, m, (rows, rows_value))
        x = _row_pointers(context, builder, inputs, inputs_value, n)
        loop = _VectorLoop(context, builder, inputs, inputs_value)
        totals = [[builder.phi(loop.vector) for _ in x] for _ in y]
        x_vectors, y_vectors = [loop.load(p) for p in x], [loop.load(p) for p in y]
        for y_vector, row in zip(y_vectors, totals, strict=True):
            for x_vector, total in zip(x_vectors, row, strict=True):
                total.add_incoming(ir.Constant(loop.vector, [0.0] * loop.vector.count), loop.entry)
                total.add_incoming(_multiply_add(builder, x_vector, y_vector, total), loop.body)
        loop.close()
        flat = [total.incomings[1][0] for row in totals for total in row]
        lanes = loop.vector.count
        sums = [_sum_lanes(builder, flat[k : k + lanes]) for k in range(0, len(flat), lanes)]
        for i in range(TILE):
            holder, lane = divmod(i * TILE, lanes)
            row = _shuffle(builder, sums[holder], sums[holder], list(range(lane, lane + TILE)))
            at = builder.add(m, ir.Constant(m.type, i))
            pointer = _element_pointer(context, builder, scores, scores_value, at, n)
            builder.store(row, builder.bitcast(pointer, row.type.as_pointer()), align=4)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _add_tile(
    typingctx, targets, target_rows, first_target, sources, source_rows, first_source, coefficients
):
    """Emit `add_tile` with each coefficient held in a register of its own."""
    signature = types.void(
        targets, target_rows, first_target, sources, source_rows, first_source, coefficients
    )

    def codegen(context, builder, signature, arguments):
        targets_value, target_rows_value, i, sources_value, source_rows_value, k, g_value = (
            arguments
        )
        to = _row_pointers(
            context, builder, targets, targets_value, i, (target_rows, target_rows_value)
        )
        of = _row_pointers(
            context, builder, sources, sources_value, k, (source_rows, source_rows_value)
        )
        vector = _vector_type(context, targets)

        def broadcast(row, column):
            row = builder.add(i, ir.Constant(i.type, row))
            column = builder.add(k, ir.Constant(k.type, column))
            pointer = _element_pointer(context, builder, coefficients, g_value, row, column)
            scalar = ir.Constant(vector, ir.Undefined)
            scalar = builder.insert_element(
                scalar, builder.load(pointer), ir.Constant(ir.IntType(32), 0)
            )
            return _shuffle(builder, scalar, scalar, [0] * vector.count)

        g = [[broadcast(row, column) for column in range(TILE)] for row in range(TILE)]
        loop = _VectorLoop(context, builder, targets, targets_value)
        source_vectors = [loop.load(p) for p in of]
        for pointer, factors in zip(to, g, strict=True):
            total = loop.load(pointer)
            for factor, source in zip(factors, source_vectors, strict=True):
                total = _multiply_add(builder, factor, source, total)
            builder.store(total, loop.address(pointer), align=4)
        loop.close()
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _prefetch_row(typingctx, matrix, row):
    """Emit a prefetch instruction for each cache line of a row."""
    signature = types.void(matrix, row)

    def codegen(context, builder, signature, arguments):
        matrix_value, row_value = arguments
        row_value = context.cast(builder, row_value, row, types.intp)
        column = ir.Constant(row_value.type, 0)
        pointer = _element_pointer(context, builder, matrix, matrix_value, row_value, column)
        stop = builder.extract_value(
            context.make_array(matrix)(context, builder, matrix_value).shape, 1
        )
        byte_pointer = ir.IntType(8).as_pointer()
        integer = ir.IntType(32)
        prefetch = builder.module.declare_intrinsic(
            "llvm.prefetch", [byte_pointer],
            ir.FunctionType(ir.VoidType(), [byte_pointer, integer, integer, integer]),
        )  # fmt: skip
        step = ir.Constant(stop.type, _vector_type(context, matrix).count)
        with cgutils.for_range_slice(builder, column, stop, step, stop.type) as (at, _):
            address = builder.bitcast(builder.gep(pointer, [at]), byte_pointer)
            builder.call(prefetch, [address, integer(0), integer(3), integer(1)])
        return context.get_dummy_value()

    return signature, codegen


@overload(prefetch_row)
def _compile_prefetch_row(matrix, row):
    """Replace `prefetch_row` in compiled code."""
    return lambda matrix, row: _prefetch_row(matrix, row)  # type: ignore[call-arg]


@overload(score_tile)
def _compile_score_tile(outputs, rows, first_output, inputs, first_input, scores):
    """Replace `score_tile` in compiled code."""

    def tile(outputs, rows, first_output, inputs, first_input, scores):
        _score_tile(  # type: ignore[call-arg]
            outputs, rows, first_output, inputs, first_input, scores
        )  # fmt: skip

    return tile


@overload(add_tile)
def _compile_add_tile(
    targets, target_rows, first_target, sources, source_rows, first_source, coefficients
):
    """Replace `add_tile` in compiled code."""

    def tile(targets, target_rows, first_target, sources, source_rows, first_source, coefficients):
        _add_tile(  # type: ignore[call-arg]
            targets, target_rows, first_target, sources, source_rows, first_source, coefficients
        )  # fmt: skip

    return tile


# --- Blocks --------------------------------------------------------------------------------------

# sigmoid(x) = 1/2 + x p(t) / q(t) with t = (x / 16)^2, |x| <= 16: a least-maximum fit, off by less
# than 3e-9 before rounding. Unlike exp, it compiles to vector instructions.
SIGMOID_LIMIT = 16.0
SIGMOID_P = (0.2499999925, 2.15011044, 3.649694814, 1.426930374, 0.06317371866)
SIGMOID_Q = (1.0, 29.93376706, 107.0531039, 89.10740483, 14.18287599)


@kernel
def sigmoid(x, kind):
    """Return ``1 / (1 + exp(-x))``, for scores beyond 16 that of 16: clipped, never skipped.

    `kind` is the floating type to compute in.
    """
    limit = kind(SIGMOID_LIMIT)
    x = min(max(x, -limit), limit)
    t = x * x * kind(1 / SIGMOID_LIMIT**2)
    p = kind(SIGMOID_P[4])
    q = kind(SIGMOID_Q[4])
    p = p * t + kind(SIGMOID_P[3])
    q = q * t + kind(SIGMOID_Q[3])
    p = p * t + kind(SIGMOID_P[2])
    q = q * t + kind(SIGMOID_Q[2])
    p = p * t + kind(SIGMOID_P[1])
    q = q * t + kind(SIGMOID_Q[1])
    p = p * t + kind(SIGMOID_P[0])
    q = q * t + kind(SIGMOID_Q[0])
    return kind(0.5) + x * p / q


@kernel
def tile_is_empty(weights, first_row, first_column):
    """Tell whether a tile of pair weights is all zeros: nothing to learn there."""
    for row in range(first_row, first_row + TILE):
        for column in range(first_column, first_column + TILE):
            if weights[row, column] != 0:
                return False
    return True


@kernel
def place_of(slot, places, slots, n_slots):
    """Return where a slot stands in a list of distinct slots; if it is new, at its end."""
    # Written in either case: whether a slot is new cannot be foreseen, and a branch would stall.
    place = places[slot]
    place = np.int32(n_slots) if place < 0 else place
    places[slot] = place
    slots[place] = slot
    return place


@kernel
def mark_inputs(low, high, itself, hits, pairs):
    """Mark the inputs low..high, less `itself`: 1 where a pair is observed, else 0."""
    kind = hits.dtype.type
    for n in range(BLOCK):
        hits[n] = kind((n >= low) & (n < high) & (n != itself))
        pairs[n] += hits[n]


@kernel
def observe(slot, label, n_outputs, hits, outputs, places, positives, weights):
    """Pair an output row with the marked inputs; return `n_outputs`."""
    m = place_of(slot, places, outputs, n_outputs)
    kind = hits.dtype.type
    # A row that is new starts from zero; multiplying by zero spares a branch.
    kept = kind(m < n_outputs)
    for n in range(BLOCK):
        positives[m, n] = kept * positives[m, n] + kind(label) * hits[n]
        weights[m, n] = kept * weights[m, n] + hits[n]
    return max(n_outputs, m + 1)


@kernel
def fill_skipgram(first, last, window, objective, tokens, numbering, block):
    """Write down the pairs of a block of skip-gram; return its number of outputs.

    In word2vec.c's way round: each token of the block is an input and predicts the centres whose
    windows it stands in. Under hierarchical softmax, to predict a word is to turn the right way at
    each inner node of its path: the label of a node is 1 - code (Rong 2014, section 3.1).
    """
    words, slots, reach, begin, end = (
        tokens.words, tokens.output_slots, tokens.reach, tokens.begin, tokens.end
    )  # fmt: skip
    path_offsets, path_codes, path_slots = (
        objective.path_offsets, objective.path_codes, numbering.path_slots
    )  # fmt: skip
    hits, pairs, outputs, places, positives, weights = (
        block.hits, block.pairs, block.outputs, block.place_of_output, block.positives,
        block.weights,
    )  # fmt: skip
    n_outputs = 0
    for centre in range(max(begin[first], first - window), min(end[last - 1], last + window)):
        # The inputs that the centre's window holds, as places in the block.
        low = max(centre - reach[centre], begin[centre], first) - first
        high = min(centre + reach[centre] + 1, end[centre], last) - first
        itself = centre - first
        if high - low <= (low <= itself < high):
            continue
        mark_inputs(low, high, itself, hits, pairs)
        if objective.hierarchical:
            word = words[centre]
            first_code, first_slot = path_offsets[word], slots[centre]
            for step in range(path_offsets[word + 1] - first_code):
                n_outputs = observe(
                    path_slots[first_slot + step], 1 - path_codes[first_code + step], n_outputs,
                    hits, outputs, places, positives, weights,
                )  # fmt: skip
        else:
            n_outputs = observe(
                slots[centre], 1, n_outputs, hits, outputs, places, positives, weights
            )
    return n_outputs


@kernel
def fill_cbow(first, last, objective, tokens, numbering, block):
    """Write down the pairs of a block of CBOW and its context weights A.

    Each token of the block is a centre, and its input is the mean (or the sum) of its context.
    Returns the numbers of outputs and of contexts.
    """
    words, input_slots, output_slots, reach, begin, end = (
        tokens.words, tokens.input_slots, tokens.output_slots, tokens.reach, tokens.begin,
        tokens.end,
    )  # fmt: skip
    path_offsets, path_codes, path_slots = (
        objective.path_offsets, objective.path_codes, numbering.path_slots
    )  # fmt: skip
    hits, pairs, outputs, places, positives, weights = (
        block.hits, block.pairs, block.outputs, block.place_of_output, block.positives,
        block.weights,
    )  # fmt: skip
    contexts, context_places, context_weights = (
        block.contexts, block.place_of_context, block.context_weights
    )  # fmt: skip
    one = context_weights.dtype.type(1)
    n_outputs = 0
    n_contexts = 0
    for centre in range(first, last):
        low = max(begin[centre], centre - reach[centre])
        high = min(end[centre], centre + reach[centre] + 1)
        if high - low == 1:  # alone in its window
            continue
        n = centre - first
        weight = one / context_weights.dtype.type(high - low - 1) if objective.cbow_mean else one
        for context in range(low, high):
            if context != centre:
                c = place_of(input_slots[context], context_places, contexts, n_contexts)
                if c == n_contexts:
                    for column in range(BLOCK):
                        context_weights[c, column] = 0
                    n_contexts += 1
                context_weights[c, n] += weight
        mark_inputs(n, n + 1, -1, hits, pairs)
        if objective.hierarchical:
            word = words[centre]
            first_code, first_slot = path_offsets[word], output_slots[centre]
            for step in range(path_offsets[word + 1] - first_code):
                n_outputs = observe(
                    path_slots[first_slot + step], 1 - path_codes[first_code + step], n_outputs,
                    hits, outputs, places, positives, weights,
                )  # fmt: skip
        else:
            n_outputs = observe(
                output_slots[centre], 1, n_outputs, hits, outputs, places, positives, weights
            )
    return n_outputs, n_contexts


@kernel
def fill_noise(first_negative, n_outputs, objective, numbering, block):
    """Pair every input of the block with the block's shared negatives; return `n_outputs`.

    One shared negative stands for `negative` / `shared_negatives` of the noise words of each pair.
    It does not count for a pair whose observed word it is, as in word2vec.c.
    """
    negatives, outputs, places, positives, weights, hits, pairs = (
        numbering.negatives, block.outputs, block.place_of_output, block.positives, block.weights,
        block.hits, block.pairs,
    )  # fmt: skip
    kind = weights.dtype.type
    share = kind(objective.negative) / kind(objective.shared_negatives)
    for n in range(BLOCK):
        hits[n] = share * pairs[n]
    for k in range(first_negative, first_negative + objective.shared_negatives):
        m = place_of(negatives[k], places, outputs, n_outputs)
        if m == n_outputs:
            for n in range(BLOCK):
                positives[m, n] = 0
                weights[m, n] = hits[n]
            n_outputs += 1
        else:
            for n in range(BLOCK):
                weights[m, n] += hits[n] - share * positives[m, n]
    return n_outputs


@kernel
def pad_list(slots, n_slots, dummy, table):
    """Fill a list of rows up to whole tiles with a dummy row of weight zero; return its length."""
    padded = (n_slots + TILE - 1) // TILE * TILE
    for place in range(n_slots, padded):
        slots[place] = dummy
        for n in range(BLOCK):
            table[place, n] = 0
    return padded


@kernel
def block_loss(n_outputs, block):
    """Return ``sum(P * softplus(-S) + (C - P) * softplus(S))`` in float64."""
    loss = 0.0
    for m in range(n_outputs):
        for n in range(BLOCK):
            weight = block.weights[m, n]
            if weight != 0:
                score = np.float64(block.scores[m, n])
                softplus = max(score, 0.0) + math.log1p(math.exp(-abs(score)))
                loss += weight * softplus - block.positives[m, n] * score
    return loss


@kernel
def score_block(n_outputs, outputs, block):
    """``S = Y X^T``; where a tile holds no pairs the old scores stay."""
    for m in range(0, n_outputs, TILE):
        for n in range(0, BLOCK, TILE):
            if not tile_is_empty(block.weights, m, n):
                score_tile(outputs, block.outputs, m, block.inputs, n, block.scores)


@kernel
def differentiate_block(n_outputs, learning_rate, block):
    """``G = learning_rate * (P - C * sigmoid(S))``, written over S."""
    # As flat arrays: one loop of vector instructions.
    scores, positives, weights = block.flat_scores, block.flat_positives, block.flat_weights
    kind = scores.dtype.type
    for k in range(n_outputs * BLOCK):
        scores[k] = learning_rate * (positives[k] - weights[k] * sigmoid(scores[k], kind))


@sum_kernel
def shortened(squared_length):
    """Return the factor that shortens a step to `MAX_STEP`, 1 if it is no longer."""
    if squared_length <= MAX_STEP * MAX_STEP:
        return 1.0
    return MAX_STEP / math.sqrt(squared_length)


@sum_kernel
def squared_length(row):
    """Return ``row . row``."""
    total = row.dtype.type(0)
    for column in range(row.shape[0]):
        total += row[column] * row[column]
    return total


@sum_kernel
def limit_output_steps(n_outputs, learning_rate, block):
    """Sum up the pairs of each row, and find by what to shorten the steps of the outputs.

    The step of output m is ``sum_n G[m, n] X_n``, at most ``sum_n |G[m, n]| |X_n|`` long, which is
    at most the learning rate times the row's pairs times the longest input.
    """
    gradients, weights, lengths, pairs, output_terms, output_scales = (
        block.scores, block.weights, block.input_lengths, block.pairs, block.output_terms,
        block.output_scales,
    )  # fmt: skip
    kind = gradients.dtype.type
    longest = kind(0)
    for n in range(BLOCK):
        lengths[n] = math.sqrt(squared_length(block.inputs[n]))
        longest = max(longest, lengths[n])
        pairs[n] = 0
    for m in range(n_outputs):
        terms = kind(0)
        for n in range(BLOCK):
            terms += weights[m, n]
            pairs[n] += weights[m, n]
        output_terms[m] = terms
        output_scales[m] = 1
        if learning_rate * terms * longest > MAX_STEP:
            length = kind(0)
            for n in range(BLOCK):
                length += abs(gradients[m, n]) * lengths[n]
            output_scales[m] = shortened(length * length)


@kernel
def descend_block(n_outputs, outputs, block):
    """``E = G^T Y`` and ``Y += G X``, from the rows Y as they were before the block."""
    gradients, scales = block.scores, block.output_scales
    for n in range(BLOCK):
        for column in range(block.input_steps.shape[1]):
            block.input_steps[n, column] = 0
    for m in range(0, n_outputs, TILE):
        for n in range(0, BLOCK, TILE):
            if not tile_is_empty(block.weights, m, n):
                add_tile(
                    block.input_steps, block.identity, n, outputs, block.outputs, m, gradients.T
                )
        for row in range(m, m + TILE):
            if scales[row] != 1:
                for n in range(BLOCK):
                    gradients[row, n] *= scales[row]
        for n in range(0, BLOCK, TILE):
            if not tile_is_empty(block.weights, m, n):
                add_tile(outputs, block.outputs, m, block.inputs, block.identity, n, gradients)


@kernel
def load_skipgram_inputs(first, last, inputs, tokens, block):
    """``X``: the input rows of the block's tokens."""
    for n in range(last - first):
        row = tokens.input_slots[first + n]
        for column in range(inputs.shape[1]):
            block.inputs[n, column] = inputs[row, column]


@kernel
def store_skipgram_inputs(first, last, input_buffer, tokens, block):
    """``X += E``; a row that stands in the block twice moves twice."""
    rows, slots, terms, pairs, steps = (
        input_buffer.rows, tokens.input_slots, input_buffer.terms, block.pairs, block.input_steps
    )  # fmt: skip
    for n in range(last - first):
        slot = slots[first + n]
        terms[slot] += pairs[n]
        scale = steps.dtype.type(shortened(squared_length(steps[n])))
        for column in range(steps.shape[1]):
            rows[slot, column] += scale * steps[n, column]


@kernel
def load_cbow_inputs(n_contexts, inputs, block):
    """``X = A^T Z``: the mean (or the sum) of each centre's context."""
    for n in range(BLOCK):
        for column in range(block.inputs.shape[1]):
            block.inputs[n, column] = 0
    for n in range(0, BLOCK, TILE):
        for c in range(0, n_contexts, TILE):
            if not tile_is_empty(block.context_weights, c, n):
                add_tile(
                    block.inputs, block.identity, n,
                    inputs, block.contexts, c, block.context_weights.T,
                )  # fmt: skip


@kernel
def store_cbow_inputs(n_contexts, input_buffer, block):
    """``Z += A E``: the true gradient, each context moves with its weight in the mean."""
    context_weights, pairs, steps = block.context_weights, block.pairs, block.input_steps
    for n in range(BLOCK):
        scale = steps.dtype.type(shortened(squared_length(steps[n])))
        for c in range(n_contexts):
            input_buffer.terms[block.contexts[c]] += context_weights[c, n] * pairs[n]
            context_weights[c, n] *= scale
    for c in range(0, n_contexts, TILE):
        for n in range(0, BLOCK, TILE):
            if not tile_is_empty(context_weights, c, n):
                add_tile(
                    input_buffer.rows, block.contexts, c, steps, block.identity, n, context_weights
                )


# --- Chunks --------------------------------------------------------------------------------------


@kernel
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


@kernel
def number_rows(start, n_tokens, own_begin, own_end, n_negatives, sampling, objective,
                tokens, numbering, input_ids, output_ids):  # fmt: skip
    """List the distinct rows of both matrices that a chunk touches; return their numbers."""
    words, token_inputs, token_outputs = tokens.words, tokens.input_slots, tokens.output_slots
    input_places, output_places = numbering.input_slots, numbering.output_slots
    path_offsets, path_nodes, path_slots = (
        objective.path_offsets, objective.path_nodes, numbering.path_slots
    )  # fmt: skip
    # Skip-gram's outputs and CBOW's inputs reach into the margins.
    first_input, last_input = (0, n_tokens) if objective.cbow else (own_begin, own_end)
    first_output, last_output = (own_begin, own_end) if objective.cbow else (0, n_tokens)
    n_inputs = 0
    for token in range(first_input, last_input):
        slot = place_of(words[token], input_places, input_ids, n_inputs)
        n_inputs = max(n_inputs, slot + 1)
        token_inputs[token] = slot
    n_outputs = 0
    n_steps = 0
    if objective.hierarchical:
        for token in range(first_output, last_output):
            word = words[token]
            token_outputs[token] = n_steps
            for step in range(path_offsets[word], path_offsets[word + 1]):
                slot = place_of(path_nodes[step], output_places, output_ids, n_outputs)
                n_outputs = max(n_outputs, slot + 1)
                path_slots[n_steps] = slot
                n_steps += 1
        return n_inputs, n_outputs
    for token in range(first_output, last_output):
        slot = place_of(words[token], output_places, output_ids, n_outputs)
        n_outputs = max(n_outputs, slot + 1)
        token_outputs[token] = slot
    threshold, alias, negatives = (
        objective.noise_threshold, objective.noise_alias, numbering.negatives
    )  # fmt: skip
    first_draw = start * objective.shared_negatives
    for k in range(n_negatives):
        word = draw_noise(threshold, alias, sampling.noise_key, first_draw + k)
        slot = place_of(word, output_places, output_ids, n_outputs)
        n_outputs = max(n_outputs, slot + 1)
        negatives[k] = slot
    return n_inputs, n_outputs


@kernel
def load_rows(matrix, n_rows, buffer):
    """Copy the listed rows of a shared matrix to the buffer."""
    for slot in range(n_rows):
        if slot + AHEAD < n_rows:
            prefetch_row(matrix, buffer.row_ids[slot + AHEAD])
        row = buffer.row_ids[slot]
        for column in range(matrix.shape[1]):
            buffer.rows[slot, column] = matrix[row, column]
    buffer.rows[n_rows] = 0
    buffer.terms[: n_rows + 1] = 0


@kernel
def forget_places(slots, n_slots, places):
    """Empty a table of places, in time of the places taken."""
    for place in range(n_slots):
        places[slots[place]] = -1


@kernel
def train_block(first, last, n_input_rows, n_output_rows, first_negative, n_negatives, window,
                objective, learning_rate, measure, tokens, numbering, input_buffer, output_buffer,
                block):  # fmt: skip
    """Learn all pairs of the tokens first..last in one step.

    Returns the loss before the step and the number of predicted words, zeros unless `measure`.
    """
    block.pairs[:] = 0
    n_contexts = 0
    if objective.cbow:
        n_outputs, n_contexts = fill_cbow(first, last, objective, tokens, numbering, block)
        n_contexts_padded = pad_list(
            block.contexts, n_contexts, n_input_rows, block.context_weights
        )
        load_cbow_inputs(n_contexts_padded, input_buffer.rows, block)
    else:
        n_outputs = fill_skipgram(first, last, window, objective, tokens, numbering, block)
        load_skipgram_inputs(first, last, input_buffer.rows, tokens, block)
    n_pairs = block.pairs.sum() if measure else 0.0
    if n_negatives > 0:
        n_outputs = fill_noise(first_negative, n_outputs, objective, numbering, block)
    pad_list(block.outputs, n_outputs, n_output_rows, block.positives)
    n_outputs_padded = pad_list(block.outputs, n_outputs, n_output_rows, block.weights)

    outputs = output_buffer.rows
    score_block(n_outputs_padded, outputs, block)
    loss = block_loss(n_outputs, block) if measure else 0.0
    differentiate_block(n_outputs_padded, learning_rate, block)
    limit_output_steps(n_outputs_padded, learning_rate, block)
    descend_block(n_outputs_padded, outputs, block)
    for m in range(n_outputs):
        output_buffer.terms[block.outputs[m]] += block.output_terms[m]
    if objective.cbow:
        store_cbow_inputs(n_contexts_padded, input_buffer, block)
        forget_places(block.contexts, n_contexts, block.place_of_context)
    else:
        store_skipgram_inputs(first, last, input_buffer, tokens, block)
    forget_places(block.outputs, n_outputs, block.place_of_output)
    return loss, n_pairs


@kernel
def train_chunk(start, stop, token_ids, offsets, sampling, objective, learning_rate,
                first_measured, measured_step, input_vectors, output_vectors, tokens, numbering,
                input_buffer, output_buffer, block):  # fmt: skip
    """Train the tokens start..stop on copies of the rows they touch.

    The shared matrices are only read. One block in `measured_step` adds to the loss.

    Returns
    -------
    n_input_rows, n_output_rows : int
        How many rows the buffers hold.
    loss : float
        Negative log-likelihood of the measured blocks.
    n_pairs : float
        Number of words they predicted.
    """
    n_tokens, own_begin, own_end = sample_chunk(start, stop, token_ids, offsets, sampling, tokens)
    n_blocks = (own_end - own_begin + BLOCK - 1) // BLOCK
    n_negatives = min(n_blocks * objective.shared_negatives, objective.pooled_negatives)
    n_input_rows, n_output_rows = number_rows(
        start, n_tokens, own_begin, own_end, n_negatives, sampling, objective,
        tokens, numbering, input_buffer.row_ids, output_buffer.row_ids,
    )  # fmt: skip
    load_rows(input_vectors, n_input_rows, input_buffer)
    load_rows(output_vectors, n_output_rows, output_buffer)

    loss = 0.0
    n_pairs = 0.0
    for index in range(n_blocks):
        first = own_begin + index * BLOCK
        # A noise word that the chunk has already been trained on would flatter the loss.
        fresh = n_negatives == 0 or (index + 1) * objective.shared_negatives <= n_negatives
        measure = fresh and (first_measured + index) % measured_step == 0
        block_loss_, block_pairs = train_block(
            first, min(first + BLOCK, own_end), n_input_rows, n_output_rows,
            index * objective.shared_negatives % max(n_negatives, 1), n_negatives, sampling.window,
            objective, learning_rate, measure, tokens, numbering, input_buffer, output_buffer,
            block,
        )  # fmt: skip
        loss += block_loss_
        n_pairs += block_pairs
    forget_places(input_buffer.row_ids, n_input_rows, numbering.input_slots)
    forget_places(output_buffer.row_ids, n_output_rows, numbering.output_slots)
    return n_input_rows, n_output_rows, loss, n_pairs


# --- Rounds --------------------------------------------------------------------------------------


@kernel
def merge_rows(
    shard, n_shards, saturation, n_rows, row_ids, rows, terms, newest, older, step, matrix
):  # fmt: skip
    """Carry the buffers of a round of chunks back to a shared matrix.

    A row trained by several chunks moves by the sum of their steps, times::

        (1 - exp(-eta * sum(u))) / sum(1 - exp(-eta * u))

    with u the number of gradient terms that each chunk's copy took and eta the `saturation`: the
    steps of a rare row are added, those of a frequent one, which all go to the same place, are
    averaged. A row trained by one chunk is copied.

    Parameters
    ----------
    shard, n_shards : int
        Merge the rows whose number is `shard` modulo `n_shards`, a power of two. Different shards
        may run in different threads; no row's result depends on `n_shards`.
    saturation : float
        The learning rate times a constant, kappa.
    n_rows : ndarray of int64, shape (n_chunks,)
        Rows in each chunk's buffer.
    row_ids, rows, terms : ndarray, shape (n_chunks, capacity), (n_chunks, capacity + 1, \
            padded_size) and (n_chunks, capacity + 1)
        The buffers.
    newest : ndarray of int64, shape (n_matrix_rows,)
        Scratch, all -1 before and after: one copy of a row, as chunk * 2**32 + slot ...
    older : ndarray of int64, shape (n_chunks, capacity)
        Scratch: ... and from each copy to another of the same row, -1 at the end.
    step : ndarray, shape (padded_size,)
        Scratch, the caller's own.
    matrix : ndarray, shape (n_matrix_rows, padded_size)
        The shared matrix, changed in place.
    """
    n_chunks = row_ids.shape[0]
    # Link the copies of a row, the last chunk first, so that the chain starts with the first chunk.
    for chunk in range(n_chunks - 1, -1, -1):
        for slot in range(n_rows[chunk]):
            row = row_ids[chunk, slot]
            if row & (n_shards - 1) == shard:
                older[chunk, slot] = newest[row]
                newest[row] = (chunk << 32) | slot
    for chunk in range(n_chunks):
        for slot in range(n_rows[chunk]):
            if slot + AHEAD < n_rows[chunk]:
                prefetch_row(matrix, row_ids[chunk, slot + AHEAD])
            row = row_ids[chunk, slot]
            if row & (n_shards - 1) != shard or newest[row] < 0:
                continue
            newest[row] = -1
            link = older[chunk, slot]
            if link < 0:
                for column in range(matrix.shape[1]):
                    matrix[row, column] = rows[chunk, slot, column]
                continue
            total = np.float64(terms[chunk, slot])
            separate = 1.0 - math.exp(-saturation * total)
            for column in range(matrix.shape[1]):
                step[column] = rows[chunk, slot, column] - matrix[row, column]
            while link >= 0:
                other, place = link >> 32, link & MASK_32
                copy_terms = np.float64(terms[other, place])
                total += copy_terms
                separate += 1.0 - math.exp(-saturation * copy_terms)
                for column in range(matrix.shape[1]):
                    step[column] += rows[other, place, column] - matrix[row, column]
                link = older[other, place]
            scale = 1.0
            if separate > 0:
                scale = (1.0 - math.exp(-saturation * total)) / separate
            scale = matrix.dtype.type(scale)
            for column in range(matrix.shape[1]):
                matrix[row, column] += scale * step[column]


@kernel
def drop_frozen_rows(n_rows, frozen, buffer):
    """Take the rows that do not move off a chunk's list; return how many remain.

    The merge never hears of them, so that they keep their bytes. The order of the others stays.
    """
    n_kept = 0
    for slot in range(n_rows):
        row = buffer.row_ids[slot]
        if not frozen[row]:
            if n_kept < slot:
                buffer.row_ids[n_kept] = row
                buffer.terms[n_kept] = buffer.terms[slot]
                for column in range(buffer.rows.shape[1]):
                    buffer.rows[n_kept, column] = buffer.rows[slot, column]
            n_kept += 1
    return n_kept
