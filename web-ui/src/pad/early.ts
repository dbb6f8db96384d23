// What the first thing of the page (first.ts) hands over to the editor (session.ts, provider.ts). Types alone: the two
// sides share them without importing each other.
/** What was asked before the editor came. `null`: no answer; the editor asks again. */
export interface Early { session: Promise<Response | null>; pad: Promise<Response | null>; line: Promise<EarlyLine | null> }
/** A line with what has come over it. `asked`: the whole text was asked for. */
export interface EarlyLine { socket: WebSocket; frames: MessageEvent[]; asked: boolean }
declare global { interface Window { hameauEarly?: Early | undefined } }
