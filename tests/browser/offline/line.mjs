// A line between browser and server that a test can break: answers get lost, files change, everything stops.
import { createServer, request as ask } from 'node:http'
import { connect } from 'node:net'

/**
 * @param {string} target  base of the server
 * @returns rules are asked for each request, in order: `lose` lets it arrive and drops the answer, `answer` answers itself
 */
export async function startLine(target) {
  const { hostname, port } = new URL(target)
  const rules = new Set()
  const seen = []
  const sockets = new Set()
  let cut = false
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    if (cut) return void request.socket.destroy()
    const rule = [...rules].find((one) => one.when(request))
    if (rule?.once) rules.delete(rule)
    const headers = { ...request.headers }
    // What is to be changed has to come whole and in plain text.
    if (rule?.change) for (const name of ['if-none-match', 'accept-encoding']) delete headers[name]
    const onward = ask({ hostname, port, path: request.url, method: request.method, headers }, (answer) => {
      if (rule?.lose) {
        answer.resume()
        answer.on('end', () => request.socket.destroy())
        return
      }
      const pieces = []
      if (!rule?.change) {
        response.writeHead(answer.statusCode, answer.headers)
        answer.pipe(response)
        return
      }
      answer.on('data', (piece) => pieces.push(piece)).on('end', () => {
        const { status, text } = rule.change(Buffer.concat(pieces).toString())
        const headers = { ...answer.headers, 'content-length': Buffer.byteLength(text) }
        delete headers['content-encoding']
        delete headers.etag
        response.writeHead(status, headers).end(text)
      })
    })
    onward.on('error', () => request.socket.destroy())
    request.pipe(onward)
  })
  server.on('connection', (socket) => { sockets.add(socket); socket.on('close', () => sockets.delete(socket)) })
  server.on('upgrade', (request, socket, head) => {
    if (cut) return void socket.destroy()
    const onward = connect(Number(port), hostname, () => {
      onward.write(`${request.method} ${request.url} HTTP/1.1\r\n${request.rawHeaders.reduce((text, part, at) => text + part + (at % 2 ? '\r\n' : ': '), '')}\r\n`)
      onward.write(head)
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
    socket.on('close', () => onward.destroy())
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    base: `http://localhost:${server.address().port}`,
    /** Every request that reached the line, as "METHOD /path". */
    seen,
    /** The next request like this arrives, and nobody hears the answer. */
    loseAnswer: (method, pattern) => rules.add({ when: (request) => request.method === method && pattern.test(request.url), lose: true, once: true }),
    change: (pattern, change) => rules.add({ when: (request) => pattern.test(request.url), change }),
    cut: () => { cut = true; for (const socket of sockets) socket.destroy() },
    mend: () => { cut = false },
    stop: () => new Promise((resolve) => { for (const socket of sockets) socket.destroy(); server.close(resolve) }),
  }
}
