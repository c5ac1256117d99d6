"""Routes that ask for a token: a thousand callers, each with the same one for every request, as clients have it. Of each
the signature, alg, iss, aud and exp count; HAProxy does the same by jwt_verify and its queries of the token."""
import json
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import contestants as c

CALLERS = 1000
ISSUER, AUDIENCE = "https://id.example.com", "api"
SECRET = "a secret of the bench that is longer than the hash"
KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
SIGNS = {"RS256": KEY, "HS256": SECRET}


def token(algorithm, caller):
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": f"caller-{caller}", "iat": now, "exp": now + 24 * 3600, "scope": "orders:read profile"}
    return jwt.encode(claims, SIGNS[algorithm], algorithm)


def lua(algorithm):
    """wrk's script: the callers take turns."""
    tokens = ", ".join(f'"Bearer {token(algorithm, caller)}"' for caller in range(CALLERS))
    return f"""local tokens = {{{tokens}}}
local made, turn = {{}}, 0
function init()
  for i, value in ipairs(tokens) do made[i] = wrk.format("GET", "/small", {{["Authorization"] = value}}) end
end
function request()
  turn = turn % #made + 1
  return made[turn]
end
"""


def gateway(algorithm):
    def make(contestant, server):
        key = f'secret = {json.dumps(SECRET)}'
        if algorithm == "RS256":
            (contestant.folder / "key.pem").write_text(PEM)
            key = 'public_key = "key.pem"'
        c.gateway(contestant, server, routes=f"""[auth.people]
kind = "jwt"
issuer = "{ISSUER}"
audience = ["{AUDIENCE}"]
algorithms = ["{algorithm}"]
{key}
[[route]]
match = "/{{rest...}}"
to = "service"
auth = ["people"]
""")
    return make


def haproxy(algorithm):
    def make(contestant, server):
        key = SECRET
        if algorithm == "RS256":
            key = contestant.folder / "key.pem"
            key.write_text(PEM)
        c.haproxy(contestant, server, "http", front=f"""  http-request set-var(txn.bearer) http_auth_bearer
  http-request deny deny_status 401 unless {{ var(txn.bearer) -m found }}
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
  http-request deny deny_status 401 unless {{ var(txn.alg) -m str {algorithm} }}
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify(txn.alg,"{key}") 1 }}
  http-request set-var(txn.now) date()
  http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
  http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_payload_query('$.iss') -m str {ISSUER} }}
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_payload_query('$.aud') -m str {AUDIENCE} }}
  http-request del-header Authorization
""")
    return make


def all_of_them(algorithm):
    return {"gateway": gateway(algorithm), "HAProxy": haproxy(algorithm)}


def run(wrk, algorithm):
    def measured(port, seconds, folder):
        return wrk("/small", script=lua(algorithm))(port, seconds, folder)
    return measured
