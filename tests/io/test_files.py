"""Inputs from files, and results written whole or not at all."""

import io
import os
import random
import zipfile

import numpy as np
import pytest

from gradcli.io.arrays import write_arrays
from gradcli.io.errors import DataError
from gradcli.io.files import replacing
from gradcli.io.formats import input_format
from gradcli.io.readers import record
from gradcli.io.source import opened
from gradcli.io.stream import batches
from gradcli.tensor.runtime import LimitExceeded


def read_record(name):
    with opened(name) as source:
        return record(source, input_format(name, None))


def test_json_npy_npz_csv(tmp_path):
    (tmp_path / "in.json").write_text('{"x": [1, 2], "y": 3}')
    assert read_record(str(tmp_path / "in.json")) == {"x": [1, 2], "y": 3}
    (tmp_path / "w.json").write_text("[1, 2]")
    assert read_record(str(tmp_path / "w.json")) == {"w": [1, 2]}
    np.save(tmp_path / "a.npy", np.arange(3, dtype=">f4"))
    a = read_record(str(tmp_path / "a.npy"))["a"]
    assert a.dtype == np.float32
    assert a.tolist() == [0, 1, 2]
    np.savez(tmp_path / "b.npz", x=np.ones(2), y=np.array(3, np.uint16))
    b = read_record(str(tmp_path / "b.npz"))
    assert list(b) == ["x", "y"]
    assert b["y"].dtype == np.int64
    (tmp_path / "t.csv").write_text('x,"y",name\r\n1,2.5,a\r\n3,nan,"b,c"\r\n')
    table = read_record(str(tmp_path / "t.csv"))
    assert table["x"].tolist() == [1.0, 3.0]
    assert np.isnan(table["y"][1])
    assert table["name"] == ["a", "b,c"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npy", b"junk", "is not a .npy file"),
        ("a.npz", b"junk", "is not a .npz file"),
        ("a.npy", b"", "is not a .npy file"),
        ("a.txt", b"1", "extension"),
        ("a.ndjson", b"{}", "a record a line"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"x,y\n1\n", "1 fields where the header has 2"),
        ("a.csv", b"x,x\n1,2\n", "two columns are named x"),
        ("a.csv", b"x\n\0\n", "NUL"),
        ("a.csv", b"x\n\xff\n", "not UTF-8"),
        ("a.json", b"{", "name in double quotes"),
    ],
)
def test_bad_files(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_record(str(tmp_path / name))


def test_pickles_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    np.savez(tmp_path / "b.npz", x=np.array([{}], object))
    for name in ("a.npy", "b.npz"):
        with pytest.raises(DataError):
            read_record(str(tmp_path / name))


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.json"
    path.write_text("old")
    os.chmod(path, 0o640)
    with pytest.raises(RuntimeError), replacing(str(path)) as file:
        file.write(b"half")
        raise RuntimeError("stop")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.json"]
    with replacing(str(path)) as file:
        file.write(b"new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["out.json"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    with replacing(str(tmp_path / "link.json")) as file:
        file.write(b"new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "new"


def test_arrays(tmp_path):
    with open(tmp_path / "a.npy", "wb") as file:
        write_arrays(file, {"x": np.arange(3)}, "npy")
    assert np.load(tmp_path / "a.npy").tolist() == [0, 1, 2]
    with open(tmp_path / "a.npz", "wb") as file:
        write_arrays(file, {"x": np.arange(3), "y": np.float32(1)}, "npz")
    with np.load(tmp_path / "a.npz") as archive:
        assert sorted(archive.files) == ["x", "y"]
    with pytest.raises(DataError, match="holds one array"), replacing(str(tmp_path / "b")) as file:
        write_arrays(file, {"x": np.arange(3), "y": np.float32(1)}, "npy")
    assert not (tmp_path / "b").exists()


def reads(*chunks):
    waiting = [*chunks, b""]
    return lambda descriptor, size: waiting.pop(0)


def test_lines_are_given_as_they_come():
    got = list(batches(0, read=reads(b"a\nb", b"c\n", b"d", b"e", b"f\n\ng")))
    assert got == [b"a", b"bc", b"def\n", b"g"]
    assert list(batches(0, read=reads())) == []
    got = list(batches(0, separated=True, read=reads(b"\x1e{}\n\x1e{", b"}\n")))
    assert got == [b"\x1e{}\n", b"{}\n"]


def packed(method):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, array in (("x", np.arange(30.0)), ("y", np.ones((2, 3)))):
            archive.writestr(f"{name}.npy", saved(array))
    return file.getvalue()


def saved(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


HEADERS = (
    "(" + "1, " * 80 + ")",
    "(-1,)",
    "(0, -1)",
    "(True, 'a')",
    "(9**9,)",
    "((((",
    "(99999999999999999999,)",
    "None",
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((f"a{method}.npz", packed(method)) for method in (0, 8, 12, 14)),
        ("a.npy", saved(np.ones((2, 3)))),
        *(
            (f"h{at}.npy", saved(np.ones(1)).replace(b"(1,), }", f"{text}, }}".encode()))
            for at, text in enumerate(HEADERS)
        ),
    ],
)
def test_damage_is_told_as_what_it_is(tmp_path, name, content):
    draw = random.Random(name)
    path = tmp_path / name
    for _ in range(150):
        data = bytearray(content)
        for _ in range(draw.choice((0, 1, 2, 6))):
            data[draw.randrange(len(data))] = draw.randrange(256)
        path.write_bytes(data[: draw.choice((len(data), draw.randrange(len(data))))])
        try:
            read_record(str(path))
        except (DataError, LimitExceeded) as error:
            assert name in str(error) or isinstance(error, LimitExceeded)
