"""What every end-to-end test is given: programs, origins and services that end with the test, and are checked then."""
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).resolve().parents[1] / "support"
sys.path.insert(0, str(SUPPORT))
pytest.register_assert_rewrite("raw", "origins", "tandem", "tls", "dns", "redis_server")

import cached  # noqa: E402
import certificates  # noqa: E402
import origins  # noqa: E402
import tandem  # noqa: E402


@pytest.fixture(params=["lb", "gateway"])
def program(request):
    """For what both programs do alike: the test runs for each."""
    return request.param


@pytest.fixture
def start(tmp_path):
    """start("lb", config) -> a ready Program; all are stopped at the end and must have ended well."""
    programs = []

    def start(name, config, **more):
        folder = more.pop("folder", None) or tmp_path / f"{name}-{len(programs)}"
        program = tandem.Program(name, config, folder, wait=False, **{k: v for k, v in more.items() if k != "wait"})
        programs.append(program)
        return program.wait_ready() if more.get("wait", True) else program

    yield start
    failures = []
    for program in reversed(programs):
        try:
            program.stop()
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, "\n".join(failures)


@pytest.fixture
def lb(start):
    """lb([origins or addresses], listener={…}, upstream={…}, …) -> a ready lb."""
    def make(servers, **more):
        program = {k: more.pop(k) for k in ("descriptors", "wait", "folder") if k in more}
        return start("lb", tandem.lb_config([getattr(s, "address", s) for s in servers], **more), **program)
    return make


@pytest.fixture
def gateway(start):
    """gateway([origins or addresses], routes="…", …) -> a ready gateway."""
    def make(servers, **more):
        program = {k: more.pop(k) for k in ("descriptors", "wait", "folder", "files") if k in more}
        return start("gateway", tandem.gateway_config([getattr(s, "address", s) for s in servers], **more), **program)
    return make


@pytest.fixture
def keep():
    """keep(origin): closes it at the end."""
    kept = []

    def keep(thing):
        kept.append(thing)
        return thing

    yield keep
    for thing in kept:
        thing.close()


@pytest.fixture
def origin(keep):
    """A service that says "served"."""
    return keep(origins.HttpOrigin(lambda request: origins.response(b"served")).origin)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def site(authority):
    """A listener's certificate and key."""
    return authority.issue("site.example")


@pytest.fixture(scope="module")
def service_identity(authority):
    """A service's certificate and key."""
    return authority.issue("service.internal")


@pytest.fixture
def nginx(tmp_path):
    server = origins.Nginx(tmp_path / "nginx")
    yield server
    server.close()


@pytest.fixture
def service(tmp_path):
    """service("catalog", "catalog-1") -> its port; one of the shop's services in a process of its own."""
    processes = []

    def start(program, name):
        command = ["/usr/bin/python3", tandem.ROOT / f"tests/services/{program}.py", "--port", "0", "--name", name]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return int(process.stdout.readline().rsplit(":", 1)[1])

    yield start
    for process in processes:
        process.terminate()
        process.wait(tandem.DEADLINE)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A gateway with a cache, for all tests of a file: each uses paths of its own."""
    made = cached.Cached(tmp_path_factory.mktemp("gateway"), cache={"size": "16MiB", "max_object": "64KiB"})
    yield made
    made.close()
