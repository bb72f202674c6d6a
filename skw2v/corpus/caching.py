"""Encoded corpora that are kept in a folder, so that the same texts are split into words once.

A search fits and scores many models with the same documents. What is kept is found by a hash of the
texts and by all that says how they are split and which words are kept.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sklearn.utils.validation import check_memory

from skw2v.corpus.documents import check_documents, tokenize_documents
from skw2v.corpus.encoding import EncodedCorpus, encode_documents
from skw2v.corpus.splitting import build_analyzer
from skw2v.corpus.vocabulary import Vocabulary


def list_texts(documents: Any) -> list[str] | None:
    """Return documents as a list if all are texts in memory, else None.

    Parameters
    ----------
    documents : iterable
        What a user calls documents.

    Returns
    -------
    texts : list of str or None
        None for what cannot be read twice, or holds anything but texts.

    Examples
    --------
    >>> from skw2v.corpus.caching import list_texts
    >>> list_texts(["a text", "another"])
    ['a text', 'another']
    >>> list_texts(["a text", ["some", "tokens"]]) is None
    True
    """
    if not hasattr(documents, "__len__"):
        return None
    documents = list(check_documents(documents))
    return documents if all(isinstance(document, str) for document in documents) else None


def encode_texts_once(
    texts: list[str], text_options: dict[str, Any], encoding_options: dict[str, Any], memory: Any
) -> tuple[EncodedCorpus, Vocabulary]:
    """Split and encode texts, unless that was done before and kept.

    Parameters
    ----------
    texts : list of str
        The documents.
    text_options : dict
        How `CountVectorizer` splits them.
    encoding_options : dict
        What `encode_documents` is told.
    memory : str or object with the joblib.Memory interface
        The folder that encoded corpora are kept in.

    Returns
    -------
    corpus : EncodedCorpus
        The documents, in memory.
    vocabulary : Vocabulary
        The words.

    Examples
    --------
    >>> import tempfile
    >>> from skw2v.corpus.caching import encode_texts_once
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for _ in range(2):
    ...         corpus, vocabulary = encode_texts_once(["to be"], {}, {"min_count": 1}, folder)
    >>> vocabulary.words
    ['to', 'be']
    """
    encode = check_memory(memory).cache(_encode_texts, ignore=["texts"])
    corpus, vocabulary = encode(texts, _digest(texts), text_options, encoding_options)
    if not corpus.token_ids.flags.writeable:  # a memory map of joblib's
        corpus = EncodedCorpus(corpus.token_ids.copy(), corpus.offsets.copy())
        vocabulary = Vocabulary(vocabulary.index, vocabulary.counts.copy())
    return corpus, vocabulary


def _encode_texts(
    texts: list[str], digest: str, text_options: dict[str, Any], encoding_options: dict[str, Any]
) -> tuple[EncodedCorpus, Vocabulary]:
    """Split and encode texts: what is kept, found by everything but the texts."""
    analyzer = build_analyzer(text_options)
    return encode_documents(tokenize_documents(texts, analyzer), **encoding_options)


def _digest(texts: list[str]) -> str:
    """Return a hash of texts, and of where one ends and the next begins."""
    digest = hashlib.blake2b(digest_size=20)
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return digest.hexdigest()
