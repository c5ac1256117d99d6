"""Routes in a public API's shape, ten a resource and twenty resources a host, and requests drawn evenly over them."""
SHAPES = ["GET /v1/%s", "POST /v1/%s", "GET /v1/%s/{id:uint}", "PUT /v1/%s/{id:uint}", "DELETE /v1/%s/{id:uint}",
          "GET /v1/%s/search", "GET /v1/%s/{id:uint}/items", "GET /v1/%s/{id:uint}/items/{item}",
          "POST /v1/%s/{id:uint}/items", "GET /v1/%s/{id:uint}/history/{rest...}"]


def route(number):
    """(method, host, path template) of one of them."""
    method, path = SHAPES[number % 10].split(" ")
    resource = number // 10
    return method, f"api-{resource // 20}.example.com", path % f"resource-{resource % 20}"


def toml(count):
    """The routes, each to the small answer."""
    return "".join(f'[[route]]\nname = "route-{n}"\nmatch = "{method} {host}{path}"\nto = "service /small"\npublic = true\n'
                   for n in range(count) for method, host, path in [route(n)])


def lua(count):
    """A wrk script: the requests are written once, a whole pass over all routes in a shuffled order comes after another."""
    return f"""
local shapes = {{{", ".join(f'"{shape}"' for shape in SHAPES)}}}
local requests = {{}}
function init()
  math.randomseed(7)
  for n = 0, {count} - 1 do
    local method, path = shapes[n % 10 + 1]:match("(%S+) (%S+)")
    local resource = math.floor(n / 10)
    path = path:gsub("%%s", "resource-" .. resource % 20)
    path = path:gsub("{{id:uint}}", 1000 + n):gsub("{{item}}", "item-" .. n):gsub("{{rest%.%.%.}}", "2024/05")
    local headers = {{ Host = "api-" .. math.floor(resource / 20) .. ".example.com" }}
    requests[n + 1] = wrk.format(method, path, headers)
  end
  for i = #requests, 2, -1 do
    local j = math.random(i)
    requests[i], requests[j] = requests[j], requests[i]
  end
end
local at = 0
function request()
  at = at % #requests + 1
  return requests[at]
end
"""
