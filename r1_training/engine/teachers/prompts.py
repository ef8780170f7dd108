"""The prompts: task, output format, scene description, question (paper, Figures 3, 6-10).

The lengths asked for are those of the filters, so that prompt and filters cannot contradict each
other as they do in the released synthesizer.
"""

from __future__ import annotations

import hashlib

from r1_training.engine.filters import FilterConfig
from r1_training.engine.items import Item

_ROLE = (
    "You are an expert in 3D scene understanding. You are given the description of an indoor scene "
    "and a question about it. Reason step by step from the description alone, then answer."
)
_TASKS = {
    "qa": "Answer the question about the scene.",
    "grounding": "Find the one object that the expression refers to and say which it is.",
    "object_caption": "Describe the object that is asked for: how it looks and where it is.",
    "dense_caption": "Describe the scene and the important objects in it.",
    "dialogue": "Continue the dialogue about the scene.",
    "reasoning": "Answer by combining several clues of the scene.",
    "planning": "Say what to do next, with the objects that are in the scene.",
}


def reasoning_prompt(item: Item, description: str, filters: FilterConfig) -> str:
    """The prompt for `<think>...</think><answer>...</answer>`."""
    words = filters.min_answer_words
    length = f"at least {words} words" if words > 1 else "one short sentence"
    return f"""{_ROLE}

Task: {_TASKS[item.task]}

Output format:
<think>Step 1: ... Step 2: ... (at least {max(2, filters.min_steps - 1)} steps and \
{filters.min_think_words} words) Conclusion: ...</think>
<answer>...</answer>
Begin every step with "Step n:" and the last sentence with "Conclusion:". The conclusion names the \
object that the question is about and states the answer in the very words of <answer>. \
The answer is {length}, in the language of the question. Write nothing outside of the tags.

Scene {item.scene_id}:
{description}

Question: {item.question}
"""


def consistency_prompt(item: Item, thinking: str) -> str:
    """The prompt for answering again from the thinking and the question alone."""
    return f"""Someone has reasoned about an indoor scene. Answer the question from this reasoning \
alone, in the words of its conclusion. Write the answer only: no tags, no explanation.

Reasoning:
{thinking}

Question: {item.question}
"""


def prompt_hash(prompt: str) -> str:
    """SHA-256 of a prompt, hexadecimal."""
    return hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()
