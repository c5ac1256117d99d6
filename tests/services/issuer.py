#!/usr/bin/python3
"""The shop's issuer of tokens: one RSA key and one EC key, published as a JWK set and found by OpenID discovery, and new
ones on demand. Whoever asks gets a token: it is there for showing how a gateway checks them, and guards nothing.

  GET  /token?sub=7&plan=gold   a token, as text; further: alg (RS256, ES256), scope, roles (a,b), aud, expires (seconds)
  POST /rotate                  new keys, which sign from now on; those of before stay published
  POST /introspect              token=… in a form: what the token says (RFC 7662)
  GET  /jwks.json, /.well-known/openid-configuration"""
import base64
import json
import threading
import time
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from service import READ, serve, wants_query

AUDIENCE = "shop"
MAKE = {"RS256": lambda: rsa.generate_private_key(65537, 2048), "ES256": lambda: ec.generate_private_key(ec.SECP256R1())}


def ec_jwk(key):
    """PyJWT's own leaves leading zero octets of a coordinate out, against RFC 7518 §6.2.1.2."""
    numbers = key.public_numbers()
    x, y = (base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode() for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


PUBLIC = {"RS256": lambda key: json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key)), "ES256": ec_jwk}


class Keys:
    """Private keys by kid; the newest of each algorithm signs. Two generations are published."""

    def __init__(self):
        self.lock, self.generation, self.keys = threading.Lock(), 0, {}
        self.rotate()

    def rotate(self):
        with self.lock:
            self.generation += 1
            kept = {kid: key for kid, key in self.keys.items() if key[2] >= self.generation - 1}
            made = {f"{algorithm.lower()}-{self.generation}": (algorithm, make(), self.generation) for algorithm, make in MAKE.items()}
            self.keys = {**made, **kept}
            return list(self.keys)

    def published(self):
        with self.lock:
            return [{**PUBLIC[algorithm](key.public_key()), "kid": kid, "use": "sig", "alg": algorithm}
                    for kid, (algorithm, key, _) in self.keys.items()]

    def sign(self, claims, algorithm):
        with self.lock:
            kid = f"{algorithm.lower()}-{self.generation}"
            return jwt.encode(claims, self.keys[kid][1], algorithm, {"kid": kid})

    def read(self, token):
        """The claims of a token of ours that is good; else None."""
        try:
            with self.lock:
                algorithm, key, _ = self.keys[jwt.get_unverified_header(token)["kid"]]
            return jwt.decode(token, key.public_key(), [algorithm], audience=AUDIENCE)
        except (jwt.PyJWTError, KeyError):
            return None


keys = Keys()


def name_of(request):
    return "http://%s:%d" % request.server.server_address


def described(request):
    own = name_of(request)
    request.answer(200, {"issuer": own, "jwks_uri": f"{own}/jwks.json", "introspection_endpoint": f"{own}/introspect"})


def published(request):
    request.answer(200, {"keys": keys.published()}, [("Cache-Control", "max-age=60")])


@wants_query
def token(request, query):
    algorithm = query.pop("alg", "RS256")
    if algorithm not in MAKE:
        return request.answer(400, {"error": f"alg is one of {', '.join(MAKE)}"})
    now = int(time.time())
    claims = {"iss": name_of(request), "aud": AUDIENCE, "sub": "7", "scope": "orders:read", "iat": now,
              "exp": now + int(query.pop("expires", "600")), **query}
    if "roles" in claims:
        claims["roles"] = claims["roles"].split(",")
    text = keys.sign(claims, algorithm).encode() + b"\n"
    request.head(200, len(text), "text/plain", [("Cache-Control", "no-store")])
    if request.command != "HEAD":
        request.wfile.write(text)


def rotate(request):
    request.body_sha256()
    request.answer(200, {"kids": keys.rotate()})


def introspect(request):
    form = parse_qs(b"".join(request.body()).decode())
    claims = keys.read(form.get("token", [""])[0])
    request.answer(200, {"active": True, **claims} if claims else {"active": False})


serve([(READ, r"/\.well-known/openid-configuration", described), (READ, r"/jwks\.json", published), (READ, r"/token", token),
       (("POST",), r"/rotate", rotate), (("POST",), r"/introspect", introspect)])
