"""The readers on real excerpts and on bad rows."""

import json

import pytest

from r1_model.text.answer import Turn
from r1_training.datasets.cap3d import read_cap3d, read_uids
from r1_training.datasets.errors import BadRowError, FileFormatError, RowError
from r1_training.datasets.multi3drefer import read_multi3drefer
from r1_training.datasets.nr3d import parse_stimulus, read_nr3d_csv
from r1_training.datasets.openeqa import read_openeqa
from r1_training.datasets.rows import SHOWN_PROBLEMS, RowReport
from r1_training.datasets.scanqa import read_scanqa
from r1_training.datasets.scanrefer import read_scanrefer
from r1_training.datasets.scene30k import read_scene30k, read_scene_captions
from r1_training.datasets.sqa3d import question_type, read_sqa3d
from r1_training.datasets.threedllm import parse_turns, read_threedllm
from tests.r1_training import annotation_fixture as fixture


def test_scanqa_excerpt(annotations):
    samples = list(read_scanqa(annotations / "ScanQA_v1.0_val.head.json", "val"))
    assert len(samples) == 40
    first = samples[0]
    assert (first.id, first.scene_id, first.task) == ("val-scene0011-0", "scene0011_00", "qa")
    assert first.question == "What color is the chair in the kitchen?"
    assert first.answers == ("dark brown", "brown")
    assert first.object_ids == tuple(range(4, 14)) and first.object_names == ("chair",) * 10


def test_the_validation_excerpt_gives_nothing_to_train_on(annotations):
    report = RowReport()
    path = annotations / "ScanQA_v1.0_val.head.json"
    assert list(read_scanqa(path, "train", report=report)) == []
    assert report.held_out == 40


def test_sqa3d_excerpt(annotations):
    samples = list(
        read_sqa3d(
            annotations / "v1_balanced_questions_test_scannetv2.head.json",
            annotations / "v1_balanced_sqa_annotations_test_scannetv2.head.json",
            "test",
        )
    )
    assert len(samples) == 30
    first = samples[0]
    assert first.answers == ("piano",) and first.id == "220602000002"
    assert first.situation.startswith("I am standing by the ottoman")
    assert first.details["question_type"] == "what"
    assert first.details["position"] == pytest.approx((0.71102689, -0.03219740, 0))
    assert len(first.details["rotation"]) == 4
    assert {sample.details["question_type"] for sample in samples} > {"what", "can"}


@pytest.mark.parametrize(
    ("kind", "name", "task"),
    [
        ("dialogue", "embodied_dialogue_filtered", "dialogue"),
        ("planning", "embodied_planning_filtered", "planning"),
        ("description", "scene_description", "qa"),
        ("eqa", "embodied_question_answer", "qa"),
    ],
)
def test_threedllm_excerpts(annotations, kind, name, task):
    path = annotations / f"3d_llm_{name}_val.head.json"
    samples = list(read_threedllm(path, "val", kind))
    assert len(samples) == 30 == len({sample.id for sample in samples})
    for sample, row in zip(samples, json.loads(path.read_text()), strict=True):
        assert sample.task == task and sample.answers == tuple(row["answers"])
        assert "###" not in sample.question
        assert all(turn.question and turn.raw for turn in sample.turns)
        # Nothing of the prompt is lost: markers and turns rebuild it.
        rebuilt = "".join(
            f"### human: {turn.question} ### assistant: {turn.raw} " for turn in sample.turns
        )
        rebuilt += f"### human: {sample.question}"
        assert row["question"].removesuffix(" ### assistant:") == rebuilt
    if kind == "dialogue":
        assert max(len(sample.turns) for sample in samples) >= 2


def test_turns():
    assert parse_turns("### human: Hi ### assistant:") == ((), "Hi")
    turns, question = parse_turns(
        "### human: Hi ### assistant: 你好 ### human: lamp? ### assistant:"
    )
    assert turns == (Turn("Hi", "你好"),) and question == "lamp?"


@pytest.mark.parametrize(
    "prompt",
    [
        "no marker",
        "hello ### human: Hi ### assistant:",
        "### assistant: Hi",
        "### human: Hi ### human: there",
        "### human: Hi ### assistant: an answer",
        "### human: ### assistant:",
        "### human: Hi ### assistant: ### human: there? ### assistant:",
    ],
)
def test_broken_turns_are_refused(prompt):
    with pytest.raises(RowError):
        parse_turns(prompt)


@pytest.mark.parametrize(
    ("prompt", "turns", "question"),
    [
        (
            "### human: A ### assistant: B ### assistant: C ### human: D ### assistant:",
            (Turn("A", "B C"),),
            "D",
        ),
        ("### human: A ### assistant: B ### assistant: C ### human: D", (Turn("A", "B C"),), "D"),
        # The assistant is to go on.
        ("### human: A ### assistant: B ### assistant:", (Turn("A", "B"),), "A"),
    ],
)
def test_the_assistant_may_speak_twice(prompt, turns, question):
    """One row of the published dialogues does; LL3DA scores it."""
    assert parse_turns(prompt) == (turns, question)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"object_id": "9" * 5000}, "`object_id` must be an integer, got '999"),
        ({"object_id": "--3"}, "`object_id` must be an integer"),
        ({"object_id": "٣"}, "`object_id` must be an integer"),
        ({"description": "half \ud83d"}, "`description` holds half of a character"),
        ({"token": ["\udc00"]}, "`token` holds half of a character"),
    ],
)
def test_values_that_cannot_be_used_are_bad_rows(tmp_path, change, message):
    row = fixture.scanrefer_row("scene0011_00")
    path = tmp_path / "s.json"
    path.write_text(json.dumps([row, row | change]))
    with pytest.raises(BadRowError, match=message) as error:
        list(read_scanrefer(path, "val"))
    assert len(str(error.value)) < 300
    assert len(list(read_scanrefer(path, "val", on_bad="skip"))) == 1


def test_numbers_of_hundreds_of_digits_are_bad_rows(tmp_path):
    questions, annotations = fixture.write_sqa3d(tmp_path, ["scene0050_00"])
    text = annotations.read_text()
    for number in ("1" * 400, "1e999"):
        annotations.write_text(text.replace('"x": 0.5', f'"x": {number}'))
        with pytest.raises(BadRowError, match="`x` (is too large|must be finite)"):
            list(read_sqa3d(questions, annotations, "test"))


def test_a_header_is_no_object_of_cap3d(tmp_path):
    path = fixture.write_cap3d(tmp_path / "c.csv", [("uid", "caption"), ("a", "x")])
    with pytest.raises(BadRowError, match="c.csv:1: a header, not an object: uid, caption"):
        list(read_cap3d(path, "train", test_uids={"z"}))
    assert len(list(read_cap3d(path, "train", test_uids={"z"}, on_bad="skip"))) == 1


def test_scanrefer_as_grounding_and_as_captions(tmp_path):
    path = fixture.write_json(tmp_path / "s.json", [fixture.scanrefer_row("scene0011_00")])
    (sample,) = read_scanrefer(path, "val")
    assert sample.question == "a brown chair." and sample.object_ids == (3,)
    assert sample.object_names == ("office chair",) and sample.id == "scene0011_00|3|0"
    assert sample.details["token"] == ("a", "brown", "chair", ".")
    (caption,) = read_scanrefer(path, "val", task="object_caption")
    assert caption.answers == ("a brown chair.",) and caption.object_ids == (3,)


def test_nr3d_csv(tmp_path):
    rows = [
        fixture.nr3d_row("scene0011_00", utterance='The can, "left"'),
        fixture.nr3d_row("scene0011_00", others=(7,), tokens="['the', 'red', 'one']"),
    ]
    first, second = read_nr3d_csv(fixture.write_nr3d(tmp_path / "nr3d.csv", rows), "val")
    assert first.object_ids == (9,) and first.question == 'The can, "left"'
    assert first.object_names == ("trash can",)
    assert first.details["view_dependent"] and not first.details["easy"]
    assert first.details["correct_guess"] and not first.details["uses_object_lang"]
    assert second.details["easy"] and not second.details["view_dependent"]
    assert second.details["distractor_ids"] == (7,)


def test_stimuli():
    assert parse_stimulus("scene0525_00-plant-1-9-").objects == 1
    with pytest.raises(RowError, match="says 3 objects and lists 2"):
        parse_stimulus("scene0525_00-plant-3-9-10")
    with pytest.raises(RowError, match="not a stimulus"):
        parse_stimulus("scene0525_00")


def test_nr3d_needs_its_columns(tmp_path):
    path = tmp_path / "nr3d.csv"
    path.write_text("utterance,tokens\nthe can,[]\n")
    with pytest.raises(FileFormatError, match=r"nr3d\.csv:1: columns are missing: assignmentid"):
        list(read_nr3d_csv(path, "val"))


def test_scene30k(tmp_path):
    rows = [
        fixture.scene30k_row("scene0000_00"),
        fixture.scene30k_row("room_7") | {"task": "planning", "question_id": "room_7-3"},
    ]
    first, second = read_scene30k(fixture.write_jsonl(tmp_path / "s.jsonl", rows), "train")
    assert first.answers == ("By the window.",) and first.details["think"] == "Step 1. Look."
    assert first.details["cot"] == rows[0]["cot"] and first.task == "qa"
    assert (second.task, second.id) == ("planning", "room_7-3")


def test_scene_captions(tmp_path):
    value = {
        "scene0000_00": {"captions": ["A room.", "一個房間。"]},
        "scene0001_00": {"captions": []},
    }
    first, second = read_scene_captions(fixture.write_json(tmp_path / "c.json", value), "train")
    assert first.answers == ("A room.", "一個房間。") and second.answers == ()


def test_openeqa_takes_extra_answers(tmp_path):
    row = fixture.openeqa_row("hm3d-v0/000-hm3d-B") | {"extra_answers": ["a cup"]}
    (sample,) = read_openeqa(fixture.write_json(tmp_path / "o.json", [row]))
    assert sample.answers == ("The mug", "a cup")


def test_sqa3d_joins_files_in_different_orders(tmp_path):
    questions, annotations = fixture.write_sqa3d(tmp_path, ["scene0000_00"] * 4)
    value = json.loads(annotations.read_text())
    value["annotations"].reverse()
    fixture.write_json(annotations, value)
    samples = list(read_sqa3d(questions, annotations, "train"))
    assert sorted(sample.id for sample in samples) == [f"22060200000{n}" for n in range(4)]


def test_sqa3d_reports_rows_without_a_partner(tmp_path):
    questions, annotations = fixture.write_sqa3d(tmp_path, ["scene0000_00"] * 3)
    value = json.loads(annotations.read_text())
    value["annotations"][1]["question_id"] = 99
    fixture.write_json(annotations, value)
    report = RowReport()
    assert len(list(read_sqa3d(questions, annotations, "train", on_bad="skip", report=report))) == 2
    reasons = " ".join(problem.reason for problem in report.problems)
    assert report.bad == 2
    assert "question 220602000001 has no annotation" in reasons and "annotation 99" in reasons


BAD = [
    ({"question": ""}, "`question` must be text"),
    ({"scene_id": 5}, "`scene_id` must be text, got 5"),
    ({"answers": "brown"}, "`answers` must be a list of texts"),
    ({"object_ids": [1, "2"]}, "`object_ids` must be a list of integers"),
    ({"scene_id": "scene0999_00"}, "ScanNet has no scene 'scene0999_00'"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_rows_are_fatal_with_file_and_line(tmp_path, change, message):
    rows = [fixture.scanqa_row("scene0000_00"), fixture.scanqa_row("scene0000_00") | change]
    path = fixture.write_json(tmp_path / "q.json", rows)
    line = path.read_text()[: path.read_text().rindex("{")].count("\n") + 1
    with pytest.raises(BadRowError) as error:
        list(read_scanqa(path, "train"))
    assert f"q.json:{line}: " in str(error.value) and message in str(error.value)
    assert error.value.line == line


def test_bad_rows_can_be_skipped_and_are_counted(tmp_path):
    rows = [fixture.scanqa_row("scene0000_00") | change for change, _ in BAD] * 30
    rows += ["not an object", fixture.scanqa_row("scene0000_00")]
    report = RowReport()
    path = fixture.write_json(tmp_path / "q.json", rows)
    assert len(list(read_scanqa(path, "train", on_bad="skip", report=report))) == 1
    assert (report.rows, report.kept, report.bad) == (152, 1, 151)
    assert len(report.problems) == SHOWN_PROBLEMS
    assert report.summary() == "152 rows: 1 kept, 151 bad, 0 held out, 0 of other splits"


def test_broken_jsonl_lines_are_bad_rows(tmp_path):
    good = json.dumps(fixture.scene30k_row("scene0000_00"))
    path = tmp_path / "s.jsonl"
    path.write_text(f'{good}\n\n{{"scene_id": \n{good}\n')
    report = RowReport()
    assert len(list(read_scene30k(path, "train", on_bad="skip", report=report))) == 2
    assert [problem.line for problem in report.problems] == [3]
    path.write_text(json.dumps(fixture.scene30k_row("scene0000_00") | {"cot": "no tags"}))
    with pytest.raises(BadRowError, match=r"s\.jsonl:1: `cot` must be"):
        list(read_scene30k(path, "train"))


def test_multi3drefer_checks_types_against_objects(tmp_path):
    good = fixture.multi3drefer_row("scene0011_00", [], "zt_w_d")
    path = fixture.write_json(tmp_path / "m.json", [good])
    (sample,) = read_multi3drefer(path, "val")
    assert sample.object_ids == () and sample.details["eval_type"] == "zt_w_d"
    bad = fixture.multi3drefer_row("scene0011_00", [4], "zt_w_d")
    with pytest.raises(BadRowError, match="there are 1 objects"):
        list(read_multi3drefer(fixture.write_json(path, [bad]), "val"))


def test_cap3d_rows(tmp_path):
    path = fixture.write_cap3d(tmp_path / "c.csv", [("a", "x"), ("b",), ("c", " ")])
    with pytest.raises(BadRowError, match=r"c\.csv:2: 2 columns expected, got 1"):
        list(read_cap3d(path, "train", test_uids={"z"}))
    report = RowReport()
    assert len(list(read_cap3d(path, "train", test_uids={"z"}, on_bad="skip", report=report))) == 1
    assert report.bad == 2
    uids = tmp_path / "uids.txt"
    uids.write_text("a\nb\n")
    assert read_uids(uids) == {"a", "b"}
    uids.write_text("\n")
    with pytest.raises(FileFormatError, match="names no object"):
        read_uids(uids)


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What is it?", "what"),
        ("  is it?", "is"),
        ("How many?", "how"),
        ("Can I go?", "can"),
        ("Which one?", "which"),
        ("Are there chairs?", "other"),
        ("Island?", "is"),  # the field's rule looks at letters, not words
    ],
)
def test_question_types(question, kind):
    assert question_type(question) == kind


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"none\.json: cannot be opened"):
        list(read_scanqa(tmp_path / "none.json", "val"))
