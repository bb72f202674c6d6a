"""From documents to integers: the only part of the package that sees text.

The way is one-directional. `files` reads texts that do not fit in memory, `splitting` says what a
word of a text is, `documents` turns whatever a user calls documents into a stream of token
sequences, `encoding` turns that stream into one flat array of token ids in a single pass, and
`vocabulary` says which id stands for which word. `partitions` does the same for a corpus in parts,
and `caching` spares doing it twice. Everything that trains reads the arrays alone; pooling reads
how often which words occur, from `counting`.
"""

from __future__ import annotations

from skw2v.corpus.counting import (
    count_encoded_in_batches,
    count_encoded_tokens,
    count_tokens,
    count_tokens_in_batches,
)
from skw2v.corpus.documents import check_documents, tokenize_documents
from skw2v.corpus.encoding import (
    EncodedCorpus,
    MoreDocuments,
    encode_documents,
    encode_more_documents,
    select_documents,
)
from skw2v.corpus.files import TextFiles
from skw2v.corpus.splitting import build_analyzer
from skw2v.corpus.vocabulary import Vocabulary

__all__ = [
    "EncodedCorpus",
    "MoreDocuments",
    "TextFiles",
    "Vocabulary",
    "build_analyzer",
    "check_documents",
    "count_encoded_in_batches",
    "count_encoded_tokens",
    "count_tokens",
    "count_tokens_in_batches",
    "encode_documents",
    "encode_more_documents",
    "select_documents",
    "tokenize_documents",
]
