"""Bytes from files, pipes and gzip."""

import gzip
import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.io.errors import DataError
from gradcli.io.source import Source, opened
from gradcli.tensor.runtime import LimitExceeded, runtime


def source_of(data, size):
    stream = io.BytesIO(data)
    return Source(-1, "test", lambda descriptor, wanted: stream.read(size))


@given(st.binary(max_size=5000), st.integers(1, 5000), st.booleans())
def test_packed_and_plain_bytes_in_any_pieces(data, size, twice):
    packed = gzip.compress(data) + (gzip.compress(data) + b"\0\0" if twice else b"")
    assert source_of(packed, size).whole() == data * (1 + twice)
    if data[:2] != b"\x1f\x8b":
        assert source_of(data, size).whole() == data


def test_damaged_packed_data_are_refused():
    packed = gzip.compress(b"abc" * 1000)
    for bad in (packed[:-3], packed[:20] + b"junk" + packed[24:]):
        with pytest.raises(DataError, match="gzip"):
            source_of(bad, 100).whole()


def test_unpacking_stays_below_the_limit(monkeypatch):
    monkeypatch.setattr(runtime, "max_bytes", 50 << 20)
    monkeypatch.setattr(runtime, "baseline", 1 << 40)
    bomb = gzip.compress(bytes(200 << 20), 1)
    with pytest.raises(LimitExceeded):
        source_of(bomb, 1 << 20).whole()


def test_what_is_given_back_comes_first(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abcdef")
    with opened(str(path)) as source:
        assert source.read(2) == b"ab"
        source.keep(b"ab")
        assert source.whole() == b"abcdef"
    with opened(str(path)) as source, source.file() as file:
        file.seek(3)
        assert file.read() == b"def"
    os.mkfifo(tmp_path / "pipe")
