"""`gateway explain` tells somebody who debugs a 404 which route a request takes and why every other does not."""
import json

from tandem import run, section

CONFIG = (section("[[listener]]", name="front", listen="127.0.0.1:8080") + section("[defaults]", public=True)
          + section("[upstream.users]", servers=["127.0.0.1:9001", "127.0.0.1:9002"])
          + section("[upstream.next]", servers=["127.0.0.1:9003"], host="next.internal"))


def route(match, **keys):
    return section("[[route]]", match=match, **keys)


ROUTES = (route("GET api.example.com/users/{id:uint}", name="user", to="users /v1/users?id={id}", mirror="next")
          + route("POST api.example.com/users/me", to="users")
          + route("api.example.com/users/{name}", when={"header": {"V": "2"}}, to="next")
          + route("GET *.example.com/go/{rest...}", redirect={"to": "https://{host}/new/{rest}", "status": 301})
          + route("other.example.com/users/{id}", to=[{"upstream": "users", "weight": 3}, {"upstream": "next"}]))


def explain(tmp_path, *arguments, routes=ROUTES):
    (tmp_path / "gateway.toml").write_text(CONFIG + routes)
    return run("gateway", "explain", "-c", "gateway.toml", *arguments, folder=tmp_path)


def explained(tmp_path, *arguments, status=0, routes=ROUTES):
    done = explain(tmp_path, *arguments, "--json", routes=routes)
    assert done.returncode == status and not done.stderr, done.stderr
    return json.loads(done.stdout)


def test_the_route_and_what_its_service_is_asked(tmp_path):
    found = explained(tmp_path, "GET", "http://API.example.com:8080/x/../users/%37?b=1")
    assert (found["host"], found["path"], found["route"]["name"]) == ("api.example.com", "/users/7", "user")
    assert found["route"]["params"] == {"id": "7"} and found["route"]["filters"] == ["mirror"]
    assert found["targets"] == [{"upstream": "users", "weight": 1, "request_line": "GET /v1/users?id=7&b=1 HTTP/1.1",
                                 "host": "API.example.com:8080"}]
    assert found["mirror"]["request_line"] == "GET /v1/users?id=7&b=1 HTTP/1.1"
    assert found["mirror"]["host"] == "next.internal"
    assert {rival["match"]: (rival["kept_by"], rival["why"]) for rival in found["rivals"]} == {
        "POST api.example.com/users/me": ("path", 'segment 2 is "7", not "me"'),
        "api.example.com/users/{name}": ("when", 'header V is not "2"'),
        "GET *.example.com/go/{rest...}": ("path", 'segment 1 is "users", not "go"'),
        "other.example.com/users/{id}": ("host", "is for host other.example.com")}


def test_a_header_decides_and_the_less_specific_say_why(tmp_path):
    found = explained(tmp_path, "GET", "/users/bob", "-H", "Host: api.example.com", "-H", "V: 2")
    assert found["route"]["match"] == "api.example.com/users/{name}"
    answer = explained(tmp_path, "GET", "/users/bob", "-H", "Host: api.example.com", "-H", "V: 2", "-H", "v: 2", status=1)
    assert answer["answer"]["reason"] == "repeated_field"
    both = route("/a/{x}", name="any", to="users") + route("/a/{x:uint}", to="users") + route("/b", to="next")
    done = explain(tmp_path, "GET", "http://h/a/1", routes=both)
    assert "less specific: in segment 2 {x} is less specific than {x:uint}" in done.stdout


def test_what_the_gateway_answers_itself(tmp_path):
    found = explained(tmp_path, "GET", "https://api.example.com/go/a/b")
    assert found["answer"] == {"status": 301, "location": "https://api.example.com/new/a/b"}
    refused = explained(tmp_path, "PUT", "http://api.example.com/users/7", status=1)
    assert (refused["answer"]["status"], refused["answer"]["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert explained(tmp_path, "GET", "http://api.example.com/", status=1)["answer"]["reason"] == "no_route"
    for target in ("/users/%2e%2e/%2e%2e/x", "/users/a%2fb", "/users/a\\b"):
        refused = explained(tmp_path, "GET", f"http://api.example.com{target}", status=1)
        assert (refused["answer"]["status"], refused["answer"]["reason"]) == (400, "bad_request")


def test_for_a_person_the_nearest_routes_come_first(tmp_path):
    many = "".join(route(f"GET /things/{n}", to="users" if n % 2 else "next") for n in range(30))
    done = explain(tmp_path, "GET", "http://x/thing/3", routes=many)
    assert done.returncode == 1 and "404 Not Found (no_route: no route matches)" in done.stdout
    assert 'path: segment 1 is "thing", not "things"' in done.stdout and "and 18 more; --all shows them" in done.stdout
    assert explain(tmp_path, "GET", "http://x/thing/3", "--all", routes=many).stdout.count("segment 1") == 30
    assert explain(tmp_path, "GET", "http://x/things/3\x1b[31m", routes=many).stdout.count("\x1b") == 0


def test_a_question_without_sense_and_a_wrong_file(tmp_path):
    for arguments in (["GET"], ["GET", "foo"], ["GET", "/", "-H", "no colon"], ["GET", "/", "--nonsense"]):
        done = explain(tmp_path, *arguments)
        assert done.returncode == 2 and done.stderr.startswith("gateway: ") and not done.stdout
    done = explain(tmp_path, "GET", "/", routes=route("GET /x/{", to="users"))
    assert done.returncode == 2 and "gateway.toml:" in done.stderr


def test_options_preflights_and_redirects_to_https_as_a_request_would_meet_them(tmp_path):
    found = explained(tmp_path, "OPTIONS", "http://api.example.com/users/7")
    assert found["answer"]["status"] == 204 and "GET" in found["answer"]["allow"]
    routes = route("POST /x", name="write", to="users", cors={"origins": ["https://shop.example.com"]}) + ROUTES
    done = explain(tmp_path, "OPTIONS", "http://h/x", "-H", "Origin: https://shop.example.com",
                   "-H", "Access-Control-Request-Method: POST", "--json", routes=routes)
    found = json.loads(done.stdout)
    assert found["route"]["name"] == "write" and found["answer"]["status"] == 204 and not found["targets"]
    assert found["route"]["filters"] == ["cors", "answer_errors"]
    plain = section("[[listener]]", name="plain", listen="127.0.0.1:8081", redirect_to_https=8443)
    found = json.loads(explain(tmp_path, "GET", "http://h:8081/a?b=1", "--json", routes=plain + ROUTES).stdout)
    assert found["answer"] == {"status": 308, "location": "https://h:8443/a?b=1"}


def test_the_plan_of_an_aggregate(tmp_path):
    routes = (route("GET /home/{id}", name="home") +
              '[[route.part]]\nname = "orders"\nget = "users /orders?user={user.id}&x={id}"\nput = "orders"\nfallback = []\n'
              '[[route.part]]\nname = "user"\nget = "users /users/{id}"\nrequired = true\n'
              '[[route.part]]\nname = "product"\neach = "orders[].pid"\nget = "next /products/{each}"\nput = "orders[].product"\ntimeout = "1s"\n'
              '[[route.part]]\nname = "stock"\neach = "orders[].pid"\nget = "next /stock?of={user.shop}&ids={each:,}"\nby = "id"\nput = "orders[].stock"\n')
    found = explained(tmp_path, "GET", "http://h/home/7", routes=routes)
    assert found["targets"] == [] and [part["name"] for part in found["parts"]] == ["orders", "user", "product", "stock"]
    orders, user, product, stock = found["parts"]
    assert orders == {"name": "orders", "upstream": "users", "request_line": "GET /orders?user={user.id}&x=7 HTTP/1.1",
                      "after": ["user"], "place": "put at orders", "more": ["has a fallback"]}
    assert user["after"] == [] and user["place"] == "merged at the root" and user["more"] == ["required"]
    assert product["each"] == "a call for each distinct orders[].pid, 8 at a time, at most 100" and product["more"] == ["timeout 1s"]
    assert stock["after"] == ["orders", "user"] and stock["request_line"] == "GET /stock?of={user.shop}&ids={each:,} HTTP/1.1"
    text = explain(tmp_path, "GET", "http://h/home/7", routes=routes).stdout
    assert "part      product: after orders\n            a call for each distinct orders[].pid" in text
