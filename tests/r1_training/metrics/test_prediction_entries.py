"""What other models' files say, and what never counts: thoughts, the truth, the wrong key."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from r1_training.cli import app
from r1_training.datasets.errors import FileFormatError, RowError
from r1_training.metrics.errors import PredictionError
from r1_training.metrics.evaluate import evaluate
from r1_training.metrics.inputs import EvaluationInputs
from r1_training.metrics.prediction_entries import parse_prediction, said
from r1_training.metrics.predictions import read_predictions
from tests.r1_training import annotation_fixture as fixture

SCENE = "scene0011_00"
IDS = [f"train-scene0011-{n}" for n in range(3)]
WORDS = ("brown", "red", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("brown", "brown"),
        ("  brown ", "  brown "),  # a text of others stays as it is: EM compares letters
        ("<answer> brown </answer>", "brown"),
        ("<think>red</think><answer>brown</answer>", "brown"),
        ("<think>The chair is red.</think>brown", "brown"),
        ("<think>maybe <answer>red</answer> or</think><answer>brown</answer>", "brown"),
        ("<think>hm</think><answer>brown", "brown"),
        ("<think>red", ""),
        ("<think>maybe <answer>red</answer>", ""),
        ("It is red.</think>\n\nbrown", "brown"),  # the prompt opened the thought
        ("red <answer>red</answer></think><answer>brown</answer>", "brown"),
        ("<THINK>red</THINK> <Answer>brown</Answer>", "brown"),
        ("<think>a</think><think>b</think>brown", "brown"),
        ("<think></think><answer></answer>", ""),
        ("", ""),
        ("<thinking>red</thinking>brown", "brown"),
        ("< Think >red</ think >brown", "brown"),
        ("half \ud83d of one", "half \ufffd of one"),
    ],
)
def test_thoughts_never_count(text, expected):
    assert said(text) == expected
    assert parse_prediction({"id": "a", "answers": [text]}).answers == (expected,)


def llava(extra=None):
    rows = [{"question_id": i, "prompt": "?", "text": w} for i, w in zip(IDS, WORDS, strict=True)]
    return [row | (extra or {}) for row in rows]


SPELLINGS = {
    "LLaVA-3D": llava({"answer_id": "x", "model_id": "m", "metadata": {}}),
    "LLaVA-3D with the truth": llava({"answer_id": "x", "answer": "brown"}),
    "Video-3D-LLM": [
        {"sample_id": f"scanqa_{i}_0", "pred_response": w, "gt_response": "brown"}
        for i, w in zip(IDS, WORDS, strict=True)
    ],
    "LEO": [
        {
            "source": "scannet",
            "scene_id": SCENE,
            "instruction": f"USER: Which {n}? ASSISTANT:",
            "response_gt": ["brown"],
            "response_pred": word,
        }
        for n, word in enumerate(WORDS)
    ],
    "thoughts": [
        {"id": i, "answer": f"<think>brown</think>{w}"} for i, w in zip(IDS, WORDS, strict=True)
    ],
}


def scanqa(folder, **changes):
    rows = [fixture.scanqa_row(SCENE, n) | {"question": f"Which {n}?"} | changes for n in range(3)]
    return fixture.write_json(folder / "scanqa.json", rows)


def score(tmp_path, path, dataset="scanqa", **options):
    options = {"protocol": "plain", "meteor": False} | options
    return evaluate(EvaluationInputs(dataset, path, **options))


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", ["m.json", "m.jsonl", "lines.json"])
def test_files_of_other_models_are_scored(tmp_path, spelling, name):
    path, rows = tmp_path / name, SPELLINGS[spelling]
    (fixture.write_json if name == "m.json" else fixture.write_jsonl)(path, rows)
    report = score(tmp_path, path, annotations=scanqa(tmp_path))
    assert (report.missing, report.unused) == (0, 0)
    assert report.scores["overall"]["EM@1"] == pytest.approx(100 / 3)


def test_leo_may_repeat_a_question_with_its_answer(tmp_path):
    rows = SPELLINGS["LEO"]
    path = fixture.write_json(tmp_path / "m.json", [*rows, rows[0]])
    assert len(read_predictions(path)) == 3
    fixture.write_json(path, [*rows, rows[0] | {"response_pred": "red"}])
    with pytest.raises(PredictionError, match="comes twice"):
        read_predictions(path)
    fixture.write_json(path, [rows[0] | {"instruction": "Which?"}])
    with pytest.raises(PredictionError, match="`instruction` must be `USER"):
        read_predictions(path)


def test_a_json_list_may_have_the_name_of_jsonl(tmp_path):
    path = fixture.write_json(tmp_path / "m.jsonl", SPELLINGS["LLaVA-3D"])
    assert len(read_predictions(path)) == 3


BAD = [
    ({"id": "a", "prompt": "?", "generated": "x"}, "no answer or `boxes` or `object_id`; it has"),
    ({"id": "a", "generated": "x"}, "it has generated, id"),
    ({"index": 3, "answer": "x"}, "there is none; it has answer, index"),
    ({"id": "a", "answer": None}, "`answer` must be text, got null"),
    ({"id": "a", "pred_response": [0, 1]}, "`pred_response` must be text"),
    ({"id": "a", "answer": "brown", "text": "red"}, "`answer` and `text` say different things"),
    ({"id": "a", "answer": "brown", "answers": ["red"]}, "say different things"),
    ({"id": "a", "boxes": [[]]}, "six numbers"),
    ({"id": "a", "boxes": None}, "`boxes` must be a list, got null"),
    ({"id": "a", "boxes": [[0, 0, 0, 1, 1, 10**400]]}, "holds a number that is too large"),
    ({"id": "a", "boxes": [[0, 0, 0, 1, 1, 1e300]]}, "must lie within 1e\\+06 m"),
    ({"id": "a", "boxes": [[0, 0, 0, 1, 1, 1]], "scores": None}, "`scores` must be a list"),
    ({"id": "a", "boxes": [], "labels": None}, "`labels` must be a list of texts, got null"),
    ({"id": "half \ud83d", "answer": "x"}, "`id` holds half of a character"),
    (None, "must be an object, got null"),
    (3, "must be an object, got a number"),
]


@pytest.mark.parametrize(("entry", "message"), BAD)
def test_broken_entries_say_what_they_have(entry, message):
    with pytest.raises(RowError, match=message):
        parse_prediction(entry)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"results": [{"id": "a", "answer": "x"}]}, "give the list alone"),
        ({"scene0011_00": [{"box": [], "text": "x"}]}, "its entry 0 has box, text"),
        ({"scene0011_00": [{"caption": "x", "box": []}]}, "8 corners of 3"),
        ({"s": [{"caption": "x", "box": [[0, 0, 0]] * 8, "obj_prob": [1]}]}, "must be two numbers"),
        ({"s": [3]}, "its entry 0 has 3"),
    ],
)
def test_objects_by_name_are_named(tmp_path, value, message):
    path = fixture.write_json(tmp_path / "p.json", value)
    with pytest.raises(PredictionError, match=message) as error:
        read_predictions(path)
    assert str(path) in str(error.value) and "Error(" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x1f\x8b\x08\x00rest", "gunzip"),
        (b"PK\x03\x04rest", "unzip"),
        ("[]".encode("utf-16"), "UTF-16"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\x80\x04\x95", "pickle"),
        (b"\xff[]", "not UTF-8|UTF-16"),
        (b'[{"id": "a", "object_id": ' + b"1" * 5000 + b"}]", "more than 4,300 digits"),
        (b"", "it is empty"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
@pytest.mark.parametrize("name", ["p.json", "p.jsonl"])
def test_what_is_no_json_is_named(tmp_path, content, message, name):
    path = tmp_path / name
    path.write_bytes(content)
    if content == b"" and name == "p.jsonl":
        assert read_predictions(path) == {}
        return
    with pytest.raises((FileFormatError, PredictionError), match=message) as error:
        read_predictions(path)
    assert str(path) in str(error.value)


def test_a_file_without_the_key_of_its_data_set_is_an_error(tmp_path):
    path = fixture.write_jsonl(tmp_path / "p.jsonl", [{"id": IDS[0], "boxes": []}])
    with pytest.raises(PredictionError, match=r"p\.jsonl:1: no answer; it has boxes, id"):
        score(tmp_path, path, annotations=scanqa(tmp_path))
    path = fixture.write_json(tmp_path / "p.json", {f"{SCENE}|3|0": "the chair"})
    rows = fixture.write_json(tmp_path / "s.json", [fixture.scanrefer_row(SCENE)])
    with pytest.raises(PredictionError, match=r"no `boxes`; it has answer, id"):
        score(tmp_path, path, "scanrefer", annotations=rows, scannet=tmp_path)
    box = {"scene_id": SCENE, "object_id": "3", "ann_id": "0", "bbox": [[0, 0, 0]] * 8}
    path = fixture.write_json(tmp_path / "r.json", [box])
    with pytest.raises(PredictionError, match=r"r\.json:2: no answer; it has ann_id, bbox"):
        score(tmp_path, path, annotations=scanqa(tmp_path))
    path = fixture.write_jsonl(tmp_path / "d.jsonl", [{"id": SCENE, "boxes": []}])
    with pytest.raises(PredictionError, match="no `labels`"):
        score(tmp_path, path, "detection", scannet=tmp_path)


@pytest.mark.parametrize("protocol", ["plain", "ptb", "leo"])
def test_what_is_missing_is_never_right(tmp_path, protocol):
    annotations = scanqa(tmp_path, answers=["", "..."])
    rows = json.loads(annotations.read_text())
    rows[0]["answers"] = ["brown", ""]
    fixture.write_json(annotations, rows)
    for predictions in ([], [{"id": IDS[0], "answers": []}], {IDS[1]: []}):
        path = fixture.write_json(tmp_path / "p.json", predictions)
        report = score(
            tmp_path, path, annotations=annotations, on_missing="empty", protocol=protocol
        )
        assert {n: v for n, v in report.scores["overall"].items() if v > 1e-9} == {}
    # An empty answer that was given is another thing.
    path = fixture.write_json(tmp_path / "p.json", [{"id": i, "answer": ""} for i in IDS])
    report = score(tmp_path, path, annotations=annotations, protocol="plain")
    assert report.scores["overall"]["EM@1"] == 100


def test_half_characters_are_scored(tmp_path):
    rows = [{"id": i, "answer": "brown \ud83d"} for i in IDS]
    path = tmp_path / "p.json"
    path.write_text(json.dumps(rows))
    for protocol in ("ptb", "plain", "leo"):
        report = score(tmp_path, path, annotations=scanqa(tmp_path), protocol=protocol, meteor=True)
        assert report.scores["overall"]["BLEU-1"] > 10


def test_references_without_a_word_are_named(tmp_path):
    path = fixture.write_json(tmp_path / "p.json", [{"id": i, "answer": "x"} for i in IDS])
    arguments = ["evaluate", str(path), "--dataset", "scanqa", "--annotations"]
    arguments.append(str(scanqa(tmp_path, answers=["...", "!"])))
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2 and "no reference holds a word (protocol ptb)" in result.output


@pytest.mark.parametrize("split", ["val", "test"])
def test_public_test_files_have_no_answers(tmp_path, split):
    annotations = scanqa(tmp_path)
    rows = json.loads(annotations.read_text())
    for row in rows:
        del row["answers"], row["object_ids"], row["object_names"]
    fixture.write_json(annotations, rows)
    path = fixture.write_json(tmp_path / "p.json", [{"id": i, "answer": "x"} for i in IDS])
    arguments = ["evaluate", str(path), "--dataset", "scanqa", "--split", split]
    result = CliRunner().invoke(app, [*arguments, "--annotations", str(annotations)])
    assert result.exit_code == 2 and "in public" in result.output, result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nms": -1.0}, "--nms must be an IoU"),
        ({"nms": np.nan}, "--nms must be an IoU"),
        ({"nms": 1.5}, "--nms must be an IoU"),
        ({"min_score": np.nan}, "--min-score must be"),
        ({"min_score": np.inf}, "--min-score must be"),
    ],
)
def test_thresholds_that_are_none_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        EvaluationInputs("detection", tmp_path / "p.json", scannet=tmp_path, **options)
    with pytest.raises(ValueError, match="are for detection"):
        EvaluationInputs("scanqa", tmp_path / "p.json", annotations=tmp_path, nms=0.25)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"answer": "brown", "prediction": "red"}, "`answer` and `prediction` are there"),
        ({"answers": ["brown"], "response": "red"}, "`answers` and `response` are there"),
        ({"answer": "brown", "pred_answer": ["red"]}, "which one is the prediction"),
        ({"boxes": [[0] * 6, [0, 0, 0, 1, 1, -1]]}, r"box 1 must be .*not negative: \[0, 0, 0, 1"),
        ({"boxes": [[0] * 7]}, r"box 0 must be six numbers.*got \[0, 0"),
        ({"boxes": [[True] * 6]}, r"box 0 must be six numbers.*got \[True"),
        ({"boxes": [0] * 6}, "box 0 must be six numbers.*got 0"),
        ({"boxes": [[[0] * 6]]}, "box 0 must be six numbers"),
        ({"scene_id": SCENE, "ann_id": 0, "bbox": [[0] * 3] * 8}, "`object_id` must be text"),
    ],
)
def test_entries_that_could_be_read_wrongly_are_named(entry, message):
    with pytest.raises(RowError, match=message):
        parse_prediction({"id": "a"} | entry)


def test_a_truth_of_another_name_is_no_prediction():
    entry = {"id": "a", "answer": "red", "gt_response": "brown", "outputs": 3, "model": "m"}
    assert parse_prediction(entry).answers == ("red",)


def test_objects_by_id_are_entries(tmp_path):
    path = fixture.write_json(
        tmp_path / "p.json",
        {"a": {"answer": "brown"}, "b": [[0, 0, 0, 1, 1, 1]], "c": {"id": "c", "answer": "red"}}
        | {"d": [0, 0, 0, 1, 1, 1]},
    )
    found = read_predictions(path)
    assert found["a"].answers == ("brown",) and found["b"].boxes.shape == (1, 6)
    assert (found["d"].boxes == found["b"].boxes).all()
    fixture.write_json(path, {"a": {"id": "b", "answer": "brown"}})
    with pytest.raises(PredictionError, match="'a' holds another `id`: 'b'"):
        read_predictions(path)
    fixture.write_json(path, {"id": "a", "answer": "brown"})  # of several lines: no `{id: text}`
    with pytest.raises(PredictionError, match="`id` is the key of an entry"):
        read_predictions(path)


@pytest.mark.parametrize("name", ["[/b]", "[nan]"])
def test_brackets_of_files_are_shown_as_they_are(tmp_path, name):
    path = fixture.write_json(tmp_path / "p[1].json", [{"id": name, "answer": "x"}] * 2)
    annotations = fixture.write_json(
        tmp_path / "a.json", [fixture.scanqa_row(SCENE) | {"question_id": name}]
    )
    command = ["evaluate", str(path), "--dataset", "scanqa", "--annotations", str(annotations)]
    command += ["--protocol", "plain", "--no-meteor", "--checkpoint", "[/i] of"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2 and f"'{name}' comes twice" in result.output
    fixture.write_json(path, [{"id": name, "answer": "x"}])
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0 and "[/i] of" in result.output
