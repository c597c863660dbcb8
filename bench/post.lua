-- wrk -s post.lua URL -- BODY: every request is a form with these fields.
function init(arguments)
  wrk.method = "POST"
  wrk.body = arguments[1]
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end
