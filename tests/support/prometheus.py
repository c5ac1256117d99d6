"""What a program's /metrics says, read by Prometheus' own parser."""
import re

from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    def __init__(self, text):
        self.text = text
        self.families = {}
        for family in text_string_to_metric_families(text):
            assert family.name not in self.families, f"{family.name} stands there twice"
            self.families[family.name] = family
        self.samples = {}
        for family in self.families.values():
            assert family.type in ("counter", "gauge", "histogram") and family.documentation, family
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                assert key not in self.samples, f"{key} stands there twice"
                self.samples[key] = sample.value

    def names(self):
        """Of all samples."""
        return {name for name, _ in self.samples}

    def labels(self, name):
        return {label for (sample, labels) in self.samples if sample == name for label, _ in labels}

    def table(self, name, *labels):
        """{values of these labels: value}, the others added up; what is 0 left out."""
        made = {}
        for (sample, own), value in self.samples.items():
            if sample != name:
                continue
            key = tuple(dict(own)[label] for label in labels)
            made[key if len(key) != 1 else key[0]] = made.get(key if len(key) != 1 else key[0], 0) + value
        return {key: value for key, value in made.items() if value}

    def sum(self, name):
        return sum(self.table(name).values())


def scrape(program):
    status, headers, text = program.admin("/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), headers
    return Scrape(text)


def names_in(expression):
    """The names of metrics in a PromQL expression; matchers on __name__ included."""
    words = set()
    for alternatives in re.findall(r'__name__=~"([^"]*)"', expression):
        words |= set(alternatives.split("|"))
    bare = re.sub(r"\{[^}]*\}|\"[^\"]*\"|\[[^\]]*\]", " ", expression)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    known = {"sum", "rate", "increase", "count", "topk", "vector", "time", "histogram_quantile", "or", "and", "unless", "max", "min"}
    words |= {word for word in re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", bare) if word not in known}
    return words - {"inf", "nan"}
