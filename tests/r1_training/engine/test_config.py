from __future__ import annotations

from pathlib import Path

import pytest

from r1_training.engine.config import EngineConfig, load_config
from r1_training.engine.errors import EngineConfigError
from r1_training.engine.filters import PAPER, SANE, FilterConfig

CONFIGS = Path(__file__).resolve().parents[3] / "config" / "engine"


def test_shipped_files() -> None:
    gemini = load_config(CONFIGS / "gemini.yaml")
    assert gemini.filters == SANE
    assert gemini.limits.concurrency == 50
    assert load_config(CONFIGS / "paper.yaml").filters == PAPER
    assert load_config(CONFIGS / "rules.yaml").teacher.kind == "rules"


def test_partial_file_and_own_filters(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("filters: {name: mine, min_steps: 2}\nlimits: {budget_usd: 5}\n")
    config = load_config(path)
    assert config.filters == FilterConfig(name="mine", min_steps=2)
    assert config.limits.budget_usd == 5.0
    path.write_text("")
    assert load_config(path) == EngineConfig()


@pytest.mark.parametrize(
    "text, named",
    [
        ("teacher: {kind: gpt}", "gpt"),
        ("teacher: {endpoint: ftp://x}", "ftp"),
        ("teacher: {reasoning: {name: ''}}", "name"),
        ("teacher: {reasoning: {name: no such/model}}", "no such/model"),
        ("teacher: {reasoning: {temperature: 3}}", "temperature"),
        ("teacher: {reasoning: {temperature: warm}}", "warm"),
        ("teacher: {timeout_seconds: 0}", "timeout_seconds"),
        ("teacher: {safety: {rude: block_none}}", "rude"),
        ("teacher: {safety: {hate: maybe}}", "maybe"),
        ("filters: strict", "strict"),
        ("filters: {min_similarity: 1.5}", "min_similarity"),
        ("limits: {concurrency: 0}", "concurrency"),
        ("limits: {concurrency: true}", "concurrency"),
        ("limits: {budget_usd: -1}", "budget_usd"),
        ("limits: {max_attempts: 0}", "max_attempts"),
        ("limits: {first_backoff_seconds: 100}", "first_backoff_seconds"),
        ("limits: 3", "limits"),
        ("limit: {}", "limit"),
        ("{1: 2, limit: {}}", "unknown setting 1"),
        ("api_key: abc", "api_key"),
        ("[1, 2]", "mapping"),
        ("a: b: c", "cannot read"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(EngineConfigError, match=named):
        load_config(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(EngineConfigError, match="nowhere"):
        load_config(tmp_path / "nowhere.yaml")


def test_identity_leaves_out_what_may_change() -> None:
    identity = EngineConfig().identity()
    assert "endpoint" not in identity["teacher"]
    assert identity["filters"]["name"] == "sane"
    assert "limits" not in identity
