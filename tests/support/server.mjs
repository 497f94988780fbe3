// Starts the real program for tests in Node: a fresh data folder, free ports, ended by its own handle.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const binary = process.env.QIAO_BINARY ?? join(root, 'build/ci/qiao')

/** @param before  a server that has ended: its folder and port again. @returns {Promise<{base: string, dicom: {host: string, port: number}, data: string, command(...words: string[]): string, integrationClient(): {client_id: string, client_secret: string}, integrationToken(): Promise<string>, end(): Promise<void>, stop(): Promise<void>}>} */
export async function startServer(command = 'serve', options = [], before = undefined) {
  const data = before?.data ?? mkdtempSync(join(tmpdir(), 'qiao-test-'))
  const child = spawn(binary, [command, '--data', data, '--http', `127.0.0.1:${before ? new URL(before.base).port : 0}`, '--dicom', '127.0.0.1:0', ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.on('data', (piece) => { log = (log + piece).slice(-20000) })
  const said = []
  const line = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the server did not start\n' + log)), 120_000)
    createInterface({ input: child.stdout }).on('line', (text) => { said.push(text); clearTimeout(timer); resolve(text) })
    child.once('exit', (code) => { clearTimeout(timer); reject(new Error(`the server ended with ${code}\n${log}`)) })
  })
  const found = /^listening http=(\S+):(\d+) dicom=(\S+):(\d+)/.exec(line)
  if (!found) throw new Error('unexpected first line: ' + line)
  const base = `http://localhost:${found[2]}`
  const run = (...words) => execFileSync(binary, [...words, '--data', data], { encoding: 'utf8' }).trim()
  return {
    base,
    data,
    dicom: { host: found[3], port: Number(found[4]) },
    log: () => log,
    /** Waits for a line of standard output. */
    async said(pattern) {
      for (let i = 0; i < 100; i++) {
        const found = said.map((text) => pattern.exec(text)).find(Boolean)
        if (found) return found
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      throw new Error(`not said: ${pattern}\n${said.join('\n')}`)
    },
    command: run,
    /** A new system of the role "integration". */
    integrationClient: () => Object.fromEntries(run('client', 'add', '--name', 'test', '--role', 'integration').split('\n').map((text) => text.split('='))),
    async integrationToken() {
      const values = this.integrationClient()
      const answer = await fetch(`${base}/oauth/token`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: `grant_type=client_credentials&client_id=${values.client_id}&client_secret=${values.client_secret}`,
      })
      if (!answer.ok) throw new Error(`token: ${answer.status} ${await answer.text()}`)
      return (await answer.json()).access_token
    },
    pid: child.pid,
    /** Ends the server and leaves its folder. */
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
      await ended
      clearTimeout(timer)
    },
    async stop() {
      await this.end()
      rmSync(data, { recursive: true, force: true })
    },
  }
}
