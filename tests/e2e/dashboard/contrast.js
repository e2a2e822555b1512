// Text that is seen and has less contrast to its ground than WCAG's AA asks of small text, with the ratio. Disabled fields are exempt.
() => {
  const numbers = color => color.match(/[\d.]+/g).map(Number)
  const linear = value => value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
  const chain = function* (each) { for (; each; each = each.parentElement) yield each }
  const ground = each => {
    for (const above of chain(each)) {
      const color = numbers(getComputedStyle(above).backgroundColor)
      if (color.length < 4 || color[3] > 0.99) return color.slice(0, 3)
    }
    return [255, 255, 255]
  }
  const found = []
  for (const each of document.querySelectorAll('p, span, label, button, h1, h2, h3, a, code, text')) {
    const text = [...each.childNodes].filter(node => node.nodeType === 3).map(node => node.textContent.trim()).join('')
    if (!text || !each.getClientRects().length || each.closest('[disabled], [aria-disabled=true], details:not([open])')) continue
    const style = getComputedStyle(each)
    const color = numbers(each.tagName === 'text' ? style.fill : style.color)
    const alpha = [...chain(each)].reduce((so, above) => so * parseFloat(getComputedStyle(above).opacity), color[3] ?? 1)
    if (alpha < 0.05) continue
    const below = ground(each)
    const [dark, light] = [luminance(color.slice(0, 3).map((value, i) => value * alpha + below[i] * (1 - alpha))), luminance(below)].sort((a, b) => a - b)
    const ratio = (light + 0.05) / (dark + 0.05)
    if (ratio < 4.5) found.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`)
  }
  return found
}
