import type { Messages } from './messages.ts'
import type { Scene } from './scene.ts'
import type { Show } from './show.ts'

/** Where a step is: what it may use. */
export interface Stage {
  readonly scene: Scene
  readonly show: Show
  readonly messages: Messages
}

/** What was shown is not what the step's title says. */
export class Mismatch extends Error {
  readonly step: string

  constructor(step: string, what: string) {
    super(what)
    this.step = step
  }
}

export function expectThat({ messages }: Stage, isSo: boolean, wanted: string, got: string): void {
  if (!isSo) throw new Mismatch('', messages.expected(wanted, got))
}
