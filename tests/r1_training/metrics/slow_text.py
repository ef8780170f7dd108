"""BLEU, ROUGE-L and CIDEr-D written from their definitions, slow and without the library."""

from __future__ import annotations

import math
from collections import Counter


def ngrams(words: list[str], order: int) -> Counter:
    return Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))


def bleu(references: dict, candidates: dict, order: int) -> float:
    """Corpus BLEU with the closest reference length (ties: the shorter).

    The field's code adds 1e-15 above and 1e-9 below against division by zero; on corpora of a few
    words this shows.
    """
    matches, totals = [0] * order, [0] * order
    candidate_length = reference_length = 0
    for key, texts in references.items():
        words = candidates[key].split()
        lengths = [len(text.split()) for text in texts]
        candidate_length += len(words)
        reference_length += min(lengths, key=lambda n: (abs(n - len(words)), n))
        for n in range(1, order + 1):
            counts = ngrams(words, n)
            most = Counter()
            for text in texts:
                most |= ngrams(text.split(), n)
            matches[n - 1] += sum((counts & most).values())
            totals[n - 1] += max(0, len(words) - n + 1)
    precision = math.prod((m + 1e-15) / (t + 1e-9) for m, t in zip(matches, totals, strict=True))
    ratio = (candidate_length + 1e-15) / (reference_length + 1e-9)
    return precision ** (1 / order) * (1 if ratio >= 1 else math.exp(1 - 1 / ratio))


def rouge_l(references: dict, candidates: dict) -> float:
    """Mean F-measure (beta 1.2) of the best precision and the best recall."""
    scores = []
    for key, texts in references.items():
        words = candidates[key].split(" ")
        common = [(_lcs(text.split(" "), words), len(text.split(" "))) for text in texts]
        precision = max(c / len(words) for c, _ in common)
        recall = max(c / n for c, n in common)
        scores.append(
            (1 + 1.44) * precision * recall / (recall + 1.44 * precision)
            if precision and recall
            else 0.0
        )
    return sum(scores) / len(scores)


def cider(references: dict, candidates: dict) -> float:
    """CIDEr-D: clipped cosine of tf-idf vectors with a Gaussian length penalty, times 10."""
    documents = Counter()
    for texts in references.values():
        for n in range(1, 5):
            documents.update({gram for text in texts for gram in ngrams(text.split(), n)})
    log_count = math.log(len(references))
    total = 0.0
    for key, texts in references.items():
        for n in range(1, 5):
            mine = _weights(candidates[key], n, documents, log_count)
            # The length of a text is its number of bigrams in the field's code.
            length = max(0, len(candidates[key].split()) - 1)
            for text in texts:
                theirs = _weights(text, n, documents, log_count)
                delta = length - max(0, len(text.split()) - 1)
                dot = sum(min(w, theirs.get(g, 0)) * theirs.get(g, 0) for g, w in mine.items())
                norm = _norm(mine) * _norm(theirs)
                similarity = dot / norm if norm else dot
                total += similarity * math.exp(-(delta**2) / 72) / len(texts) / 4
    return 10 * total / len(references)


def _weights(text: str, n: int, documents: Counter, log_count: float) -> dict:
    counts = ngrams(text.split(), n)
    return {g: c * (log_count - math.log(max(1, documents[g]))) for g, c in counts.items()}


def _norm(weights: dict) -> float:
    return math.sqrt(sum(w * w for w in weights.values()))


def _lcs(a: list[str], b: list[str]) -> int:
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1][j + 1] = (
                table[i][j] + 1 if x == y else max(table[i][j + 1], table[i + 1][j])
            )
    return table[-1][-1]
