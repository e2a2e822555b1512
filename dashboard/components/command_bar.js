/* The line that adds tasks, the keys of the pages, and what has to happen before the server has answered. */

const ROWS = '[class*="st-key-task-"]'
const LEAVING = '[class*="st-key-complete-"] button, [class*="st-key-delete-"] button'
const ACTS = ['complete', 'start', 'snooze', 'reopen', 'change']
const KEYS = ['a', 'd', 's', 'j', 'k', '/', 'u', '?']
let texts = {} // in the language of the page, by name
const OFF = 'focusflow keys off'
const TYPING_PAUSE = 200
const TYPING = 2000 // milliseconds in which a key after another in the line is no command
const FADING = 120 // milliseconds in which a row is seen to be done
const PATIENCE = 5000 // milliseconds after which a row comes back if the server has not taken it away

const key_of = (element, prefix) =>
  [...element.classList].find((name) => name.startsWith(`st-key-${prefix}-`))
const rows = () => [...document.querySelectorAll(ROWS)].filter((row) => key_of(row, 'task') && is_visible(row))
const row_of = (element) => element && rows().find((row) => row.contains(element))
/* A button with a help text is there twice, of which a phone shows the one and a wider screen the other. */
const buttons_in = (row, act) => [...(row?.querySelectorAll(`[class*="st-key-${act}-"] button`) ?? [])]
const is_visible = (element) => element.offsetParent !== null
const button_in = (row, act) => buttons_in(row, act).find(is_visible)
const press = (selector) => { const found = [...document.querySelectorAll(selector)].find(is_visible); found?.click(); return Boolean(found) }
const is_typing = (element) => element?.closest('input, textarea, select, [contenteditable=true], [role=textbox], [role=combobox]')

const name_button = (button, name) => { if (button.getAttribute('aria-label') !== name) button.setAttribute('aria-label', name) }

/* Streamlit gives an icon no name, and ten buttons the same. */
const name_buttons = () => {
  for (const block of document.querySelectorAll('[class*="st-key-block-"]')) {
    const text = block.querySelector('p')?.textContent.split('\n')[0]
    for (const button of block.querySelectorAll('button')) name_button(button, `${texts.change}: ${text}`)
  }
  for (const button of document.querySelectorAll('.st-key-undo-dismiss button')) name_button(button, texts.dismiss)
  for (const row of rows()) {
    const strong = row.querySelector('strong')
    const title = strong?.textContent
    if (strong && strong.title !== title) strong.title = title // of which the style sheet shows the first lines
    for (const act of ACTS) {
      for (const button of title ? buttons_in(row, act) : []) name_button(button, `${texts[act]}: ${title}`)
    }
  }
  const undo = document.querySelector('.st-key-undo')
  if (undo && !undo.hasAttribute('role')) undo.setAttribute('role', 'status')
}

/* The row goes at once, and the next one gets the focus when it is gone. */
let leaving = null
const leave = (row) => {
  const name = key_of(row, 'task')
  if (!name || leaving?.row.hasAttribute('data-leaving')) return
  leaving = { name, row, place: rows().indexOf(row) }
  row.setAttribute('data-leaving', '')
  const is_alone = row.querySelector('[data-testid^=stBaseButton-primary]') // the next task keeps its place for the one after it
  if (!is_alone) setTimeout(() => { if (leaving?.name === name) row.setAttribute('data-leaving', 'gone') }, FADING)
  setTimeout(() => row.removeAttribute('data-leaving'), PATIENCE)
}
const stay = () => { leaving?.row.removeAttribute('data-leaving'); leaving = null }
const follow = () => {
  if (!leaving || document.querySelector(`.${leaving.name}`)) return
  const place = leaving.place
  stay()
  const has_focus = document.activeElement && document.activeElement !== document.body && !row_of(document.activeElement)
  if (!has_focus) focus_row(place)
}
const focus_row = (place) => {
  const found = rows()
  const row = found[Math.max(0, Math.min(place, found.length - 1))]
  button_in(row, 'complete')?.focus()
  row?.scrollIntoView({ block: 'nearest' })
}

const step = (by) => {
  const place = rows().indexOf(row_of(document.activeElement))
  focus_row(place < 0 ? 0 : place + by)
}
const current = () => row_of(document.activeElement) ?? rows()[0]

/* One listener for all instances and pages: the newest takes the place of the one before. */
const listen = (show_help) => {
  window.focusflow_keys?.abort()
  const stop = (window.focusflow_keys = new AbortController())
  const how = { signal: stop.signal }
  const acts = {
    a: () => { const bar = window.focusflow_bar; if (bar?.isConnected) bar.querySelector('input').focus(); return Boolean(bar?.isConnected) },
    d: () => { const button = button_in(current(), 'complete'); button?.click(); return Boolean(button) },
    s: () => press('.st-key-stop-timer button') || Boolean(button_in(current(), 'start')?.click() ?? rows().length),
    j: () => { step(1); return true },
    k: () => { step(-1); return true },
    '/': () => { const search = document.querySelector('.st-key-search input'); search?.focus(); return Boolean(search) || press('a[href$="/tasks"]') },
    u: () => press('.st-key-undo-act button'),
    '?': () => { show_help(); return true },
  }
  document.addEventListener('keydown', (event) => {
    const target = event.composedPath()[0]
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || is_typing(target)) return
    if (performance.now() - (window.focusflow_line?.typed_at || -TYPING) < TYPING) return
    if (document.querySelector('[role=dialog], dialog[open]') || (localStorage.getItem(OFF) && event.key !== '?')) return
    if (acts[event.key]?.()) event.preventDefault()
  }, how)
  document.addEventListener('click', (event) => {
    const button = event.target.closest?.(LEAVING)
    if (button) leave(row_of(button))
    if (event.target.closest?.('[data-testid=stPopoverBody] [data-testid=stFormSubmitButton] button, [data-testid=stPopoverBody] [data-testid=stPageLink-NavLink]'))
      setTimeout(() => document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true })), 50)
  }, { ...how, capture: true })
  let is_due = false
  const observer = new MutationObserver(() => {
    if (is_due) return
    is_due = true
    requestAnimationFrame(() => { is_due = false; name_buttons(); follow() })
  })
  observer.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['class'] })
  stop.signal.addEventListener('abort', () => observer.disconnect())
  name_buttons()
}

const fill_help = (dialog) => {
  const list = dialog.querySelector('dl')
  if (list.childElementCount) return
  for (const key of KEYS) {
    const [term, definition] = [document.createElement('dt'), document.createElement('dd')]
    term.appendChild(document.createElement('kbd')).textContent = key
    definition.textContent = texts[key]
    list.append(term, definition)
  }
  const toggle = dialog.querySelector('[type=checkbox]')
  toggle.checked = !localStorage.getItem(OFF)
  toggle.onchange = () => (toggle.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, 'true'))
}

export default function ({ data, parentElement, setTriggerValue }) {
  const [bar, understood, dialog] = ['.bar', '.understood', 'dialog'].map((each) => parentElement.querySelector(each))
  const input = bar.querySelector('input')
  texts = data.texts
  document.documentElement.lang = texts.language
  parentElement.querySelector('label[for=line]').textContent = texts.label
  input.placeholder = texts.placeholder
  bar.querySelector('button').textContent = texts.add
  dialog.querySelector('h2').textContent = texts.keys
  dialog.querySelector('.switch span').textContent = texts.switch
  dialog.querySelector('[value=close]').textContent = texts.close
  bar.hidden = !data.has_bar
  fill_help(dialog)
  listen(() => dialog.showModal())
  if (!data.has_bar) return
  window.focusflow_bar = bar

  const kept = (window.focusflow_line ??= { text: '', typed_at: 0 })
  if (!input.value && kept.text) { // the page has put another field into the place of the one that was written in
    input.value = kept.text
    if (performance.now() - kept.typed_at < TYPING) input.focus()
  }
  const draft = () => setTriggerValue('draft', input.value)
  input.oninput = () => {
    Object.assign(kept, { text: input.value, typed_at: performance.now() })
    clearTimeout(input.timer)
    input.timer = setTimeout(draft, TYPING_PAUSE)
  }
  bar.onsubmit = (event) => {
    event.preventDefault()
    clearTimeout(input.timer)
    const line = input.value.trim()
    if (!line) return
    input.value = ''
    Object.assign(kept, { text: '', typed_at: 0 })
    understood.replaceChildren(texts.adding)
    setTriggerValue('add', line)
  }
  if (data.refused && input.refused !== data.refused.number) {
    input.refused = data.refused.number
    if (!input.value) input.value = data.refused.line
  }
  if (data.line !== input.value && input.value) return // what was understood is of an earlier line
  understood.replaceChildren(...(input.value ? data.parts : []).map((part) => {
    const chip = document.createElement('button')
    chip.type = 'button'
    chip.textContent = `${part.means} ✕`
    chip.setAttribute('aria-label', `${part.means}. ${texts.keep.replace('{text}', part.text)}`)
    chip.onclick = () => { input.value = kept.text = part.otherwise; input.focus(); draft() }
    return chip
  }))
}
