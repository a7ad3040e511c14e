-- What wrk sends, from the arguments after "--": method, path, bytes of body, number of hosts (0: the one of the URL).
-- At the end one line of JSON, which is all that its caller reads.

local last = 0
local requests = {}

function init(arguments)
  local method, path, bytes, hosts = arguments[1], arguments[2], tonumber(arguments[3]), tonumber(arguments[4])
  wrk.method, wrk.path = method, path
  if bytes > 0 then
    wrk.body = string.rep("x", bytes)
  end
  if hosts == 0 then
    return
  end
  for number = 0, hosts - 1 do
    wrk.headers["Host"] = "app-" .. number .. ".localhost"
    requests[number + 1] = wrk.format()
  end
  -- Only where it is needed: with a function, wrk calls Lua for every request.
  request = function()
    last = last % hosts + 1
    return requests[last]
  end
end

function done(summary, latency, _)
  local errors = summary.errors
  local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('{"operations": %d, "seconds": %.6f, "wrong": %d}',
    summary.requests, summary.duration / 1e6, wrong))
end
