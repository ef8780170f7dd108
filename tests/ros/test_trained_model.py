"""What a full-size run leaves is what the node answers with: adapters, merged and loaded again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from rclpy.parameter import Parameter

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.pretrained import Pretrained, load_pretrained
from r1_model.reasoner import Reasoner
from r1_ros.client import R1Client, RequestFailedError
from r1_ros.nodes.scene_reasoner import SceneReasoner
from r1_ros.reasoning.answering import load_reasoner
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.merging import merged
from r1_training.qwen.model import prepare_for_training
from tests.r1_model.small import scene_tokenizer, seeded, small_config
from tests.ros.background import background, eventually
from tests.ros.scripted import StubMapper, room

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    tokenizer = scene_tokenizer()
    model = seeded(lambda: R1ForConditionalGeneration(small_config(tokenizer)))
    # a head that is tied to random embeddings says one token for ever
    model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight))
    model.config.tie_word_embeddings = False
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def said(load: Callable[..., Any], name: str, model: Path) -> str:
    """The raw text with which a node answers about a room."""
    with background() as spinning:
        overrides = {"model": str(model), "device": "cpu", "max_new_tokens": 12}
        node = SceneReasoner(
            load,
            namespace=name,
            context=spinning.context,
            parameter_overrides=[Parameter(key, value=value) for key, value in overrides.items()],
        )
        spinning.start(StubMapper(room(), namespace=name, context=spinning.context), node)
        eventually(lambda: node.is_active, "the node is active", 60)
        with R1Client(name) as client:
            try:
                return client.ask("Where is the lamp?").raw
            except RequestFailedError as error:  # random weights hardly say what can be read
                return error.result.answer.raw


@pytest.mark.timeout(400)
@pytest.mark.parametrize("quantization", ["none", "int4"])
def test_the_node_answers_as_the_model_that_was_trained(
    base: Path, tmp_path: Path, quantization: str
) -> None:
    if quantization != "none":
        pytest.importorskip("torchao")
    config = FullSizeConfig(
        *("sft", str(tmp_path), str(base), "none", "none"),
        lora_blocks=2,
        quantization=quantization,
    )
    loaded = load_pretrained(base, device="cpu", dtype="float32", quantization=quantization)
    wrapped = prepare_for_training(loaded.model, config)
    torch.manual_seed(2)
    for key, parameter in wrapped.named_parameters():
        if "lora_B" in key:  # as if they had learned something
            parameter.data.normal_(std=0.1)
    loaded.model.config.trained = True
    policy = Pretrained(loaded.model.eval(), loaded.processor, "policy", ())
    wanted = said(lambda _: Reasoner(policy, None, 2), "policy", base)

    final = tmp_path / "final"
    merged(wrapped).save_pretrained(final)
    loaded.processor.tokenizer.save_pretrained(final)
    assert said(load_reasoner, "merged", final) == wanted
    assert said(load_reasoner, "untrained", base) != wanted
