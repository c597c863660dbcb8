-- wrk -s rotate.lua URL -- FILE HEADER PREFIX: every request carries another key, drawn at random from FILE (one a line).
-- The parts around the key are made once, so that drawing costs the generator next to nothing.
local keys, count, before, after = {}, 0, nil, nil

function init(arguments)
  for line in io.lines(arguments[1]) do
    count = count + 1
    keys[count] = line
  end
  wrk.headers[arguments[2]] = (arguments[3] or "") .. "@KEY@"
  local text = wrk.format("GET")
  local first, last = string.find(text, "@KEY@", 1, true)
  before, after = string.sub(text, 1, first - 1), string.sub(text, last + 1)
  math.randomseed(os.time())
end

function request()
  return before .. keys[math.random(count)] .. after
end
