// The part of XMLHttpRequest that browser clients use, on Node's fetch, so that they run unmodified.
export class XhrOnFetch {
  readyState = 0
  status = 0
  responseType = ''
  response = null
  #headers = {}
  #answer = null

  open(method, url) { this.method = method; this.url = url; this.readyState = 1 }
  setRequestHeader(name, value) { this.#headers[name] = value }
  getResponseHeader(name) { return this.#answer?.headers.get(name) ?? null }
  getAllResponseHeaders() { return [...(this.#answer?.headers ?? [])].map(([name, value]) => `${name}: ${value}`).join('\r\n') }
  abort() {}

  send(body) {
    fetch(this.url, { method: this.method, headers: this.#headers, body }).then(async (answer) => {
      this.#answer = answer
      this.status = answer.status
      this.statusText = answer.statusText
      const bytes = await answer.arrayBuffer()
      const text = () => new TextDecoder().decode(bytes)
      this.responseText = text()
      this.response = this.responseType === 'arraybuffer' ? bytes : this.responseType === 'json' ? JSON.parse(text() || 'null') : text()
      this.readyState = 4
      this.onreadystatechange?.()
      this.onload?.()
      this.onloadend?.()
    }).catch((error) => { this.onerror?.(error) })
  }
}
