"""What it costs to be seen: one gateway without log, admin address and traces, and one that has everything: each request
in a JSON log on disk, metrics that are fetched once a second (Prometheus asks more seldom), and one request in a hundred
told to a collector of traces."""
import threading
import urllib.request

import contestants as c

SCRAPE_SECONDS = 1


def unseen(contestant, server):
    c.gateway(contestant, server, logs=False)


def seen(contestant, server):
    admin = c.free_port()
    c.gateway(contestant, server, more=f"""[admin]
listen = "127.0.0.1:{admin}"
[trace]
endpoint = "http://127.0.0.1:{server}/v1/traces"
sample = "1%"
""")
    over, scrapes = threading.Event(), []

    def scrape():
        while not over.wait(SCRAPE_SECONDS):
            with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=5) as answer:
                scrapes.append(b"gateway_build_info" in answer.read())

    scraper = threading.Thread(target=scrape)
    scraper.start()

    def end():
        if not scraper.is_alive() or not scrapes or not all(scrapes):
            raise SystemExit("scripts/bench: the metrics could not be fetched")
        over.set()
        scraper.join()

    contestant.before_end.append(end)


def all_of_them():
    return {"all off": unseen, "log, metrics, traces": seen}
