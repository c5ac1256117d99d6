#!/usr/bin/python3
"""The shop's catalog: /products/{any/path}."""
from service import READ, serve


def product(request, path):
    request.answer(200, {"product": path, "price": 10 + len(path), "currency": "EUR"},
                   [("Cache-Control", "max-age=60, stale-while-revalidate=30")])


serve([(READ, r"/products/(.*)", product)])
