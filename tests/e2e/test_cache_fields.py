"""RFC 9111 §5, rule by rule, with the section in the name: the built gateway between a client and a service whose
answers are scripted. What is stale is so from the beginning (Age), so that nothing has to be waited for."""
import pytest

from cached import date, is_hit, result, says, STALE, stored, validating
from raw import wait_until

# ---- 5 Field Definitions

def test_5_1_age_is_the_caches_own(shop):
    resource = shop.resource(says("max-age=60", headers="Age: 5\r\nAge: 50\r\n"))
    resource.get()
    answer = resource.get()
    assert len(answer.all("Age")) == 1 and 5 <= int(answer.header("Age")) < 50


def fresh(shop, age=10, control="max-age=100"):
    resource = shop.resource(says(control, headers=f"Age: {age}\r\n"))
    resource.get()
    return resource


@pytest.mark.parametrize("directive, used", [("max-age=90", True), ("max-age=5", False), ("max-age=0", False), ("max-age=junk", False)])
def test_5_2_1_1_max_age(shop, directive, used):
    assert is_hit(fresh(shop).get(f"Cache-Control: {directive}\r\n")) == used


@pytest.mark.parametrize("directive, used", [("max-stale", True), ("max-stale=1000000", True), ("max-stale=5", False), ("max-stale=0", False)])
def test_5_2_1_2_max_stale(shop, directive, used):
    resource = shop.resource(says("max-age=10", headers='ETag: "a"\r\n' + STALE))
    resource.get()
    answer = resource.get(f"Cache-Control: {directive}\r\n")
    assert is_hit(answer) == used and (not used or int(result(answer)[1]["ttl"]) < 0)


@pytest.mark.parametrize("control", ["max-age=10, must-revalidate", "max-age=10, proxy-revalidate", "s-maxage=10"])
def test_5_2_1_2_max_stale_is_no_match_for_the_answers_own_word(shop, control):
    resource = shop.resource(says(control, headers='ETag: "a"\r\n' + STALE))
    resource.get()
    assert not is_hit(resource.get("Cache-Control: max-stale\r\n"))


@pytest.mark.parametrize("directive, used", [("min-fresh=30", True), ("min-fresh=95", False)])
def test_5_2_1_3_min_fresh(shop, directive, used):
    assert is_hit(fresh(shop).get(f"Cache-Control: {directive}\r\n")) == used


def test_5_2_1_4_no_cache(shop):
    resource = shop.resource(validating('"a"', stale=False))
    resource.get()
    answer = resource.get("Cache-Control: no-cache\r\n")
    assert result(answer)[1]["fwd"] == "request" and result(answer)[1]["fwd-status"] == "304" and resource.count == 2


def test_5_2_1_5_no_store_of_a_request_may_use_what_is_stored(shop):
    assert is_hit(fresh(shop).get("Cache-Control: no-store\r\n"))


def test_5_2_1_6_no_transform_goes_on(shop):
    resource = shop.resource(says("max-age=60"))
    resource.get("Cache-Control: no-transform\r\n")
    assert resource.requests[0].header("Cache-Control") == "no-transform"


def test_5_2_1_7_only_if_cached(shop):
    resource = shop.resource(says("max-age=60"))
    answer = resource.get("Cache-Control: only-if-cached\r\n")
    assert (answer.status, resource.count) == (504, 0) and b"not_cached" in answer.body
    resource.get()
    assert is_hit(resource.get("Cache-Control: only-if-cached\r\n"))


@pytest.mark.parametrize("control", ["max-age=10, must-revalidate", "max-age=10, proxy-revalidate"])
def test_5_2_2_2_and_8_must_revalidate_forbids_what_is_stale(shop, control):
    resource = shop.resource(validating('"a"', control=control + ", stale-while-revalidate=99999999"))
    resource.get()
    assert result(resource.get())[1]["fwd"] == "stale" and resource.count == 2


def test_5_2_2_2_the_failing_validation_is_the_answer(shop):
    resource = shop.resource(says("max-age=10, must-revalidate", headers='ETag: "a"\r\n' + STALE), None)
    resource.get()
    assert resource.get().status == 502


@pytest.mark.parametrize("status, kept", [(200, True), (299, False)])
def test_5_2_2_3_must_understand_takes_no_store_back_for_known_statuses(shop, status, kept):
    assert stored(shop.resource(says("max-age=60, no-store, must-understand", status=status))) == kept


def test_5_2_2_4_no_cache_is_validated_each_time(shop):
    resource = shop.resource(validating('"a"', control="max-age=60, no-cache", stale=False))
    resource.get()
    for _ in range(2):
        assert result(resource.get())[1]["fwd-status"] == "304"
    assert resource.count == 3


@pytest.mark.parametrize("control", ['max-age=60, no-cache="X-Secret, Set-Cookie"', 'max-age=60, PRIVATE="x-secret, set-cookie"',
                                     'max-age=60, no-cache=X-Secret, private="Set-Cookie"'])
def test_5_2_2_4_and_7_named_fields_are_left_out(shop, control):
    resource = shop.resource(says(control, headers="X-Secret: 1\r\nX-Open: 2\r\nSet-Cookie: a=1\r\n"))
    resource.get()
    answer = resource.get()
    assert is_hit(answer) and answer.header("X-Open") == "2"
    assert answer.header("X-Secret") is None and answer.header("Set-Cookie") is None


@pytest.mark.parametrize("control", ['max-age=60, private="x', "max-age=60, private=", 'max-age=60, private=""', 'max-age=60, private="a b"',
                                     "max-age=60, Private", "private,max-age=60", ",, private ,max-age=60"])
def test_5_2_2_7_private_that_cannot_be_read_is_private(shop, control):
    assert not stored(shop.resource(says(control)))


def test_5_2_2_9_public_makes_room_for_a_guess_and_for_credentials(shop):
    fields = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    assert stored(shop.resource(says("public", status=302, headers=fields)))


def test_5_2_3_unknown_directives_change_nothing(shop):
    assert stored(shop.resource(says('max-age=60, frobnicate, foo="a, no-store", no-storeX')))


def test_5_3_expires_counts_from_date(shop):
    resource = shop.resource(says(headers=f"Date: {date(-100)}\r\nExpires: {date(500)}\r\n"))
    resource.get()
    answer = resource.get()
    assert is_hit(answer) and 0 < int(result(answer)[1]["ttl"]) <= 500


def test_5_4_pragma_is_not_heeded(shop):
    assert is_hit(fresh(shop).get("Pragma: no-cache\r\n"))


def test_log_and_metrics_tell_what_was_stored(shop):
    """Beside Cache-Status."""
    resource = shop.resource(says("max-age=60"))
    resource.get()
    resource.get()
    lines = shop.program.access_log(count=2, path=resource.path)
    assert [line["cache"] for line in lines] == ["miss", "hit"]
    assert "upstream" in lines[0] and not lines[1].get("upstream")
    wait_until(lambda: shop.program.metric("gateway_cache_total", cache="shared", result="hit") > 0)
