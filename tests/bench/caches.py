"""Caches beside one another: each answers from memory what the origin calls fresh for an hour, and logs every request.
NGINX keeps files, in the page cache; Varnish writes its log by the process that its package has for that."""
import shutil
import tempfile

import contestants as c

CACHED = """[cache.shared]
size = "64MiB"
[[route]]
match = "/{rest...}"
to = "service"
public = true
cache = "shared"
"""


def gateway(contestant, server):
    c.gateway(contestant, server, routes=CACHED)


def haproxy(contestant, server):
    c.haproxy(contestant, server, "http", front="  http-request cache-use stored\n", back="  http-response cache-store stored\n",
              more="cache stored\n  total-max-size 64\n  max-object-size 1000000\n  max-age 3600\n")


def nginx(contestant, server):
    folder = contestant.folder
    c.nginx_http(contestant, server, http=f"  sendfile on; tcp_nopush on;\n  proxy_cache_path {folder}/stored levels=1:2 keys_zone=stored:16m max_size=64m use_temp_path=off;\n",
                 location="proxy_cache stored; proxy_cache_lock on;")


def varnish(contestant, server):
    port, shared = c.free_port(), tempfile.mkdtemp(prefix="tandem-bench-", dir="/dev/shm")
    contestant.at_end.append(lambda: shutil.rmtree(shared, ignore_errors=True))
    contestant.run("varnish.vcl", f"""vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{server}"; }}
""", ["varnishd", "-F", "-j", "none", "-n", shared, "-T", "none", "-a", f"127.0.0.1:{port}", "-f", "CONFIG",
      "-s", "malloc,64m", "-p", "thread_pools=1"], port)
    contestant.processes.append(c.Process(c.PROXY_CORE, ["varnishncsa", "-n", shared, "-w", contestant.folder / "access.log"],
                                          contestant.folder, "varnishncsa"))


def all_of_them():
    return {"gateway": gateway, "HAProxy": haproxy, "NGINX": nginx, "Varnish": varnish}


def stored(run):
    """`run`, of what is stored already: fails if the origin was asked for more than a few of the requests."""
    def checked(port, seconds, folder):
        asked = folder / "server/cached.log"
        before = asked.read_text().count("\n") if asked.exists() else 0
        units, p99 = run(port, seconds, folder)
        misses = asked.read_text().count("\n") - before
        if misses > 100 + units / 1000:
            raise SystemExit(f"scripts/bench: {misses} of {units} requests were not answered from the cache")
        return units, p99
    return checked
