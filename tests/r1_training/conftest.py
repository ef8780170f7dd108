from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from tests.r1_training.tiny_model import save_room_model


@pytest.fixture(scope="session")
def room_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small random model that knows the rooms' names."""
    return save_room_model(tmp_path_factory.mktemp("room-model"))


@pytest.fixture(scope="session")
def room_words(room_model: Path) -> PreTrainedTokenizerBase:
    """Its tokenizer."""
    return AutoTokenizer.from_pretrained(room_model)
