// Keeps one page: the one that says that there is no connection. Everything else comes from the server.
const CACHE = "focusflow-offline-1"
const OFFLINE = "/offline"

self.addEventListener("install", event => {
    event.waitUntil(caches.open(CACHE).then(cache => cache.add(OFFLINE)).then(() => self.skipWaiting()))
})

self.addEventListener("activate", event => {
    const others = caches.keys().then(names => Promise.all(names.filter(name => name !== CACHE).map(name => caches.delete(name))))
    event.waitUntil(others.then(() => self.clients.claim()))
})

self.addEventListener("fetch", event => {
    if (event.request.mode === "navigate") {
        event.respondWith(fetch(event.request).catch(() => caches.match(OFFLINE)))
    }
})
