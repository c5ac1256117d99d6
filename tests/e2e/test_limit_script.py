"""The script that Redis runs for shared limits, at times of the test's choosing: its calendar is Python's, and its rate
is the algorithm's in exact arithmetic."""
import calendar
import datetime
import random
import re
from fractions import Fraction

import pytest

from redis_server import RedisServer
from tandem import ROOT

SOURCE = re.search(r'R"lua\((.*)\)lua"', (ROOT / "gateway/rate_limit/shared.cc").read_text(), re.S)[1]
UTC = datetime.timezone.utc
KEYS = ["rate", "quota"]


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server.client()
    server.close()


@pytest.fixture
def run(redis):
    """run(microseconds, interval, burst, quota, unit, cost, report) -> (admitted, fits, debt, used, left)"""
    redis.flushall()
    script = redis.register_script(SOURCE.replace("redis.call('TIME')", "{string.sub(ARGV[7], 1, -7), string.sub(ARGV[7], -6)}"))

    def run(at, interval=0, burst=0, quota=0, unit=0, cost=1, report=0):
        return script(keys=KEYS, args=[interval, burst, quota, unit, cost, report, f"{at:016d}"])
    return run


def micro(moment):
    return int(moment.timestamp()) * 1_000_000


def test_a_month_ends_when_it_does(run):
    moment = datetime.datetime(2024, 1, 1, tzinfo=UTC)
    for _ in range(12 * 80):  # 2100 is no leap year
        length = calendar.monthrange(moment.year, moment.month)[1]
        for day, hour in ((1, 0), (length, 23)):
            at = moment.replace(day=day, hour=hour)
            ends = moment + datetime.timedelta(days=length)
            admitted, fits, _, used, left = run(micro(at), quota=1000, unit=0)
            assert (admitted, fits, left) == (1, 1, int((ends - at).total_seconds()) * 1000), at
            assert used == (1 if day == 1 else 2), at  # each month its own
        moment += datetime.timedelta(days=length)


@pytest.mark.parametrize("unit", [60, 3600, 86400])
def test_other_quotas_end_with_their_part_of_the_day(unit, run):
    begin = micro(datetime.datetime(2026, 11, 24, tzinfo=UTC))
    for step in range(50):
        for used, offset in ((1, 0), (2, 1), (3, unit * 1_000_000 - 1)):
            at = begin + step * unit * 1_000_000 + offset
            assert run(at, quota=3, unit=unit)[3] == used
        refused = run(at, quota=3, unit=unit)
        assert (refused[0], refused[1], refused[3]) == (0, 0, 3) and 0 <= refused[4] <= 1


def test_a_clock_that_is_set_back_begins_another_window(run):
    at = micro(datetime.datetime(2026, 11, 24, tzinfo=UTC))
    assert [run(when, quota=1, unit=86400)[0] for when in (at, at, at - 1, at - 1)] == [1, 0, 1, 0]


@pytest.mark.parametrize("count, period, burst", [(10, 1, 5), (7, 1, 7), (60, 60, 1), (1000, 1, 100), (3, 86400, 2), (1000000, 1, 1000)])
def test_the_rate_is_the_algorithms(count, period, burst, run):
    interval = Fraction(period * 1_000_000, count)
    chance = random.Random(count)
    at, cell = micro(datetime.datetime(2026, 11, 24, tzinfo=UTC)), Fraction(0)
    admitted = expected = doubtful = 0
    for _ in range(600):
        at += int(chance.expovariate(1) * interval) if chance.random() < 0.7 else 0
        cost = chance.randint(1, min(3, burst))
        ahead = max(cell - at, 0) + cost * interval
        doubtful += abs(ahead - burst * interval) <= interval / 50  # on the edge numbers may round either way
        said = run(at, float(interval), burst, cost=cost)
        if said[0]:
            admitted += cost
            cell = at + ahead  # follow what it did, so that one doubt is not many
        expected += cost if ahead <= burst * interval else 0
        assert said[0] == (ahead <= burst * interval) or abs(ahead - burst * interval) <= interval / 50
        assert abs(said[2] - max(cell - at, 0)) <= max(2, interval / 50)
    assert abs(admitted - expected) <= 3 * doubtful and admitted > 0


def test_over_a_long_time_exactly_the_rate_is_given(run):
    at, admitted = micro(datetime.datetime(2026, 11, 24, tzinfo=UTC)), 0
    for _ in range(3000):
        at += 1_000
        admitted += run(at, 1_000_000 / 137, 5)[0]
    assert 137 * 3 <= admitted <= 137 * 3 + 5


def test_keys_are_gone_as_soon_as_they_say_nothing(run, redis):
    at = micro(datetime.datetime(2026, 11, 24, 23, 59, tzinfo=UTC))
    run(at, 100_000, 5, quota=9, unit=86400, cost=3)
    assert 200 < redis.pttl("rate") <= 300 and 50_000 < redis.pttl("quota") <= 60_000
    run(at, 100_000, 5, quota=9, unit=86400, cost=4)
    assert redis.get("quota").endswith(b":3")  # refused: nothing was counted
