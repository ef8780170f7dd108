import json
from pathlib import Path

import pytest

from r1_training.common.config import TrainingConfig
from r1_training.reproduce.stage import Limits, train_while_it_gains

RUN = {"steps": 9, "distinct": 1, "workers": 0}


@pytest.fixture
def trained(monkeypatch):
    """The steps of each training; a model is the file that says how many."""
    done = []

    def train(source, run, resume, callbacks):
        final = Path(run.output) / "final"
        final.mkdir(parents=True)
        (final / "steps").write_text(str(run.steps))
        (final.parent / "history.json").write_text(json.dumps([{"step": run.steps}]))
        done.append(run.steps)

    monkeypatch.setattr("r1_training.reproduce.stage.train_sft", train)
    return done


@pytest.mark.parametrize(
    ("scores", "tried", "kept"),
    [
        ({2: 0.5, 4: 0.4, 8: 0.9}, [2, 4], 2),  # what comes after the first fall is not looked at
        ({2: 0.5, 4: 0.5, 8: 0.9}, [2, 4], 2),
        ({2: 0.1, 4: 0.4, 8: 0.3}, [2, 4, 8], 4),
        ({2: 0.1, 4: 0.4, 8: 0.5}, [2, 4, 8], 8),
    ],
)
def test_sft_ends_with_the_first_length_that_gains_nothing(trained, tmp_path, scores, tried, kept):
    run = TrainingConfig(output=str(tmp_path / "sft"), **RUN)

    def score(model):
        return scores[int((model / "steps").read_text())]

    train_while_it_gains(run, tmp_path, [2, 4, 8], score, Limits())
    assert trained == tried
    assert (tmp_path / "sft" / "final" / "steps").read_text() == str(kept)
    assert json.loads((tmp_path / "sft" / "history.json").read_text()) == [{"step": kept}]


def test_lengths_that_were_trained_are_not_trained_again(trained, tmp_path):
    run = TrainingConfig(output=str(tmp_path / "sft"), **RUN)

    def killed(model):
        if model.parent.name == "steps-4":
            raise KeyboardInterrupt
        return 0.1

    with pytest.raises(KeyboardInterrupt):
        train_while_it_gains(run, tmp_path, [2, 4], killed, Limits())
    train_while_it_gains(run, tmp_path, [2, 4], lambda model: len(model.parent.name), Limits())
    assert trained == [2, 4] and (tmp_path / "sft" / "final" / "steps").read_text() == "2"
