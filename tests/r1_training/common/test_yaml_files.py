import pytest

from r1_training.common.yaml_files import YamlFileError, read_yaml


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1\na: 2\n", r"x\.yaml:2: the key 'a' comes twice"),
        ("a:\n  b: 1\n  b: 2\n", r"x\.yaml:3: the key 'b' comes twice"),
        ("a: 1\n\tb: 2\n", r"x\.yaml:2: .*cannot start any token"),
        ("a: 1\n---\nb: 2\n", r"x\.yaml:2: expected a single document"),
        ("? [a]\n: 1\n", "unhashable key"),
        ("a: " + "[" * 3000, "nested too deeply"),
        ("a: 2024-13-45\n", "month must be"),
        ("a: " + "1" * 5000, "limit"),
        ("a: b\0", "not allowed"),
        (b"a: caf\xe9\n", "not UTF-8"),
        (b"\xff\xfea\0", "not UTF-8"),
        ("a: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
    ],
)
def test_what_is_no_yaml_is_said_in_one_line(tmp_path, content, message):
    path = tmp_path / "x.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(YamlFileError, match=message) as error:
        read_yaml(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)


def test_what_is_merged_may_be_set_anew(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("\ufeffa: &a {x: 1, y: 2}\nb:\n  <<: *a\n  x: 3\n", encoding="utf-8")
    assert read_yaml(path)["b"] == {"x": 3, "y": 2}
