"""Train word vectors: from word ids and counts to the input and output matrices."""
