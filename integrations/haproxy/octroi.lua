-- Asks Octroi who is calling, before the application is asked anything.
--
--   global      lua-load-per-thread /etc/haproxy/octroi.lua
--   frontend    http-request lua.octroi http://127.0.0.1:8700/forward-auth?for=haproxy
--               http-request deny deny_status 503 unless { var(txn.octroi) -m str allowed }
--
-- The second line is not for show: when a Lua action fails, HAProxy goes on with the rules that follow.

-- Of one try; HAProxy's client makes up to four.
local TIMEOUT_MS = 3000

-- Of what the caller sent, the gate sees these and no other.
local ASKED_WITH = {
  "authorization", "api-key", "x-api-key", "cookie", "origin", "access-control-request-method",
  "access-control-request-headers", "accept", "sec-fetch-mode", "x-requested-with", "user-agent", "octroi-trace",
}

-- Of what the gate answers, the application sees these, and the caller those.
local IDENTITY = {
  "octroi-subject", "octroi-kind", "octroi-name", "octroi-email", "octroi-groups", "octroi-key-id", "octroi-assertion",
}
local TOLD_CALLER = {
  "content-type", "www-authenticate", "octroi-error", "octroi-request-id", "retry-after", "cache-control",
  "location", "set-cookie", "referrer-policy",
}

-- Answers that are for the caller, 302 to sign in among them; any other is our own trouble.
local FOR_CALLER = {
  [302] = true, [400] = true, [401] = true, [403] = true, [429] = true, [502] = true, [503] = true, [504] = true,
}

-- By which an answer of Octroi is known; a refusal by its code.
local MARK = { [302] = "octroi-request-id" }

-- HAProxy counts the values of a header from 0, the HTTP client takes them from 1.
local function values_of(headers, name)
  local values = {}
  if headers ~= nil and headers[name] ~= nil then
    for at = 0, #headers[name] do values[#values + 1] = headers[name][at] end
  end
  return values
end

local function question(txn, sent)
  local headers = {}
  for _, name in ipairs(ASKED_WITH) do
    local values = values_of(sent, name)
    if #values > 0 then headers[name] = values end
  end
  headers["x-forwarded-method"] = { txn.f:method() }
  headers["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" }
  headers["x-forwarded-host"] = values_of(sent, "host")
  headers["x-forwarded-uri"] = { txn.f:pathq() }
  headers["x-forwarded-for"] = { txn.f:src() }
  -- Set by the configuration, and only from a certificate that it verified.
  local subject = txn:get_var("txn.octroi_client_subject")
  if subject ~= nil and subject ~= "" then headers["x-client-subject"] = { subject } end
  return headers
end

local function is_ours(pair)
  local name = string.lower(pair)
  return string.find(name, "^octroi_") or string.find(name, "^__host%-octroi_") or string.find(name, "^__secure%-octroi_")
end

-- Without the cookies of Octroi itself.
local function pass_cookies(txn, sent)
  local kept = {}
  for _, line in ipairs(values_of(sent, "cookie")) do
    for pair in string.gmatch(line, "[^;]+") do
      local text = string.match(pair, "^%s*(.-)%s*$")
      if text ~= "" and not is_ours(text) then kept[#kept + 1] = text end
    end
  end
  txn.http:req_del_header("cookie")
  if #kept > 0 then txn.http:req_set_header("cookie", table.concat(kept, "; ")) end
end

-- Every identity header is the gate's, or is not there.
local function pass_identity(txn, sent, answered)
  for name in pairs(sent) do
    if string.find(name, "^octroi%-") then txn.http:req_del_header(name) end
  end
  for _, name in ipairs(IDENTITY) do
    local value = values_of(answered, name)[1]
    if value ~= nil and value ~= "" then txn.http:req_set_header(name, value) end
  end
end

local function refuse(txn, answer)
  local reply = txn:reply({ status = answer.status })
  for _, name in ipairs(TOLD_CALLER) do
    for _, value in ipairs(values_of(answer.headers, name)) do reply:add_header(name, value) end
  end
  reply:set_body(answer.body or "")
  txn:done(reply)
end

core.register_action("octroi", { "http-req" }, function(txn, address)
  local sent = txn.http:req_get_headers()
  local answer = core.httpclient():get({ url = address, headers = question(txn, sent), timeout = TIMEOUT_MS })
  local status = answer ~= nil and answer.status or 0
  if status >= 200 and status < 300 then
    -- Always there, if the one who answers is Octroi.
    if answer.headers["octroi-subject"] == nil then return end
    pass_identity(txn, sent, answer.headers)
    pass_cookies(txn, sent)
    txn:set_var("txn.octroi", "allowed")
  elseif FOR_CALLER[status] and answer.headers ~= nil and answer.headers[MARK[status] or "octroi-error"] ~= nil then
    refuse(txn, answer)
  end
  -- Otherwise the rule that follows answers 503.
end, 1)
