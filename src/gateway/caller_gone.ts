/** The caller closed his connection before he had his answer: nobody's fault, and nobody is left to tell. */
export class CallerGone extends Error {
  override readonly name = 'CallerGone'

  constructor() {
    super('the caller went away')
  }
}
