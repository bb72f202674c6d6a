"""The command line: train word vectors, ask them, evaluate and convert them.

Results go to standard output, as lines of columns between tabs; progress, summaries, warnings and
errors go to standard error. The exit code is 0 after success, 1 after an error, 2 if the command
line cannot be understood and 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import codecs
import inspect
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from skw2v import __version__
from skw2v.corpus.files import TextFiles
from skw2v.evaluation import evaluate_word_analogies, evaluate_word_pairs
from skw2v.io import read_metadata, read_word_vectors, write_word_vectors
from skw2v.io._files import Source
from skw2v.io._formats import FORMATS, Format, check_format, detect_format, format_to_write
from skw2v.vectorizer import Word2VecVectorizer
from skw2v.word_vectors import UnknownWordError, WordVectors

__all__ = ["main"]

ERROR, INTERRUPTED, BROKEN_PIPE = 1, 130, 141

_FORMATS = ("auto", *FORMATS)
_WITH_METADATA = ("safetensors", "npz")
_DTYPES = ("float16", "float32", "float64")

# A token of the command line: what stands between white space.
_TOKEN_PATTERN = r"(?u)\S+"

_EXAMPLES = """\
examples:
  skw2v train corpus.txt -o vectors.bin
  zcat *.gz | skw2v train -o vectors.safetensors --window 10 --n-jobs -1
  skw2v similar vectors.bin king queen
  skw2v analogy vectors.bin man king woman
  skw2v evaluate vectors.bin --analogies questions-words.txt --pairs wordsim353.tsv
  skw2v convert GoogleNews-vectors-negative300.bin.gz news.safetensors --limit 100000
  skw2v info news.safetensors

exit codes: 0 success, 1 error, 2 wrong command line, 130 interrupted
"""


def _encoding(text: str) -> str:
    """Return the value of the option --encoding."""
    try:
        return codecs.lookup(text).name
    except LookupError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _learning_rate(text: str) -> float | str:
    """Return the value of the option --learning-rate."""
    return text if text == "auto" else float(text)


# The parameters of the estimator that are options of `train`: name, type or choices, and help. The
# defaults are the estimator's.
_TRAINING_OPTIONS: tuple[tuple[str, Any, str], ...] = (
    ("architecture", ("skipgram", "cbow"), "what predicts what (word2vec.c: -cbow 0, 1)"),
    (
        "objective",
        ("negative_sampling", "hierarchical_softmax", "softmax"),
        "how a prediction is scored (-hs 0, 1)",
    ),
    ("vector_size", int, "dimensions of the vectors (-size)"),
    ("window", int, "words on either side that are neighbours (-window)"),
    ("shrink_windows", bool, "draw the size of each window from 1 to --window"),
    ("negative", int, "noise words for each predicted word (-negative)"),
    ("ns_exponent", float, "noise words are drawn by count to this power"),
    ("sample", float, "threshold that thins out frequent words, 0 for none (-sample)"),
    ("cbow_mean", bool, "cbow takes the mean of the neighbours, not the sum"),
    ("min_count", int, "drop words that occur less often (-min-count)"),
    ("max_vocab_size", int, "keep only this many words, the most frequent ones"),
    ("epochs", int, "passes over the corpus (-iter)"),
    ("learning_rate", _learning_rate, "learning rate at the start (-alpha)"),
    ("min_learning_rate", float, "what it does not fall below"),
    ("n_jobs", int, "threads, -1 for all processors; the vectors are the same (-threads)"),
    ("random_state", int, "seed: the same gives the same vectors"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        What stands after the name of the program; None takes them from the system.

    Returns
    -------
    int
        The exit code: 0 after success, 1 after an error, 130 after Ctrl-C. A command line that
        cannot be understood ends the process with 2.

    Examples
    --------
    >>> from skw2v.cli import main
    >>> main(["similar", "missing.bin", "king"])
    1
    """
    options = _make_parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _show_warning
            options.run(options)
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the results has enough; a flush at the end would raise once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        unchanged = f" {options.output} is as it was." if hasattr(options, "output") else ""
        _say(f"\nskw2v: interrupted.{unchanged}")
        return INTERRUPTED
    except (OSError, UnknownWordError, ValueError, ImportError) as error:
        _say(f"skw2v: error: {error}")
        return ERROR
    except MemoryError:
        _say("skw2v: error: there is not enough memory; --limit or --max-vocab-size may help.")
        return ERROR
    return 0


def _make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="skw2v",
        description="Word vectors: train, ask, evaluate and convert them.",
        epilog=_EXAMPLES + "\nskw2v COMMAND --help lists the options of a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"skw2v {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for add in (_add_train, _add_similar, _add_analogy, _add_evaluate, _add_convert, _add_info):
        add(commands)
    return parser


def _add_command(
    commands: Any, run: Any, usage: str, summary: str, description: str
) -> argparse.ArgumentParser:
    """Add a command, whose help shows the defaults."""
    name = usage.split()[0]
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        usage=f"skw2v {usage}",
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. {description}",
        formatter_class=_HelpFormatter,
    )
    command.set_defaults(run=run)
    return command


class _HelpFormatter(argparse.HelpFormatter):
    """Shows the default of an option, where it has one that says something."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, argparse.SUPPRESS, False) or not action.option_strings:
            return action.help
        return f"{action.help} [%(default)s]"


def _add_train(commands: Any) -> None:
    command = _add_command(
        commands,
        _train,
        "train [OPTION ...] -o FILE [CORPUS ...]",
        "learn word vectors from text",
        "Each line is a document; what stands between white space is a word, as it is written. The "
        "text is read once. A .safetensors file also holds the counts of the words and the "
        "parameters, and can be loaded as a transformer of documents by Word2VecVectorizer.load. "
        "Square brackets hold defaults, round ones the options of word2vec.c.",
    )
    command.add_argument(
        "corpus",
        metavar="CORPUS",
        nargs="*",
        default=["-"],
        help="text files (.gz, .bz2 and .xz are unpacked), or - for standard input, the default",
    )
    command.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="where to write the vectors (-output)"
    )
    command.add_argument(
        "--format",
        choices=_FORMATS,
        default="auto",
        metavar="FORMAT",
        help="format to write, by default by suffix: one of %(choices)s",
    )
    command.add_argument("--dtype", choices=_DTYPES, help="type of the numbers to write")
    command.add_argument("--lowercase", action="store_true", help="convert the text to lower case")
    command.add_argument("--encoding", type=_encoding, default="utf-8", help="encoding of the text")
    command.add_argument(
        "--errors",
        choices=("strict", "replace", "ignore"),
        default="strict",
        help="what to do with bytes that are no text in this encoding",
    )
    command.add_argument("-q", "--quiet", action="store_true", help="show no progress")
    training = command.add_argument_group("training")
    defaults = inspect.signature(Word2VecVectorizer).parameters
    for name, kind, text in _TRAINING_OPTIONS:
        extra: dict[str, Any] = {"type": kind, "metavar": "N" if kind is int else "X"}
        if kind is bool:
            extra = {"action": argparse.BooleanOptionalAction}
        elif isinstance(kind, tuple):
            extra = {"choices": kind}
        default = defaults[name].default
        flags = ["-j", "--n-jobs"] if name == "n_jobs" else ["--" + name.replace("_", "-")]
        training.add_argument(*flags, dest=name, default=default, help=text, **extra)


def _add_similar(commands: Any) -> None:
    command = _add_command(
        commands,
        _similar,
        "similar [OPTION ...] VECTORS WORD [WORD ...]",
        "print the words nearest to each of some words",
        "The columns are the neighbour and its cosine similarity, after the word itself if there "
        "are several.",
    )
    _add_vectors(command)
    command.add_argument(
        "words", nargs="+", metavar="WORD", help="words, or - to read them from standard input"
    )
    _add_topn(command)


def _add_analogy(commands: Any) -> None:
    command = _add_command(
        commands,
        _analogy,
        "analogy [OPTION ...] VECTORS A B C",
        "answer: A is to B as C is to ?",
        "The columns are the answer and its score.",
    )
    _add_vectors(command)
    for name in "abc":
        command.add_argument(name, metavar=name.upper(), help="a word")
    command.add_argument(
        "--method", choices=("3CosAdd", "3CosMul"), default="3CosAdd", help="how answers are scored"
    )
    _add_topn(command)


def _add_evaluate(commands: Any) -> None:
    command = _add_command(
        commands,
        _evaluate,
        "evaluate [OPTION ...] VECTORS [--analogies FILE] [--pairs FILE]",
        "measure word vectors by analogies and by the similarity of word pairs",
        "Coverage is the share of the questions or pairs whose words all have vectors; the others "
        "do not count.",
    )
    command.set_defaults(refuse=command.error)
    _add_vectors(command)
    command.add_argument(
        "--analogies",
        action="append",
        default=[],
        metavar="FILE",
        help="questions in the format of Google's questions-words.txt",
    )
    command.add_argument(
        "--pairs",
        action="append",
        default=[],
        metavar="FILE",
        help="lines of two words and a score between tabs, such as WordSim-353 or SimLex-999",
    )
    command.add_argument(
        "--restrict-vocab",
        type=int,
        default=300_000,
        metavar="N",
        help="use only the first N words, 0 for all",
    )
    command.add_argument("--case-sensitive", action="store_true", help="tell Apple from apple")
    command.add_argument(
        "--method", choices=("3CosAdd", "3CosMul"), default="3CosAdd", help="how answers are scored"
    )


def _add_convert(commands: Any) -> None:
    command = _add_command(
        commands,
        _convert,
        "convert [OPTION ...] VECTORS OUTPUT",
        "write word vectors in another format",
        "Formats are those of skw2v.io: word2vec's text (fastText's .vec) and binary, GloVe's text "
        "(format glove), safetensors and npz, the first three also packed by gzip.",
    )
    _add_vectors(command)
    command.add_argument("output", metavar="OUTPUT", help="where to write")
    command.add_argument(
        "--to",
        choices=_FORMATS,
        default="auto",
        metavar="FORMAT",
        help="format to write, by default by suffix: one of %(choices)s",
    )
    command.add_argument("--dtype", choices=_DTYPES, help="type of the numbers to write")
    command.add_argument(
        "--words", metavar="FILE", help="keep only the words in this file, one on each line"
    )


def _add_info(commands: Any) -> None:
    command = _add_command(
        commands,
        _info,
        "info [OPTION ...] VECTORS",
        "describe a file of word vectors",
        "The file is read as a whole, so that damage shows.",
    )
    _add_vectors(command)


def _add_vectors(command: Any) -> None:
    """Add the file of word vectors and how to read it."""
    command.add_argument("vectors", metavar="VECTORS", help="file of word vectors")
    reading = command.add_argument_group("reading the file")
    reading.add_argument(
        "--format", choices=_FORMATS, default="auto", metavar="FORMAT", help="one of %(choices)s"
    )
    reading.add_argument("--limit", type=int, metavar="N", help="read only the first N words")
    reading.add_argument(
        "--dimension", type=int, metavar="N", help="length of the vectors, where no header says it"
    )
    reading.add_argument(
        "--encoding", type=_encoding, default="utf-8", help="encoding of the words"
    )
    reading.add_argument(
        "--errors",
        choices=("strict", "replace", "ignore", "surrogateescape"),
        default="strict",
        metavar="HOW",
        help="what to do with words that are not valid in it: one of %(choices)s",
    )


def _add_topn(command: Any) -> None:
    command.add_argument(
        "-n", "--topn", type=int, default=10, metavar="N", help="how many to print"
    )


def _train(options: argparse.Namespace) -> None:
    """Run `train`."""
    parameters = {name: getattr(options, name) for name, _, _ in _TRAINING_OPTIONS}
    vectorizer = Word2VecVectorizer(
        **parameters,
        token_pattern=_TOKEN_PATTERN,
        lowercase=options.lowercase,
        verbose=0 if options.quiet else 1,
    )
    # What is wrong with the output should show before hours of training.
    kind = _check_output(options.output, options.format)
    vectorizer._validate_params()
    vectorizer.fit(_documents(options))
    # As a transformer if it can be one: that says most about how the vectors were trained.
    if kind == "safetensors" and options.dtype is None:
        vectorizer.set_params(verbose=0).save(options.output)
    else:
        write_word_vectors(
            vectorizer.word_vectors_,
            options.output,
            format=kind,
            dtype=options.dtype,
            metadata={name: str(value) for name, value in parameters.items()}
            if kind in _WITH_METADATA
            else None,
        )
    if not options.quiet:
        n_words, dimension = vectorizer.word_vectors_.vectors.shape
        _say(
            f"{n_words:,} words of {dimension} dimensions, learned from {vectorizer.n_tokens_:,} "
            f"tokens, are in {options.output}."
        )


def _check_output(path: str, format: str) -> Format:
    """Return the format to write; raise if nothing can be written there."""
    kind = format_to_write(path, format)
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"Cannot write {path}: there is no folder {folder}.")
    if Path(path).is_dir():
        raise IsADirectoryError(f"Cannot write {path}: it is a folder.")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"Cannot write {path}: the folder {folder} is not writable.")
    return kind


def _documents(options: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the corpus, with a progress bar."""
    from tqdm import tqdm

    with tqdm(
        desc="Reading", unit=" lines", unit_scale=True, disable=True if options.quiet else None
    ) as bar:
        for path in options.corpus:
            for line in _lines(path, options.encoding, options.errors):
                bar.update()
                yield line


def _lines(path: str, encoding: str, errors: str) -> Iterator[str]:
    """Yield the lines of a file or of standard input."""
    if path == "-":
        if sys.stdin.isatty():
            _say("Reading text from the terminal; Ctrl-D ends it.")
        # Decoded anew, as the encoding of standard input depends on the terminal.
        standard_input = TextIOWrapper(sys.stdin.buffer, encoding=encoding, errors=errors)
        yield from standard_input
        standard_input.detach()
    else:
        yield from TextFiles(path, encoding=encoding, decode_error=errors)


def _similar(options: argparse.Namespace) -> None:
    """Run `similar`."""
    words = options.words
    if words == ["-"]:
        words = [line.rstrip("\r\n") for line in sys.stdin]
    word_vectors = _read(options)
    answers: Any = word_vectors.most_similar([[word] for word in words], topn=options.topn)
    for word, neighbours in zip(words, answers, strict=True):
        for neighbour, similarity in neighbours:
            _print_columns(*([word] if len(words) > 1 else []), neighbour, f"{similarity:.4f}")


def _analogy(options: argparse.Namespace) -> None:
    """Run `analogy`."""
    word_vectors = _read(options)
    answers: Any = word_vectors.analogy(
        options.a, options.b, options.c, options.topn, method=options.method
    )
    for word, score in answers:
        _print_columns(word, f"{score:.4f}")


def _evaluate(options: argparse.Namespace) -> None:
    """Run `evaluate`."""
    if not options.analogies and not options.pairs:
        options.refuse("there is nothing to evaluate by: pass --analogies or --pairs")
    word_vectors = _read(options)
    shared: dict[str, Any] = {
        "restrict_vocab": options.restrict_vocab or None,
        "case_insensitive": not options.case_sensitive,
    }
    for path in options.analogies:
        analogies = evaluate_word_analogies(word_vectors, path, method=options.method, **shared)
        print(f"{path}\n{analogies}\n")
    if options.pairs:
        _print_columns("pairs", "spearman", "p", "pearson", "p", "coverage")
    for path in options.pairs:
        pairs = evaluate_word_pairs(word_vectors, path, **shared)
        _print_columns(
            path,
            f"{pairs.spearman:.4f}",
            f"{pairs.spearman_pvalue:.2g}",
            f"{pairs.pearson:.4f}",
            f"{pairs.pearson_pvalue:.2g}",
            f"{pairs.n_known} of {pairs.n_pairs}",
        )


def _convert(options: argparse.Namespace) -> None:
    """Run `convert`."""
    kind = _check_output(options.output, options.to)
    words = None
    if options.words:
        words = [line for line in TextFiles(options.words, encoding=options.encoding) if line]
    metadata = _describe(options)[1]
    word_vectors = _read(options, words)
    write_word_vectors(
        word_vectors,
        options.output,
        format=kind,
        dtype=options.dtype,
        errors="surrogateescape" if options.errors == "surrogateescape" else "strict",
        metadata=metadata if kind in _WITH_METADATA else None,
    )
    n_words, dimension = word_vectors.vectors.shape
    _say(f"{n_words:,} words of {dimension} dimensions are in {options.output}.")


def _info(options: argparse.Namespace) -> None:
    """Run `info`."""
    kind, metadata = _describe(options)
    word_vectors = _read(options)
    n_words, dimension = word_vectors.vectors.shape
    counts = word_vectors.counts
    rows = {
        "format": kind,
        "bytes": f"{Path(options.vectors).stat().st_size:,}",
        "words": f"{n_words:,}",
        "dimensions": dimension,
        "type": word_vectors.vectors.dtype,
        "counts": "unknown" if counts is None else f"{counts.sum():,} tokens",
        "first words": " ".join(map(str, word_vectors.words[:8])),
        **metadata,
    }
    for name, value in rows.items():
        _print_columns(name, value)


def _read(options: argparse.Namespace, words: list[str] | None = None) -> WordVectors:
    """Read the word vectors that a command is about."""
    return read_word_vectors(
        options.vectors,
        format=options.format,
        limit=options.limit,
        words=words,
        dimension=options.dimension,
        encoding=options.encoding,
        errors=options.errors,
    )


def _describe(options: argparse.Namespace) -> tuple[Format, dict[str, str]]:
    """Return the format and the metadata of the file that a command is about."""
    if options.format == "auto":
        with Source(options.vectors) as source:
            kind = detect_format(source, options.dimension)
    else:
        kind = check_format(options.format)
    return kind, read_metadata(options.vectors) if kind in _WITH_METADATA else {}


def _print_columns(*columns: object) -> None:
    """Print a line of columns between tabs, whatever characters a word may have."""
    line = "\t".join(map(str, columns))
    encoding = sys.stdout.encoding or "utf-8"
    print(line.encode(encoding, "backslashreplace").decode(encoding))


def _say(message: str) -> None:
    print(message, file=sys.stderr)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    _say(f"skw2v: warning: {message}")


if __name__ == "__main__":
    sys.exit(main())
