"""Clients that keep a program busy while a test changes something under them."""
import threading

from raw import DEADLINE, wait_until


class Load:
    """Clients side by side until the end of the `with`, each making its own visit again and again. A visit raises what is
    wrong with it; any failure fails the test. A visit that lasts looks at `load.over`, which it is given."""

    def __init__(self, *visits):
        self.visits, self.made, self.failures = visits, [0] * len(visits), []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._client, args=(number,)) for number in range(len(visits))]

    @property
    def over(self):
        return self.ended.is_set()

    def _client(self, number):
        while not self.over:
            try:
                self.visits[number](self)
                self.made[number] += 1
            except Exception as error:  # noqa: BLE001: whatever it was, it is told at the end
                self.failures.append(repr(error))

    def visited_again(self):
        """Every client has ended a visit that was under way or has begun since."""
        before = list(self.made)
        wait_until(lambda: self.failures or all(a > b for a, b in zip(self.made, before)), what="a visit of each client")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join(2 * DEADLINE)
        if kind is None:  # else that is what to show
            assert not self.failures, self.failures[:5]
            assert all(self.made), self.made
