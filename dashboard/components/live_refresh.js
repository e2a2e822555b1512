/* Runs a part of the page when the server says that its numbers have changed. */

const SESSION_ENDED = 4401
const SHORTEST_PAUSE = 1000, LONGEST_PAUSE = 30000 // milliseconds before it connects again

/* One connection for all pages: a page takes it over from the one before. */
const connect = (live) => {
  const address = new URL('/changes', location.href)
  address.protocol = address.protocol.replace('http', 'ws')
  const socket = new WebSocket(address)
  socket.onopen = () => { live.pause = SHORTEST_PAUSE; if (live.was_lost) tell(live); live.was_lost = false }
  socket.onmessage = () => tell(live)
  socket.onclose = (event) => {
    if (event.code === SESSION_ENDED) return location.reload()
    live.was_lost = true
    setTimeout(() => connect(live), live.pause)
    live.pause = Math.min(live.pause * 2, LONGEST_PAUSE)
  }
}

/* A page that nobody sees waits until somebody does. */
const tell = (live) => {
  live.is_due = document.hidden
  if (!live.is_due) live.changed()
}

export default function ({ setTriggerValue }) {
  const changed = () => setTriggerValue('changed', Date.now())
  if (window.focusflow_live) return void (window.focusflow_live.changed = changed)
  const live = (window.focusflow_live = { changed, pause: SHORTEST_PAUSE, was_lost: false, is_due: false })
  document.addEventListener('visibilitychange', () => { if (live.is_due) tell(live) })
  connect(live)
}
