from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import r1_model
from r1_training.metrics.errors import EvaluationInputError
from r1_training.rewards.semantic import semantic_reward, words
from r1_training.rewards.text_embeddings import TextEmbeddings, load_text_embeddings
from tests.r1_training.rewards.nasty import ALL

TRUTH = "The sofa is red."
COLOURS = "red orange yellow green blue purple pink brown black white grey beige"


@pytest.fixture(scope="module")
def own() -> TextEmbeddings:
    """The project's own CLIP, as it ships."""
    return load_text_embeddings(str(Path(r1_model.__file__).parent / "weights" / "r1-tiny"))


def reward(embeddings: TextEmbeddings, answer: str, reference: str = TRUTH) -> float:
    return semantic_reward(answer, reference, *embeddings.cosines([answer], [reference]))


def test_the_reference_itself_is_worth_one(own):
    for text in (TRUTH, "沙發是紅色的。", "The lamp is on. The lamp is on."):
        assert reward(own, text, text) == pytest.approx(1, abs=1e-5)


def test_what_means_the_same_is_worth_more_than_what_does_not(own):
    assert reward(own, "It is a red sofa.") > reward(own, "There are two doors.")


@pytest.mark.parametrize("name", ALL)
def test_any_text_is_judged(own, name):
    assert 0 <= reward(own, ALL[name]) <= 1 + 1e-6


@pytest.mark.parametrize("text", ["", "  ", "...", "🟥", "\x00"])
def test_what_says_nothing_is_worth_nothing(own, text):
    assert reward(own, text) == 0


@pytest.mark.parametrize(
    "hack",
    [
        pytest.param(COLOURS, id="every colour"),
        pytest.param("The sofa is " + COLOURS.replace(" ", " or ") + ".", id="every colour, said"),
        pytest.param("red " * 40, id="one word, repeated"),
        pytest.param(TRUTH * 8, id="the truth, repeated"),
        pytest.param(TRUTH + " And so on and on." * 20, id="the truth, padded"),
        pytest.param("<think></think><answer></answer>", id="tags alone"),
        pytest.param("sofa is what which how many colour where " * 3, id="words of questions"),
    ],
)
def test_no_trick_beats_an_honest_mediocre_answer(own, hack):
    mediocre = reward(own, "It is orange.")
    assert reward(own, hack) < mediocre


def test_over_77_tokens(own):
    long = " ".join(f"The {color} cup number {n}." for n in range(9) for color in ("red", "blue"))
    assert reward(own, long, long) == pytest.approx(1, abs=1e-5)
    assert reward(own, long, TRUTH) < 0.1


def test_words_of_several_scripts():
    assert words("It's 2 紅色 sofas") == ["it", "s", "2", "紅", "色", "sofas"]


text = st.text(max_size=60)


@given(text, text, st.floats(-1, 1) | st.just(float("nan")))
def test_the_guard_only_takes_away(answer, reference, cosine):
    value = semantic_reward(answer, reference, cosine)
    assert 0 <= value <= max(0.0, 0.0 if cosine != cosine else cosine)


@given(text, text)
@settings(deadline=None, max_examples=30)
def test_cosines_are_symmetric(own, first, second):
    [one], [other] = own.cosines([first], [second]), own.cosines([second], [first])
    assert one == pytest.approx(other, abs=1e-5) and -1.00001 <= one <= 1.00001


def test_every_text_is_embedded_once():
    asked: list[str] = []

    def encode(texts) -> torch.Tensor:
        asked.extend(texts)
        return torch.tensor([[float(len(text)), 1.0] for text in texts])

    embeddings = TextEmbeddings(encode)
    assert embeddings.cosines(["a", "a", ""], ["bb", "a", "a"])[1:] == pytest.approx([1, 0])
    embeddings.cosines(["a"], ["bb"])
    assert sorted(asked) == ["a", "bb"]


def test_an_open_clip_model_by_name_and_path(tmp_path):
    import open_clip
    from safetensors.torch import save_file

    name = "ViT-S-32-alt"
    torch.manual_seed(0)
    model = open_clip.create_model(name)
    save_file(model.state_dict(), tmp_path / "clip.safetensors")
    embeddings = load_text_embeddings(f"{name}:{tmp_path / 'clip.safetensors'}")
    assert embeddings.cosines(["a chair " * 100], ["a chair " * 100]) == pytest.approx([1.0])


@pytest.mark.parametrize("source", ["/nowhere", "ViT-B-32", "ViT-B-32:no-such-tag", "Nix:openai"])
def test_an_unknown_model_is_named(source):
    with pytest.raises(EvaluationInputError, match=source.split(":")[0]):
        load_text_embeddings(source)
