"""Files of a program: in memory, its own, and gone with it."""

import json

import jsonschema
from process import gradcli, records

from gradcli.io.schemas import schema

PROGRAM = b"""import torch
torch.save(torch.ones(2), 'model.pt')
with open('notes.txt', 'w') as file:
    file.write('text')
print(torch.load('model.pt'), open('notes.txt').read())
"""
NOTE = "note: files that a program writes live in memory, as long as it\n"


def test_nothing_reaches_the_disk_and_one_line_says_so(tmp_path):
    done = gradcli("eval", "-", stdin=PROGRAM, cwd=tmp_path, env={"PYTHONPATH": path()})
    assert (done.returncode, done.stdout) == (0, b"tensor([1., 1.]) text\n")
    assert done.stderr.decode() == NOTE
    assert not list(tmp_path.iterdir())


def path():
    from pathlib import Path

    import gradcli as package

    return str(Path(package.__file__).parent.parent)


def test_files_on_the_disk_are_not_there(tmp_path):
    (tmp_path / "there.txt").write_text("secret")
    for call in ("open('there.txt')", f"open({str(tmp_path / 'there.txt')!r})"):
        done = gradcli("eval", "-e", call, cwd=tmp_path, env={"PYTHONPATH": path()})
        assert done.returncode == 5
        assert b"FileNotFoundError: [Errno 2] No such file or directory" in done.stderr
        assert b"secret" not in done.stderr + done.stdout


def test_the_note_as_json():
    done = gradcli("eval", "--errors", "json", "-", stdin=PROGRAM)
    (line,) = map(json.loads, done.stderr.splitlines())
    jsonschema.validate(line, schema("error"))
    assert line["warning"]["message"] in NOTE


def test_every_record_starts_without_files(tmp_path):
    program = tmp_path / "save.grad"
    program.write_text(
        "import torch\n"
        "if x > 1:\n"
        "    torch.save(x.detach(), 'a.pt')\n"
        "y = torch.load('a.pt') * x\n"
        "y\n"
    )
    done = gradcli(
        "grad", "-f", str(program), "--each", "-c", stdin=b'{"x": 2}\n{"x": 1}\n{"x": 3}\n'
    )
    first, second, third = records(done.stdout)
    assert (first["value"], third["value"]) == (4.0, 9.0)
    assert second["error"]["type"] == "FileNotFoundError"
    assert done.stderr.decode().count(NOTE) == 1


def test_what_is_saved_counts_as_memory():
    program = b"""import torch
for number in range(1000):
    torch.save(torch.ones(4_000_000), f'{number}.pt')
"""
    done = gradcli("eval", "--max-memory", "200M", "-", stdin=program)
    assert done.returncode == 6
    assert b"max-memory" in done.stderr


def test_quiet_leaves_out_notices_and_no_errors(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text("import torch\ntorch.save(torch.ones(1), 'a.pt')\n1 / 0\n")
    loud, quiet = (gradcli("eval", *more, str(program)) for more in ((), ("--quiet",)))
    assert b"live in memory" in loud.stderr
    assert b"live in memory" not in quiet.stderr
    assert b"ZeroDivisionError" in quiet.stderr
    program.write_text("import torch\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\n")
    loud, quiet = (gradcli("eval", *more, str(program)) for more in ((), ("--quiet",)))
    assert b"not shown" in loud.stderr
    assert quiet.stderr == b""
