"""One answer out of three, beside the same three requests made one by one: what the joining costs the gateway, and what it
saves. One unit is all three."""
import contestants as c

PARTS = ["a", "b", "c"]
ROUTES = """[[route]]
match = "GET /part/{name}"
to = "service"
public = true
[[route]]
match = "GET /home"
public = true
""" + "".join(f"""[[route.part]]
name = "{name}"
get = "service /part/{name}"
put = "{name}"
""" for name in PARTS)
LUA = "local n = 0\nrequest = function()\n  n = n % 3 + 1\n  return wrk.format('GET', '/part/' .. ({'a', 'b', 'c'})[n])\nend\n"
ONE_BY_ONE = set()  # ports


def joined(contestant, server):
    c.gateway(contestant, server, routes=ROUTES)


def one_by_one(contestant, server):
    c.gateway(contestant, server, routes=ROUTES)
    ONE_BY_ONE.add(contestant.port)


def all_of_them():
    return {"three requests": one_by_one, "one aggregate": joined}


def run(wrk):
    together, apart = wrk("/home", body=15_000), wrk("/", script=LUA, body=5000)

    def both(port, seconds, folder):
        if port not in ONE_BY_ONE:
            return together(port, seconds, folder)
        units, p99 = apart(port, seconds, folder)
        return units / 3, p99
    return both
