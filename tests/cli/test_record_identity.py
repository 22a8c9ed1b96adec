"""Records keep their identity: copied fields, inputs from other fields, points of a grid, lines."""

import json

import numpy as np
import pytest
from process import gradcli, ndjson, ok, records

ROWS = [
    {"id": 7, "site": "A", "x": 1.0, "y": 2.0},
    {"id": 12345678901234567890, "site": 'b "c"', "x": 2.0, "y": 2.0},
    {"id": None, "site": {"at": [1, 2.5, "z"]}, "x": 3.0, "y": 2.0},
    {"id": -0.0, "x": 4.0, "y": 2.0},
    {"id": [True], "site": "\u00e9\n", "x": 5.0, "y": 2.0},
]


@pytest.mark.parametrize("repeat", [1, 300])
def test_fields_of_any_kind_stand_in_front(repeat):
    found = records(ok("grad", "x*y", "--each", "--copy", "id,site", stdin=ndjson(ROWS * repeat)))
    for row, result in zip(ROWS * repeat, found, strict=True):
        assert list(result) == ["id", "site", "value", "grads"]
        assert result["id"] == row["id"]
        assert result["site"] == row.get("site")
        assert result["value"] == row["x"] * 2
    everything = records(ok("grad", "x*y", "--each", "--copy", "all", stdin=ndjson(ROWS)))
    assert [{k: r[k] for k in row} for r, row in zip(everything, ROWS, strict=True)] == ROWS


def test_copies_are_the_same_whatever_way_a_record_goes():
    together = ok("grad", "x*y", "--each", "--copy", "id,s=site", stdin=ndjson(ROWS * 20))
    alone = "".join(
        ok("grad", "x*y", "--each", "--copy", "id,s=site", stdin=ndjson([row])) for row in ROWS
    )
    assert together == alone * 20


def test_a_failed_record_keeps_its_identity():
    rows = [{"id": 1, "x": 1}, {"id": 2}, {"id": 3, "x": "?"}]
    found = records(gradcli("grad", "x", "--each", "--copy", "id", stdin=ndjson(rows)).stdout)
    assert [result["id"] for result in found] == [1, 2, 3]
    assert ["error" in result for result in found] == [False, True, True]
    assert list(found[1]) == ["id", "error"]


@pytest.mark.parametrize(
    ("command", "key"), [(("eval", "-e", "x*2"), "value"), (("jacobian", "x*2"), "jacobian")]
)
def test_other_commands_copy_too(command, key):
    (found,) = records(ok(*command, "--each", "--copy", "id", stdin=b'{"id":"q","x":1}\n'))
    assert next(iter(found)) == "id"
    assert key in found


@pytest.mark.parametrize(
    ("words", "said", "help"),
    [
        (["--each", "--copy", "value"], "results have a key of this name", "--copy NAME=value"),
        (["--each", "--copy", "a=x,a=y"], "two fields are called `a`", ""),
        (["--each", "--copy", ".x"], "copied under a name", "--copy site=.place.site"),
        (["--each", "--copy", "a=.x[y]"], "is no path", "as in jq"),
        (["--copy", "id", "--set", "x=1", "-n"], "fields of records", "--each"),
        (["--each", "--map", "x=.a | .b"], "is no path", "jq itself"),
        (["--each", "--from", "points.csv"], "names a format", "--input points.csv"),
        (["--each", "--to", "out.csv"], "names a format", "-o out.csv"),
        (["--each", "--to", "npy"], "more than one array", "--to npz"),
        (["--each", "--to", "csv", "--seq"], "goes with JSON", ""),
    ],
)
def test_mistakes(words, said, help):
    done = gradcli("grad", "x", *words, stdin=b'{"x":1}\n')
    assert done.returncode == 2
    assert done.stdout == b""
    message = done.stderr.decode()
    assert said in message
    assert help in message


def test_a_field_named_as_a_key_of_results_is_not_copied_with_all():
    done = gradcli("grad", "x", "--each", "--copy", "all", stdin=b'{"value":1,"x":1}\n')
    assert "--copy my_value=value" in records(done.stdout)[0]["error"]["help"]
    assert done.returncode == 2


def test_text_of_a_table_is_copied_as_text(tmp_path):
    (tmp_path / "t.csv").write_text('id,x\n007,1\n"a,b",2\n 8 ,x\n')
    done = gradcli("grad", "x", "--each", "--copy", "id,x", "--input", str(tmp_path / "t.csv"))
    assert [r["id"] for r in records(done.stdout)] == ["007", "a,b", " 8 "]
    assert [r["x"] for r in records(done.stdout)] == ["1", "2", "x"]
    done = gradcli("grad", "x", "--each", "--copy", "idd", "--input", str(tmp_path / "t.csv"))
    assert (done.returncode, "did you mean `id`?" in done.stderr.decode()) == (2, True)


def test_inputs_from_columns_and_paths(tmp_path):
    row = {"Length (m)": 3, "pos": {"x": 2, "b c": [5, {"z": [7, 8]}]}}
    words = ("--map", "l=Length (m)", "--map", "x=.pos.x", "--map", 'z=.pos."b c"[-1].z[0]')
    found = records(ok("grad", "l*x*z", "--each", *words, stdin=ndjson([row] * 5)))
    assert found == [{"value": 42.0, "grads": {"l": 14.0, "x": 21.0, "z": 6.0}}] * 5
    (tmp_path / "t.csv").write_text("Length (m),w\n1,2\n3,4\n")
    table = ("--input", str(tmp_path / "t.csv"), "--map", "l=Length (m)")
    assert [r["value"] for r in records(ok("grad", "l*w", "--each", *table))] == [2.0, 12.0]
    assert json.loads(ok("grad", "(l*w).sum()", *table))["grads"]["w"] == [1.0, 3.0]
    np.savez(tmp_path / "a.npz", v=np.arange(8.0).reshape(4, 2))
    arrays = ("--input", str(tmp_path / "a.npz"), "--map", "first=.v[0]")
    assert [r["value"] for r in records(ok("grad", "first", "--each", *arrays))] == [0, 2, 4, 6]


def test_a_path_that_leads_nowhere_is_a_bad_record():
    rows = [{"a": {"x": 1}}, {"a": {}}, {"a": {"x": 3}}, {"b": 1}]
    done = gradcli("grad", "x", "--each", "--map", "x=.a.x", stdin=ndjson(rows))
    found = records(done.stdout)
    assert [r.get("value") for r in found] == [1.0, None, 3.0, None]
    assert found[1]["error"]["message"] == "there is no field `.a.x`"
    assert (found[3]["error"]["line"], done.returncode) == (4, 2)


@pytest.mark.parametrize(
    ("data", "name", "help"),
    [
        (b'{"pos":{"x":1}}', "x", "--map x=.pos.x"),
        (b'{"a b":[{"c":{"x":1}}]}', "x", '--map x=."a b"[0].c.x'),
        (b'{"data":[{"x":1},{"x":2}]}', "x", "jq -c '.data[]'"),
        (b"1 2", "x", "jq -c '{x: .}'"),
        (b"[[1,2],[3,4]]", "x", "jq -c '.[] | {x: .[0], y: .[1]}'"),
    ],
)
def test_the_cure_is_named(data, name, help):
    found = records(gradcli("grad", name, "--each", stdin=data).stdout)
    assert help in found[0]["error"]["help"]


def test_a_point_of_a_grid_stands_in_front():
    words = ("--set", "x=linspace(-1, 1, 3)", "--set", "y=[1, 2]")
    found = records(ok("grad", "x*y", "--grid", *words))
    points = [(x, y) for x in (-1.0, 0.0, 1.0) for y in (1.0, 2.0)]
    assert [(r["at"]["x"], r["at"]["y"]) for r in found] == points
    assert [r["value"] for r in found] == [x * y for x, y in points]
    assert list(found[0]) == ["at", "value", "grads"]
    failed = records(gradcli("grad", "torch.inverse(x*eye(2)).sum()", "--grid", *words[:2]).stdout)
    assert [list(r) for r in failed] == [["at", "value", "grads"], ["at", "error"], [*found[0]]]
    single = records(ok("grad", "x", "--grid", "--dtype", "float32", "--set", "x=[0.1]"))
    assert single[0]["at"] == {"x": 0.1}


def test_values_of_any_layout_are_records():
    text = '{\n "x": 1\n}{"x":2}\n[{"x":3},\n{"x":4}]\n'
    done = gradcli("grad", "x", "--each", stdin=text.encode())
    assert [r["value"] for r in records(done.stdout)] == [1.0, 2.0, 3.0, 4.0]
    listed = json.dumps([{"x": k} for k in range(9)], indent=2)
    done = gradcli("grad", "x", "--each", stdin=listed.replace("7", '"?"').encode())
    found = records(done.stdout)
    assert [r.get("value") for r in found] == [0, 1, 2, 3, 4, 5, 6, None, 8]
    assert found[7]["error"]["line"] == 23
    assert ok("grad", "x.sum()", "-sc", stdin=text.encode()).startswith('{"value":10.0')


def test_shared_parts_are_set_once():
    words = ("--set", "w=[1, 2]", "--copy", "id")
    found = records(ok("grad", "(x*w).sum()", "--each", *words, stdin=b'{"id":1,"x":3}\n' * 5))
    assert found == [{"id": 1, "value": 9.0, "grads": {"x": 3.0, "w": [3.0, 3.0]}}] * 5
