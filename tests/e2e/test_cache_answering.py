"""RFC 9111 §4.1, §4.2, rule by rule, with the section in the name: the built gateway between a client and a service whose
answers are scripted. What is stale is so from the beginning (Age), so that nothing has to be waited for."""
import pytest

from cached import date, is_hit, result, says, STALE, stored

# ---- 4 Constructing Responses from Caches

def test_4_the_whole_target_is_the_key(shop):
    resource = shop.resource(lambda request: says("max-age=60", body=request.target.encode()))
    for query in ["", "?", "?a=1", "?a=2", "?b=1&a=1", "?a=1&b=1"]:
        assert resource.get(query=query).body == (resource.path + query).encode()
        assert is_hit(resource.get(query=query))
    assert resource.count == 6


def test_4_hosts_have_their_own(shop):
    resource = shop.resource(lambda request: says("max-age=60", body=request.header("Host").encode()))
    for host in ["a.example", "b.example", "a.example:8080", "A.Example"]:
        assert shop.ask(resource.path, host=host).body.lower() == host.lower().encode()
    assert is_hit(shop.ask(resource.path, host="a.example"))


def test_4_spellings_of_one_path_are_one(shop):
    resource = shop.resource(says("max-age=60"))
    resource.get()
    for spelling in [resource.path.replace("/r/", "//r/./"), "/x/.." + resource.path, resource.path.replace("r", "%72")]:
        assert is_hit(shop.ask(spelling)), spelling


def test_4_unsafe_requests_are_written_through(shop):
    resource = shop.resource(says("max-age=60"))
    resource.get()
    assert not is_hit(resource.get(method="POST", body=b"x")) and resource.requests[-1].body == b"x"


def test_4_get_with_a_body_is_nobodys_answer(shop):
    resource = shop.resource(lambda request: says("max-age=60", body=request.body or b"plain"))
    assert resource.get(body=b"poison").body == b"poison"
    assert resource.get().body == b"plain"
    assert resource.get(body=b"other").body == b"other"


def test_4_a_stored_answer_has_age(shop):
    resource = shop.resource(says("max-age=60", headers="Age: 7\r\n"))
    resource.get()
    assert 7 <= int(resource.get().header("Age")) < 40


def test_4_head_is_answered_from_get(shop):
    resource = shop.resource(says("max-age=60"))
    resource.get()
    answer = resource.get(method="HEAD")
    assert (answer.status, answer.header("Content-Length"), answer.body, resource.count) == (200, "5", b"", 1)
    assert is_hit(answer)


def test_4_head_stores_nothing(shop):
    resource = shop.resource(says("max-age=60", body=b""), says("max-age=60"))
    assert not is_hit(resource.get(method="HEAD"))
    assert resource.get().body == b"hello"


def language(request):
    name = request.header("Accept-Language") or "none"
    return says("max-age=60", body=name.encode(), headers="Vary: Accept-Language\r\n")


def test_4_1_vary_keeps_variants_apart(shop):
    resource = shop.resource(language)
    for name in ["de", "en", None, "de, en;q=0.5"]:
        headers = f"Accept-Language: {name}\r\n" if name else ""
        assert resource.get(headers).body == (name or "none").encode()
        answer = resource.get(headers)
        assert is_hit(answer) and answer.body == (name or "none").encode()
    assert resource.count == 4
    assert is_hit(resource.get("Accept-Language: de,en;q=0.5\r\n"))


@pytest.mark.parametrize("vary", ["*", "Accept, *", "Accept\r\nVary: *", "not a name", ", ".join(f"X-{i}" for i in range(9))])
def test_4_1_what_varies_by_everything_is_never_used_again(shop, vary):
    assert not stored(shop.resource(says("max-age=60", headers=f"Vary: {vary}\r\n")))


def test_4_1_a_field_that_is_absent_is_not_an_empty_one(shop):
    resource = shop.resource(says("max-age=60", headers="Vary: X-A\r\n"))
    resource.get()
    assert not is_hit(resource.get("X-A: \r\n")) and resource.count == 2


def test_4_1_lines_of_one_field_count_together(shop):
    resource = shop.resource(says("max-age=60", headers="Vary: X-A\r\nVary: X-B\r\n"))
    resource.get("X-A: 1\r\nX-B: 2\r\n")
    assert is_hit(resource.get("X-B: 2\r\nX-A: 1\r\n"))
    assert not is_hit(resource.get("X-A: 1\r\n"))
    assert not is_hit(resource.get("X-A: 1\r\nX-A: 2\r\nX-B: 2\r\n"))


# ---- 4.2 Freshness

@pytest.mark.parametrize("control, headers, fresh", [
    ("s-maxage=60, max-age=0", "", True),
    ("s-maxage=0, max-age=60", "", False),
    ("max-age=60", "Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n", True),
    ("max-age=0", f"Expires: {date(600)}\r\n", False),
    ("", f"Expires: {date(600)}\r\n", True),
    ("", "Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n", False),
    ("", "Expires: 0\r\n", False),
    ("", f"Expires: {date(600)}\r\nExpires: {date(900)}\r\n", False),
    ("", f"Expires: {date(-60)}\r\nDate: {date(-600)}\r\n", False),  # fresh for 540 s, and 600 s old
    ("max-age=1, max-age=600", "Age: 60\r\n", False),  # the strictest of them
    ("MAX-AGE=60", "", True),
    ('max-age="60"', "", True),
    ("max-age=60 , foo=bar", "", True),
    ("max-age=abc", "", False),
    ("max-age=-1", "", False),
    ("max-age=1.5", "", False),
    ("max-age=99999999999999999999", "", True),
    ('foo="max-age=60"', "", False),
    ("max-age=60", "Age: 61\r\n", False),
    ("max-age=60", "Age: -61\r\n", True),
    ("max-age=60", "Age: junk\r\n", True),
    ("max-age=60", "Age: 99999999999999999999\r\n", False),
    ("max-age=60", f"Date: {date(-120)}\r\n", False),  # apparent age
    ("max-age=60", f"Date: {date(3600)}\r\n", True),   # clocks differ
])
def test_4_2_1_freshness(shop, control, headers, fresh):
    assert stored(shop.resource(says(control, headers=headers))) == fresh


def test_4_2_2_a_tenth_of_the_time_since_the_last_change_is_the_guess(shop):
    resource = shop.resource(says(headers=f"Last-Modified: {date(-36000)}\r\n"))
    resource.get()
    answer = resource.get()
    assert is_hit(answer) and 3500 < int(result(answer)[1]["ttl"]) <= 3600


def test_4_2_2_and_never_more_than_a_day(shop):
    resource = shop.resource(says(headers="Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
    resource.get()
    assert 86000 < int(result(resource.get())[1]["ttl"]) <= 86400


def test_4_2_2_nobody_guesses_for_answers_to_cookies(shop):
    resource = shop.resource(says(headers="Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
    assert not stored(resource, "Cookie: session=1\r\n")


def test_4_2_2_nor_where_freshness_is_explicit(shop):
    assert not stored(shop.resource(says("max-age=0", headers="Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n")))


def test_4_2_3_age_is_that_of_the_caches_before(shop):
    resource = shop.resource(says("max-age=600", headers=f"Age: 30\r\nDate: {date(-100)}\r\n"))
    resource.get()
    assert 100 <= int(resource.get().header("Age")) < 160


@pytest.mark.parametrize("control", ["max-age=10", "max-age=10, must-revalidate, stale-if-error=99999999", "max-age=10, proxy-revalidate",
                                     "s-maxage=10", "no-cache"])
def test_4_2_4_what_is_stale_is_not_used_when_the_service_fails(shop, control):
    resource = shop.resource(says(control, headers='ETag: "a"\r\n' + STALE), says("", status=503, reason="No", body=b"down"))
    resource.get()
    assert resource.get().status == 503
