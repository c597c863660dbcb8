// The page holds no token: the session is in a cookie that scripts cannot read, and the browser sends it by itself.
// In React the same three calls stand in a hook: ask /api/me; 401 → show the link to /api/login; POST /api/logout → go where it says.

const at = (id) => document.getElementById(id)

async function show() {
  const said = new URLSearchParams(location.search)
  if (said.get('sign_in') === 'access_denied') at('note').textContent = 'You were not signed in.'
  if (said.get('sign_in') === 'failed') at('note').textContent = 'The sign-in failed. Try again.'
  if (said.has('signed_out')) at('note').textContent = 'You are signed out.'
  const answer = await fetch('/api/me')
  if (answer.status === 401) {
    at('outside').hidden = false
    return
  }
  const { name, email, sub } = await answer.json()
  at('who').textContent = name ?? email ?? sub
  at('inside').hidden = false
}

async function sell(event) {
  event.preventDefault()
  const typed = new FormData(event.target)
  const sale = {
    label: typed.get('label'),
    amount_cents: Math.round(Number(typed.get('euros')) * 100),
    date: new Date().toISOString().slice(0, 10),
  }
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() }
  const answer = await fetch('/api/sales', { method: 'POST', headers, body: JSON.stringify(sale) })
  const said = await answer.json()
  if (answer.status === 401) location.assign('/api/login?next=/')
  else
    at('note').textContent = answer.ok ? `In the books: transaction ${said.transaction}.` : JSON.stringify(said.detail)
}

async function signOut() {
  const answer = await fetch('/api/logout', { method: 'POST' })
  const { location: next } = await answer.json()
  location.assign(next)
}

at('sale').addEventListener('submit', sell)
at('sign-out').addEventListener('click', signOut)
show()
