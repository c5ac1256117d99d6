"""Every file in configs/ is valid, and what README.md shows is what the files say."""
import re
import subprocess
import tomllib

import pytest

from certificates import Authority
from issuer import Keys, public_pem
from tandem import BIN, ROOT, run

KEYS = Keys()
CONFIGS = sorted((ROOT / "configs").glob("*.toml"))


def program_of(path):
    return next((name for name in ("lb", "gateway") if path.name.split(".")[0].split("-")[0] == name), None)


RUN_ALONE = [path for path in CONFIGS if program_of(path)]


@pytest.mark.parametrize("path", RUN_ALONE, ids=lambda path: path.name)
def test_the_file_is_valid_and_without_warnings(path):
    ended = run(program_of(path), "check", "-c", path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(rf"{re.escape(str(path))}: OK \(\d+ listeners?, \d+ upstreams?.*\)\n", ended.stdout)


def test_every_other_file_is_named_by_one_that_runs_or_by_what_that_includes():
    read = {path.name: tomllib.loads(path.read_text()) for path in CONFIGS}
    named, left = set(), [path.name for path in RUN_ALONE]
    while left:
        told = read[left.pop()]
        consumers = (provider.get("consumers", {}) for provider in told.get("auth", {}).values())
        new = {*told.get("include", []), *(one["file"] for one in consumers if "file" in one)} - named
        named |= new
        left += new
    assert {path.name for path in CONFIGS if not program_of(path)} <= named


def test_the_readme_shows_the_files_as_they_are():
    def bare(text):
        return [line.split(" #")[0].rstrip() for line in text.splitlines() if line.strip() and not line.startswith("#")]

    shown = re.findall(r"`(configs/[\w-]+-minimal\.toml)`:\n\n```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert {name for name, _ in shown} == {"configs/lb-minimal.toml", "configs/gateway-minimal.toml"}
    for name, text in shown:
        assert bare(text) == bare((ROOT / name).read_text())


def completed(block, folder):
    """A block of README.md with what it leaves out: files, servers, a listener, a route. Gives (program, file)."""
    text = tomllib.loads(block)
    routes, listeners = text.get("route", []), text.get("listener", [])
    program = "lb" if any("upstream" in one for one in listeners) else "gateway"
    targets = [one["upstream"] if isinstance(one, dict) else one.split()[0]
               for route in routes for to in (route.get("to", []), route.get("mirror", []))
               for one in (to if isinstance(to, list) else [to])]
    targets += [part[method].split()[0] for route in routes for part in route.get("part", []) for method in part
                if method in ("get", "post")]
    for name in sorted({*targets, *(one["upstream"] for one in listeners if "upstream" in one)} - {*text.get("upstream", {})}):
        block += f'[upstream.{name}]\nservers = ["127.0.0.1:1"]\n'
    if not listeners:
        block += '[[listener]]\nlisten = "127.0.0.1:8000"\n'
    if program == "gateway" and not routes:
        block += "".join(f'[[route]]\nmatch = "/{name}"\nto = "{name}"\npublic = true\n' for name in text.get("upstream", {}))
        if "upstream" not in text:
            block += '[[route]]\nmatch = "/"\nrespond = { status = 204 }\npublic = true\n'
    (folder / "jwks.json").write_text(KEYS.jwks())
    (folder / "partner.pem").write_text(public_pem(KEYS.private["RS256"]))
    (folder / "partners.toml").write_text(f'[[consumer]]\nname = "acme"\nkey_hash = "sha256:{"0" * 64}"\n')
    (folder / "staff.htpasswd").write_text("ada:$2y$05$abcdefghijklmnopqrstuuKLMNOPQRSTUVWXYZabcdefghijklmno\n")
    (folder / "staff.htpasswd").chmod(0o600)
    (folder / "redis.password").write_text("secret\n")
    (folder / "redis.password").chmod(0o600)
    if "devices-ca.pem" in block:
        authority = Authority(folder / "ca", "/O=Example/CN=Devices CA")
        for made, name in zip((authority.file, *authority.issue("site")), ("devices-ca.pem", "site.pem", "site.key")):
            made.rename(folder / name)
        (folder / "devices.toml").write_text('[[consumer]]\nname = "robot"\n')
    for name in ("404.html", "404.json", "oops.html"):
        (folder / name).write_text("{status}")
    (folder / "block.toml").write_text(block)
    return program, folder / "block.toml"


README_BLOCKS = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.S)


@pytest.mark.parametrize("block", README_BLOCKS, ids=lambda block: block.split("\n")[0])
def test_what_the_readme_shows_loads_without_a_warning(block, tmp_path, monkeypatch):
    for name in re.findall(r'\{ env = "(\w+)" \}', block):
        monkeypatch.setenv(name, "a secret that is longer than the longest hash, which is sixty-four bytes")
    program, path = completed(block, tmp_path)
    ended = run(program, "check", "-c", path)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_every_key_is_explained_as_the_programs_have_it():
    written = subprocess.run([ROOT / "scripts/keys", BIN], check=True, capture_output=True, text=True).stdout
    assert (ROOT / "configs/keys.md").read_text() == written, "run scripts/keys BIN --write"
