"""BLEU, METEOR, ROUGE-L and CIDEr as the field computes them, with pycocoevalcap.

Three protocols, which give different numbers for the same texts:

- `ptb` (official ScanQA): the PTB tokenizer lower-cases and drops punctuation on both sides.
- `plain` (LL3DA's evaluation of ScanQA, 3D-LLM, Scan2Cap, on which 3D-R1 is built): texts are
  split at spaces as they are.
- `leo` (LEO's of ScanQA and SQA3D): both sides are cleaned first (`exact_match.clean_answer`), then
  split at spaces.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal, get_args

from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.meteor.meteor import Meteor
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

from r1_training.metrics.errors import GroundTruthError, JavaMissingError, TextProgramError
from r1_training.metrics.measures.exact_match import clean_answer

Protocol = Literal["ptb", "plain", "leo"]
PROTOCOLS = get_args(Protocol)
# What Java takes for the end of a line; each would shift all later texts by one.
_LINE_ENDS = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


def text_scores(
    references: Mapping[str, Sequence[str]],
    candidates: Mapping[str, str],
    *,
    protocol: Protocol,
    meteor: bool = True,
) -> dict[str, float]:
    """Corpus scores in percent: BLEU-1..4, METEOR, ROUGE-L, CIDEr.

    Args:
        references: one or more texts by id.
        candidates: one text by id, for the same ids; may be empty texts.
        protocol: how texts become words.
        meteor: METEOR needs Java; False leaves it out.

    Raises:
        JavaMissingError: Java is needed and missing.
        TextProgramError: a Java program fails, at texts of thousands of words.
        GroundTruthError: an id without references, no ids at all, or no word in any reference.
    """
    if references.keys() != candidates.keys():
        raise ValueError("references and candidates must have the same ids")
    without = [key for key, texts in references.items() if not texts]
    if without or not references:
        raise GroundTruthError(f"{len(without) or 'all'} samples have no reference: {without[:3]}")
    if protocol not in PROTOCOLS:
        raise ValueError(f"protocol must be one of {', '.join(PROTOCOLS)}, got {protocol!r}")
    if meteor or protocol == "ptb":
        require_java()
    gts, res = _TOKENIZE[protocol](references, candidates)
    if not any(text.split() for words in gts.values() for text in words):
        raise GroundTruthError(f"no reference holds a word (protocol {protocol}): nothing to score")
    scores = {}
    for order, value in enumerate(Bleu(4).compute_score(gts, res, verbose=0)[0], 1):
        scores[f"BLEU-{order}"] = value
    if meteor:
        scores["METEOR"] = _meteor(gts, res)
    scores["ROUGE-L"] = Rouge().compute_score(gts, res)[0]
    scores["CIDEr"] = Cider().compute_score(gts, res)[0]
    return {name: 100 * float(value) for name, value in scores.items()}


def collapse_spaces(text: str) -> str:
    """Runs of spaces become one, as LL3DA does it to predictions but not to references."""
    return " ".join(filter(None, text.split(" ")))


def require_java() -> None:
    """Raises `JavaMissingError` where there is no Java."""
    if shutil.which("java") is None:
        raise JavaMissingError(
            "METEOR and the PTB tokenizer need Java, which is not installed "
            "(Debian and Ubuntu: apt install default-jre-headless). Without it, --no-meteor "
            "together with --protocol plain scores BLEU, ROUGE-L and CIDEr."
        )


def _tokenize_plain(
    references: Mapping[str, Sequence[str]], candidates: Mapping[str, str]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    return (
        {key: list(texts) for key, texts in references.items()},
        {key: [text] for key, text in candidates.items()},
    )


def _tokenize_ptb(
    references: Mapping[str, Sequence[str]], candidates: Mapping[str, str]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    flat = [text for texts in references.values() for text in texts]
    flat += [candidates[key] for key in references]
    words = iter(ptb_tokenize(flat))
    gts = {key: [next(words) for _ in texts] for key, texts in references.items()}
    return gts, {key: [next(words)] for key in references}


def _tokenize_leo(
    references: Mapping[str, Sequence[str]], candidates: Mapping[str, str]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    return (
        {key: [clean_answer(text) for text in texts] for key, texts in references.items()},
        {key: [clean_answer(text)] for key, text in candidates.items()},
    )


_TOKENIZE = {"ptb": _tokenize_ptb, "plain": _tokenize_plain, "leo": _tokenize_leo}


def ptb_tokenize(texts: Sequence[str]) -> list[str]:
    """Words of each text, joined by spaces: lower case, without punctuation."""
    single_lines = [_LINE_ENDS.sub(" ", text) for text in texts]
    # The tokenizer swallows blank lines at the end, so blanks are kept from it.
    asked = {str(n): [{"caption": text}] for n, text in enumerate(single_lines) if text.strip()}
    words = PTBTokenizer().tokenize(asked) if asked else {}
    if words.keys() != asked.keys():
        raise TextProgramError(f"the PTB tokenizer returned {len(words)} of {len(asked)} texts")
    return [words[str(n)][0] if str(n) in words else "" for n in range(len(texts))]


def _meteor(gts: Mapping[str, list[str]], res: Mapping[str, list[str]]) -> float:
    # Its protocol is one line a text, with ||| between fields.
    def line(text: str) -> str:
        return _LINE_ENDS.sub(" ", text).replace("|||", "")

    references = {key: [line(text) for text in texts] for key, texts in gts.items()}
    candidates = {key: [line(text) for text in texts] for key, texts in res.items()}
    try:
        return float(_meteor_process().compute_score(references, candidates)[0])
    except (BrokenPipeError, ValueError) as error:
        # It keeps its lock when it fails, and would wait for it for ever when it is deleted.
        _meteor_process().lock.release()
        _meteor_process.cache_clear()
        longest = max((text for texts in candidates.values() for text in texts), key=len)
        raise TextProgramError(
            f"METEOR's Java program failed: {error}. The longest text has {len(longest.split())} "
            f"words: {longest!r:.60}; --no-meteor scores the rest"
        ) from error


@cache
def _meteor_process() -> Meteor:
    """METEOR's Java program; it takes seconds to load its tables, so one serves all calls."""
    return Meteor()
