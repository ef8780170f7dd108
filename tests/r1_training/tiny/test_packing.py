import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.attention.flex_attention import create_mask

from r1_training.tiny.packing import (
    PREFIX,
    UNUSED,
    Conversation,
    attention_mask,
    block_mask,
    encode_with_slots,
    fill_slots,
    number_table,
    pack,
    visibility,
)
from r1_training.tiny.tokenizer import number_tokens, train_tokenizer

TEXTS = [
    "Where is the red chair?",
    "<think>chair <obj>1, 2, 3, 4, 5, 6</obj></think>",
    "有四把椅子。",
]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS * 10, 900)


@pytest.mark.parametrize(
    "text", ["<think>a <obj>0, 10, 255, 9, 99, 100</obj></think>", "四把 chairs, 12, 13!", "é🙂"]
)
def test_tokenizer_keeps_text(tokenizer, text):
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_a_box_costs_eight_tokens(tokenizer):
    assert len(tokenizer("<obj>12, 0, 255, 7, 88, 100</obj>")["input_ids"]) == 8


def test_numbers_have_tokens_and_another_tokenizer_is_refused(tokenizer):
    with_comma, bare = number_tokens(tokenizer)
    assert tokenizer.decode([with_comma[17], bare[255]]) == "17, 255"
    from tests.r1_model.small import byte_tokenizer

    with pytest.raises(ValueError, match="no token"):
        number_tokens(byte_tokenizer())


def test_filled_slots_read_as_the_text_with_its_numbers(tokenizer):
    encoded = encode_with_slots(tokenizer, "the <obj:7>, then <obj:3>!", {7: 1, 3: 0})
    ids, rows, coordinates = (torch.tensor(column)[None] for column in zip(*encoded, strict=True))
    levels = torch.tensor([[[1, 2, 3, 4, 5, 6], [10, 20, 30, 40, 50, 255]]])
    filled = fill_slots(ids, rows, coordinates, levels, number_table(tokenizer))
    expected = "the <obj>10, 20, 30, 40, 50, 255</obj>, then <obj>1, 2, 3, 4, 5, 6</obj>!"
    assert tokenizer.decode(filled[0]) == expected
    assert filled[0].tolist() == tokenizer(expected)["input_ids"]


def test_unknown_object_is_an_error(tokenizer):
    with pytest.raises(KeyError):
        encode_with_slots(tokenizer, "<obj:9>", {})


def conversation(question, answer, *earlier, required=()):
    rows = {id: id - 1 for id in range(1, 5)}
    return Conversation((*earlier, (question, answer)), rows, required)


def test_only_the_last_answer_is_trained(tokenizer):
    packed = pack(
        tokenizer, [1, 2], [conversation("and it?", "blue", ("which?", "red <obj:1>"))], 80
    )
    trained = tokenizer.decode(packed.input_ids[packed.trained])
    assert trained == "blue<|im_end|>"
    whole = tokenizer.decode(packed.input_ids[packed.segment > PREFIX])
    assert whole.index("which?") < whole.index("red") < whole.index("and it?")


def test_what_does_not_fit_is_left_out_whole(tokenizer):
    long = conversation("where " * 60, "there")
    short = conversation("who?", "me", required=(2, 4))
    packed = pack(tokenizer, [1], [long, short], 40)
    assert set(packed.segment.tolist()) == {PREFIX, 1, UNUSED}
    assert packed.required[0, :2].tolist() == [1, 3] and (packed.required[1:] == -1).all()


def test_positions_start_again_for_every_conversation(tokenizer):
    packed = pack(tokenizer, [1, 2, 3], [conversation("a", "b"), conversation("c", "d")], 60)
    for segment in (1, 2):
        own = packed.position[packed.segment == segment]
        assert own.tolist() == list(range(len(own)))


def test_mask_against_a_loop():
    segment = torch.tensor([[0, 0, 1, 1, 2, 2, -1, -1]])
    mask = attention_mask(segment)[0, 0]
    row = segment[0]
    for i in range(8):
        for j in range(8):
            expected = j <= i and (row[j] == PREFIX or row[j] == row[i])
            assert bool(mask[i, j]) == bool(expected), (i, j)


def test_packed_answers_have_the_loss_of_separate_ones(tokenizer):
    """The point of the mask: packing changes nothing but the time."""
    from r1_model.network.modeling import R1ForConditionalGeneration
    from tests.r1_model.small import scene_tokenizer, small_config

    torch.manual_seed(0)
    config = small_config(scene_tokenizer())
    config.text_config.vocab_size = len(tokenizer)
    model = R1ForConditionalGeneration(config).eval()
    prefix = list(range(20, 30))
    talks = [conversation("who?", "me"), conversation("where is it?", "there, far")]

    def log_probability(packed):
        positions = np.where(packed.segment == PREFIX, np.arange(len(packed.segment)), 0)
        positions += np.where(packed.segment > PREFIX, len(prefix) + packed.position, 0)
        labels = torch.from_numpy(np.where(packed.trained, packed.input_ids, -100))[None].long()
        output = model(
            input_ids=torch.from_numpy(packed.input_ids)[None].long(),
            attention_mask=attention_mask(torch.from_numpy(packed.segment)[None]),
            position_ids=torch.from_numpy(positions).expand(3, 1, -1),
            labels=labels,
        )
        return float(output.loss * (labels != -100).sum())

    together = log_probability(pack(tokenizer, prefix, talks, 90))
    apart = sum(log_probability(pack(tokenizer, prefix, [talk], 90)) for talk in talks)
    assert together == pytest.approx(apart, rel=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 9), st.lists(st.integers(1, 7), max_size=4)),
        min_size=1,
        max_size=3,
    )
)
def test_both_masks_follow_one_rule(rows):
    length = 48
    segment = torch.full((len(rows), length), UNUSED, dtype=torch.int8)
    for row, (prefix, sizes) in enumerate(rows):
        cursor = prefix
        segment[row, :prefix] = PREFIX
        for number, size in enumerate(sizes, 1):
            segment[row, cursor : cursor + size] = number
            cursor += size
    ruled = create_mask(visibility(segment), len(rows), None, length, length, device="cpu")
    assert torch.equal(ruled, attention_mask(segment))
    assert block_mask(segment).shape == (len(rows), 1, length, length)
