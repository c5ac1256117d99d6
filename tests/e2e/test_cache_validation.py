"""RFC 9111 §4.3, §4.4, rule by rule, with the section in the name: the built gateway between a client and a service whose
answers are scripted. What is stale is so from the beginning (Age), so that nothing has to be waited for."""
import pytest

from cached import is_hit, result, says, STALE, validating
from origins import response

def language(request):
    name = request.header("Accept-Language") or "none"
    return says("max-age=60", body=name.encode(), headers="Vary: Accept-Language\r\n")


# ---- 4.3 Validation

def test_4_3_1_what_is_stale_is_validated_by_its_tag_and_its_date(shop):
    changed = "Sun, 06 Nov 1994 08:49:37 GMT"
    resource = shop.resource(validating('"a"', headers=f"Last-Modified: {changed}\r\n"))
    resource.get()
    answer = resource.get()
    assert resource.requests[-1].all("If-None-Match") == ['"a"']
    assert resource.requests[-1].all("If-Modified-Since") == [changed]
    assert (answer.status, answer.body) == (200, b"hello")
    assert result(answer)[1] | {"ttl": ""} == {"fwd": "stale", "fwd-status": "304", "stored": "", "ttl": ""}


def test_4_3_1_the_clients_own_conditions_are_not_the_caches(shop):
    resource = shop.resource(validating('"a"'))
    resource.get()
    answer = resource.get('If-None-Match: "mine"\r\n')
    assert resource.requests[-1].all("If-None-Match") == ['"a"']
    assert (answer.status, answer.body) == (200, b"hello")


@pytest.mark.parametrize("condition, status", [
    ('If-None-Match: "a"', 304), ('If-None-Match: W/"a"', 304), ('If-None-Match: "b", "a"', 304), ("If-None-Match: *", 304),
    ('If-None-Match: "b"', 200), ('If-None-Match: "a,b"', 200), ("If-None-Match: a", 200), ('If-None-Match: "b"\r\nIf-None-Match: "a"', 304),
    ("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", 304), ("If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT", 304),
    ("If-Modified-Since: Sun Nov  6 08:49:37 1994", 304), ("If-Modified-Since: Sat, 05 Nov 1994 08:49:37 GMT", 200),
    ("If-Modified-Since: junk", 200), ('If-None-Match: "b"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT', 200)])
def test_4_3_2_clients_conditions_are_answered_from_the_store(shop, condition, status):
    fields = 'ETag: "a"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nVary: X\r\nContent-Type: text/plain\r\n'
    resource = shop.resource(says("max-age=60", headers=fields))
    resource.get()
    answer = resource.get(condition + "\r\n")
    assert (answer.status, resource.count) == (status, 1) and is_hit(answer)
    assert (answer.header("ETag"), answer.header("Vary"), answer.header("Cache-Control")) == ('"a"', "X", "max-age=60")
    assert answer.header("Date") and answer.header("Age")
    if status == 304:
        assert answer.header("Content-Type") is None and answer.header("Content-Length") is None


@pytest.mark.parametrize("condition", ['If-Match: "a"', "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"])
def test_4_3_2_conditions_for_the_service_go_there(shop, condition):
    resource = shop.resource(says("max-age=60", headers='ETag: "a"\r\n'))
    resource.get()
    assert not is_hit(resource.get(condition + "\r\n")) and resource.count == 2


def test_4_3_2_a_first_request_with_a_condition_fetches_the_whole(shop):
    resource = shop.resource(validating('"a"', stale=False))
    answer = resource.get('If-None-Match: "a"\r\n')
    assert answer.status == 304 and resource.requests[0].all("If-None-Match") == []
    assert is_hit(resource.get())


def test_4_3_3_a_full_answer_replaces_the_stored_one(shop):
    resource = shop.resource(says("max-age=10", headers='ETag: "a"\r\n' + STALE), says("max-age=60", body=b"new", headers='ETag: "b"\r\n'))
    resource.get()
    assert resource.get().body == b"new"
    assert is_hit(resource.get()) and resource.count == 2


def test_4_3_3_an_error_is_passed_on_and_the_stored_one_stays(shop):
    resource = shop.resource(says("max-age=10", headers='ETag: "a"\r\n' + STALE), says("", status=500, body=b"oops", reason="No"),
                             b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nCache-Control: max-age=60\r\n\r\n')
    resource.get()
    assert (resource.get().status, resource.get().body) == (500, b"hello")


def test_4_3_4_a_304_for_another_tag_frees_nothing(shop):
    resource = shop.resource(says("max-age=10", headers='ETag: "a"\r\n' + STALE),
                             b'HTTP/1.1 304 Not Modified\r\nETag: "b"\r\nCache-Control: max-age=60\r\n\r\n',
                             says("max-age=60", body=b"new", headers='ETag: "b"\r\n'))
    resource.get()
    assert resource.get().body == b"new"
    assert resource.requests[-1].all("If-None-Match") == [] and is_hit(resource.get())


def test_4_3_4_a_304_makes_it_fresh_again(shop):
    resource = shop.resource(says("max-age=10", headers='ETag: "a"\r\n' + STALE),
                             b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nCache-Control: max-age=60\r\n\r\n')
    resource.get()
    resource.get()
    answer = resource.get()
    assert is_hit(answer) and int(answer.header("Age")) < 60 and resource.count == 2


def test_4_3_4_a_304_freshens_the_variant_that_was_asked_about(shop):
    def answer(request):
        name = request.header("Accept-Language")
        if request.header("If-None-Match") == f'"{name}"':
            return f'HTTP/1.1 304 Not Modified\r\nETag: "{name}"\r\nVary: Accept-Language\r\nCache-Control: max-age=60\r\n\r\n'.encode()
        return response(name.encode(), headers=f'ETag: "{name}"\r\nVary: Accept-Language\r\nCache-Control: max-age=10\r\n{STALE}')
    resource = shop.resource(answer)
    for name in ("de", "en", "de"):
        assert resource.get(f"Accept-Language: {name}\r\n").body == name.encode()
    assert is_hit(resource.get("Accept-Language: de\r\n")) and not is_hit(resource.get("Accept-Language: en\r\n"))


# ---- 4.4 Invalidation

def headed(headers, length=5):
    return f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{headers}\r\n".encode()


CHANGED = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"


@pytest.mark.parametrize("told, kept", [
    (headed('ETag: "a"\r\n'), True), (headed(""), True), (headed('ETag: "b"\r\n'), False), (headed(CHANGED), False),
    (headed('ETag: "a"\r\n', length=6), False), (headed('ETag: "b"\r\n').replace(b"200 OK", b"404 Gone"), True),
], ids=["the same tag", "nothing", "another tag", "a date", "another length", "an error"])
def test_4_3_5_a_head_that_tells_of_another_content_frees_the_stored_one(shop, told, kept):
    resource = shop.resource(says("max-age=60", headers='ETag: "a"\r\n'), told, says("max-age=60", body=b"new"))
    resource.get()
    assert not is_hit(resource.get("Cache-Control: no-cache, no-store\r\n", method="HEAD"))
    assert resource.requests[1].method == "HEAD"
    assert is_hit(resource.get()) == kept


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_4_4_an_unsafe_request_that_succeeds_invalidates(shop, method):
    resource = shop.resource(says("max-age=60"))
    resource.get()
    assert is_hit(resource.get())
    resource.get(method=method)
    assert not is_hit(resource.get())


def test_4_4_one_that_fails_does_not(shop):
    resource = shop.resource(lambda r: says("max-age=60") if r.method == "GET" else says("", status=403, reason="No"))
    resource.get()
    resource.get(method="POST")
    assert is_hit(resource.get())


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD"])
def test_4_4_safe_ones_neither(shop, method):
    resource = shop.resource(says("max-age=60", body=b""))
    resource.get()
    resource.get(method=method)
    assert is_hit(resource.get())


@pytest.mark.parametrize("field", ["Location", "Content-Location"])
@pytest.mark.parametrize("form, gone", [("{path}", True), ("http://test{path}", True), ("http://other{path}", False), ("https://test{path}", False)])
def test_4_4_what_the_answer_names_at_the_same_origin_is_invalid_too(shop, field, form, gone):
    other = shop.resource(says("max-age=60"))
    other.get()
    shop.resource(says(status=201, headers=f"{field}: {form.format(path=other.path)}\r\n")).get(method="POST")
    assert is_hit(other.get()) != gone


def test_4_4_all_variants_and_queries_of_the_url_only(shop):
    resource = shop.resource(language)
    for name in ("de", "en"):
        resource.get(f"Accept-Language: {name}\r\n")
    resource.get(query="?a")
    resource.get(method="POST")
    assert not is_hit(resource.get("Accept-Language: de\r\n")) and not is_hit(resource.get("Accept-Language: en\r\n"))
    assert is_hit(resource.get(query="?a"))
